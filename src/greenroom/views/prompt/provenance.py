"""Whose words a call repeats: each argument looked up in what the session's model has read.

Invariant: an origin is named only where the very text stands; what a model rewrote has none, and rules must not take
that for trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from greenroom.core.messages import Message
from greenroom.core.values import Json, Origin
from greenroom.views.prompt.transcript import Transcript, TranscriptTurn

Source = tuple[Origin, str]
"""A text, folded for comparison, and where it came from."""

_ORIGINS: tuple[Origin, ...] = ("user", "memory", "passage", "tool", "web", "persona")
_SHORTEST = 3
_PIECE = 20
_LATEST = 40
_DEPTH = 32
_PIECES = re.compile(r"[^\n.!?;]+")


def sources(state: Transcript, system: str, untrusted: frozenset[str]) -> tuple[Source, ...]:
    """The texts of the last 40 turns and the persona's own. `untrusted` names the tools that bring in strangers' text."""
    found: list[Source] = [("persona", system.casefold())]
    for turn in state.latest(_LATEST):
        found.extend((origin, text.casefold()) for origin, text in _of(turn, untrusted))
    return tuple(found)


def _of(turn: TranscriptTurn, untrusted: frozenset[str]) -> Iterator[tuple[Origin, str]]:
    yield "user", turn.words
    for memory in turn.memories:
        yield "memory", memory.text
    for passage in turn.passages:
        yield passage.origin, passage.text
    tools = {call.id: call.tool for message in turn.exchange for call in message.calls}
    for message in _read(turn.exchange):
        if message.role == "tool":
            yield _result_origin(message, tools, untrusted), message.text


def _read(exchange: Sequence[Message]) -> Sequence[Message]:
    """What a reply has followed: which of two parallel results came first must not matter to an edit in between."""
    last = max((place for place, message in enumerate(exchange) if message.role == "assistant"), default=0)
    return exchange[:last]


def _result_origin(message: Message, tools: Mapping[str, str], untrusted: frozenset[str]) -> Origin:
    return "web" if tools.get(message.call_id, "") in untrusted else "tool"


def provenance(arguments: Mapping[str, Json], known: Sequence[Source]) -> dict[str, tuple[Origin, ...]]:
    """The origins of each argument by name, in a fixed order; an argument that repeats nothing has none."""
    return {name: _origins(tuple(_texts(value, 0)), known) for name, value in arguments.items()}


def _texts(value: Json, depth: int) -> Iterator[str]:
    """Every text and number of an argument, keys included."""
    if depth > _DEPTH or value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float):
        yield f"{value:g}" if isinstance(value, float) else str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, depth + 1)


def _origins(texts: Sequence[str], known: Sequence[Source]) -> tuple[Origin, ...]:
    found: set[Origin] = set()
    for text in texts:
        for piece in _pieces(text.casefold()):
            found |= {origin for origin, source in known if origin not in found and _stands_in(piece, source)}
    return tuple(origin for origin in _ORIGINS if origin in found)


def _pieces(text: str) -> Iterator[str]:
    """The text as a whole, and each of its longer sentences: a mail may quote one line of a page."""
    whole = text.strip()
    yield whole
    if len(whole) > _PIECE:
        yield from (piece.strip() for piece in _PIECES.findall(whole) if len(piece.strip()) >= _PIECE)


def _stands_in(piece: str, source: str) -> bool:
    """Whether a piece stands in a text: a word or number as a whole one, so that 12 is not found in 1201."""
    if len(piece) < _SHORTEST or piece not in source:
        return False
    if len(piece) > _PIECE:
        return True
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", source) is not None
