"""What a reply repeats of what its tools returned: an amount, an id, a reference; that is what must not go missing.

Invariant: every phrase stands in the reply as it is, and none is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from greenroom.core.values import Json

MOST = 3
_TOKEN = re.compile(r"[^\s,;:!?()\[\]{}\"'«»“”]*\d[^\s,;:!?()\[\]{}\"'«»“”]*")
_LONGEST = 40
_DEEPEST = 20


def telling_phrases(reply: str, outputs: Sequence[Json]) -> list[str]:
    """The most telling phrases, the longest first, none within another."""
    found = {phrase for output in outputs for value in _scalars(output, 0) for phrase in _shown(value, reply)}
    kept: list[str] = []
    for phrase in sorted(found, key=lambda one: (-len(one), reply.index(one))):
        if not any(phrase in other for other in kept):
            kept.append(phrase)
    return kept[:MOST]


def _scalars(value: Json, depth: int) -> Iterator[str | int | float]:
    if depth > _DEEPEST or isinstance(value, bool):
        return
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _scalars(inner, depth + 1)
    elif isinstance(value, str | int | float):
        yield value


def _shown(value: str | float, reply: str) -> Iterator[str]:
    """How the reply shows a value: a number as it may be written, a reference word for word."""
    if isinstance(value, str):
        whole = value.strip()
        candidates = [token.rstrip(".") for token in _TOKEN.findall(value[:2_000])]
        if len(whole) <= _LONGEST and any(map(str.isdigit, whole)):
            candidates.append(whole)
        candidates = [one for one in candidates if len(one) > 2 and "‹" not in one]
    else:
        candidates = list(dict.fromkeys([f"{value:.2f}", f"{value:,.2f}", f"{value:g}", str(value)]))
        candidates = [one for one in candidates if len(one) > 1]
    yield from (one for one in candidates if _stands_in(one, reply))


def _stands_in(phrase: str, reply: str) -> bool:
    """Whether it is there as a word of its own, and not a part of a longer number."""
    return re.search(rf"(?<![\w.]){re.escape(phrase)}(?![\w]|[.,]\d)", reply) is not None
