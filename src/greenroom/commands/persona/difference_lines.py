"""What differs between two contracts, as lines for people and as data for programs.

Invariant: what changed is marked by signs and not by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from greenroom.commands.session.diff_lines import marked
from greenroom.commands.suite.lines import width
from greenroom.core.inert import inert
from greenroom.core.values import Json
from greenroom.regression.stale.contract_difference import Section


def lines_of(found: Iterable[Section]) -> Iterator[str]:
    """Each part with what changed in it below."""
    room = min(width(), 100)
    for section in found:
        yield section.name
        for change in section.changes:
            yield from _wrapped(change.replace(" -> ", " → "), room)
        for words in section.words:
            yield from _wrapped(marked(words), room)


def data_of(found: Iterable[Section]) -> dict[str, Json]:
    """`same`, and the parts with their changes; words with what became of each stretch."""
    parts: list[Json] = [
        {
            "part": one.part,
            "changes": list(one.changes),
            "words": [[{"change": piece.change, "text": piece.text} for piece in words] for words in one.words],
        }
        for one in found
    ]
    return {"same": not parts, "parts": parts}


def _wrapped(text: str, room: int) -> Iterator[str]:
    for line in inert(text).splitlines() or [""]:
        yield from textwrap.wrap(line, max(room - 2, 20), initial_indent="  ", subsequent_indent="    ") or [""]
