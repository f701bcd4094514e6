"""Two or more sides of one situation, turn by turn, with what differs in each.

Invariant: a pure function of the logs; it costs the turns that are compared, not the length of the sessions before them.
A session differs nowhere from itself, and what differs does not depend on which side comes first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from greenroom.core.events import Record, TurnAbandoned, TurnFinished, TurnStarted
from greenroom.core.values import Usage
from greenroom.views.branches.lineage import session_of
from greenroom.views.comparison.columns import columns
from greenroom.views.comparison.facts import Call, Decision, Hit, Kept, Question, TurnFacts, turn_facts
from greenroom.views.comparison.governing import Governed, Part, different, governing
from greenroom.views.comparison.words import Piece, alike, likeness, mask_of, word_diff


@dataclass(frozen=True, slots=True)
class Side:
    """One of the things compared. With `turn` it is compared from that turn on, without from where the sides part."""

    label: str
    records: Sequence[Record]
    turn: int | None = None

    @property
    def session(self) -> str:
        """The session's id, '' where the log does not say it."""
        return session_of(self.records)


class _Told(Protocol):
    @property
    def told(self) -> tuple[object, ...]: ...


T = TypeVar("T", bound=_Told)
P = TypeVar("P")


@dataclass(frozen=True)  # with slots, `Row[Call](...)` fails before Python 3.13
class Row(Generic[T]):
    """What belongs together on the sides; None where a side has no such thing."""

    cells: tuple[T | None, ...]
    differs: bool

    @property
    def missing(self) -> bool:
        """Whether a side has no such thing."""
        return any(cell is None for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Words:
    """The same place in the talk, as each side has it; None where a side has no such turn."""

    texts: tuple[str | None, ...]

    @property
    def differs(self) -> bool:
        return len({text for text in self.texts if text is not None}) > 1

    def marked(self, side: int, base: int = 0) -> tuple[Piece, ...]:
        """A side's own words: those that others lack are marked as gone in `base`, as came in the others."""
        text, first = self.texts[side], self.texts[base]
        if text is None:
            return ()
        if side == base:
            return mask_of(text, [other for other in self.texts if other is not None and other != text])
        if first is None:
            return (Piece("same", text),) if text else ()
        return tuple(piece for piece in word_diff(first, text) if piece.change != "gone")

    def alike(self, side: int, base: int = 0) -> bool:
        """Whether a side's text is read more easily as a change of `base`; else marks would only be in the way."""
        texts = [text for text in (self.texts[side], self.texts[base]) if text is not None]
        return len(texts) < 2 or alike(word_diff(*texts))

    def between(self, side: int, base: int = 0) -> tuple[Piece, ...]:
        """What became of the words of `base` on another side."""
        return word_diff(self.texts[base] or "", self.texts[side] or "")


@dataclass(frozen=True, slots=True)
class ComparedTurn:
    """A turn as each side has it; None where a side has no such turn. `reloaded`: another contract held than at first."""

    turns: tuple[TurnFacts | None, ...]
    said: Words
    asides: Words
    reply: Words
    calls: tuple[Row[Call], ...]
    asked: tuple[Row[Question], ...]
    decisions: tuple[Row[Decision], ...]
    hits: tuple[Row[Hit], ...]
    memories: tuple[Row[Kept], ...]
    governed: tuple[Governed | None, ...]
    reloaded: bool = False

    @property
    def here(self) -> tuple[TurnFacts, ...]:
        """The turns there are."""
        return tuple(turn for turn in self.turns if turn is not None)

    @property
    def missing(self) -> bool:
        """Whether a side has no such turn."""
        return len(self.here) < len(self.turns)

    @property
    def flipped(self) -> tuple[Row[Decision], ...]:
        """The decisions that came out otherwise."""
        found = (row for row in self.decisions if not row.missing)
        return tuple(row for row in found if len({cell.effect for cell in row.cells if cell}) > 1)

    @property
    def differs(self) -> bool:
        """Whether anything that was said, done or decided is not the same; figures and versions alone do not count."""
        words = self.said.differs or self.asides.differs or self.reply.differs
        ends = len({(turn.outcome, turn.edits) for turn in self.here}) > 1
        kinds = (
            [row.differs for row in rows] for rows in (self.calls, self.asked, self.decisions, self.hits, self.memories)
        )
        return self.missing or words or ends or any(any(differs) for differs in kinds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. `shared` turns and `shared_records` records are one and the same on all sides and were not compared."""

    sides: tuple[Side, ...]
    governed: tuple[Governed, ...]
    parts: tuple[Part, ...]
    shared: int
    shared_records: int
    turns: tuple[ComparedTurn, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(side.label for side in self.sides)

    @property
    def same(self) -> bool:
        """Whether all sides said, did and decided the same in every turn."""
        return not any(turn.differs for turn in self.turns)

    def usage(self, side: int) -> Usage:
        """What the compared turns of a side used."""
        total = Usage()
        for turn in self.turns:
            facts = turn.turns[side]
            total = total.plus(facts.cost.usage) if facts else total
        return total

    def milliseconds(self, side: int) -> int:
        """How long models and tools of the compared turns took."""
        return sum(facts.cost.total_milliseconds for turn in self.turns if (facts := turn.turns[side]))


def compare(sides: Sequence[Side], *, whole: bool = False, only: int | None = None) -> Comparison:
    """Set the sides beside one another.

    From where they part, unless `whole`, or a side says from which turn on; `only` is the number of the one turn wanted,
    as the first side counts that has it.

    Raises:
        ValueError: there are fewer than two sides.
    """
    if len(sides) < 2:
        raise ValueError("one side alone cannot be compared")
    common = _common(sides)
    held = [governing(side.records) for side in sides]
    spans = [list(_spans(side.records)) for side in sides]
    firsts = [_first(side, span, 0 if whole or only else common) for side, span in zip(sides, spans, strict=True)]
    facts = [
        [_facts(side, start, end, at) for start, end in span[first:] if only is None or _number(side, start) == only]
        for side, span, first, at in zip(sides, spans, firsts, held, strict=True)
    ]
    rows = _rows(facts, together=all(side.turn is not None for side in sides))
    governed = tuple(
        _held(at, one[0].seq if one else len(side.records)) for at, one, side in zip(held, facts, sides, strict=True)
    )
    turns = tuple(_turn(row, [_at(at, one) for at, one in zip(held, row, strict=True)], governed) for row in rows)
    return Comparison(tuple(sides), governed, different(governed), min(firsts), common, turns)


def turns_of(side: Side) -> tuple[TurnFacts, ...]:
    """Every turn of a side by itself."""
    held = governing(side.records)
    return tuple(_facts(side, start, end, held) for start, end in _spans(side.records))


def _common(sides: Sequence[Side]) -> int:
    """How many records at the beginning are the very same on all sides."""
    least = min(len(side.records) for side in sides)
    first, rest = sides[0].records, sides[1:]
    low, high = 0, least  # hashes are chained: where one record is the same, all before it are
    while low < high:
        middle = (low + high + 1) // 2
        if all(side.records[middle - 1].hash == first[middle - 1].hash for side in rest):
            low = middle
        else:
            high = middle - 1
    return low


def _spans(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Where each turn stands, from what was said to just before the next."""
    starts = [place for place, record in enumerate(records) if type(record.event) is TurnStarted]
    yield from pairwise([*starts, len(records)])


def _number(side: Side, start: int) -> int:
    return side.records[start].event.turn


def _first(side: Side, spans: Sequence[tuple[int, int]], common: int) -> int:
    """The place of the first turn that is compared."""
    if side.turn is not None:
        return next((at for at, (start, _) in enumerate(spans) if _number(side, start) >= side.turn), len(spans))
    for place, (start, end) in enumerate(spans):
        ended = (
            isinstance(record.event, TurnFinished | TurnAbandoned) for record in side.records[start : min(end, common)]
        )
        if start >= common or not any(ended):
            return place
    return len(spans)


def _facts(side: Side, start: int, end: int, held: dict[int, Governed]) -> TurnFacts:
    governed = _held(held, side.records[start].seq)
    return turn_facts(side.records[start:end], governed.seq)


def _held(held: dict[int, Governed], seq: int) -> Governed:
    """What held at a record."""
    changes = list(held)
    place = bisect_right(changes, seq)
    return held[changes[place - 1]] if place else Governed()


def _at(held: dict[int, Governed], facts: TurnFacts | None) -> Governed | None:
    return None if facts is None else held.get(facts.governed, Governed())


def _rows(facts: Sequence[Sequence[TurnFacts]], *, together: bool) -> list[tuple[TurnFacts | None, ...]]:
    """The turns side by side; with `together` the first of each belong to one another whatever was said."""
    first: list[tuple[TurnFacts | None, ...]] = []
    if together and all(facts):
        first, facts = [tuple(one[0] for one in facts)], [one[1:] for one in facts]
    return first + columns(facts, lambda turn: turn.said, lambda one, other: likeness(one.said, other.said))


def _turn(
    row: tuple[TurnFacts | None, ...], governed: Sequence[Governed | None], first: Sequence[Governed]
) -> ComparedTurn:
    texts = [None if one is None else (one.said, one.asides, one.reply) for one in row]
    said, asides, reply = (Words(tuple(None if one is None else one[at] for one in texts)) for at in range(3))
    return ComparedTurn(
        turns=row,
        said=said,
        asides=asides,
        reply=reply,
        calls=_set_beside(row, lambda one: one.calls, lambda one: one.key, _like_calls),
        asked=_set_beside(row, lambda one: one.asked, lambda one: one.about, _never),
        decisions=_set_beside(row, lambda one: one.decisions, lambda one: one.key, _never),
        hits=_set_beside(row, lambda one: sorted(one.hits, key=lambda hit: hit.id), lambda one: one.id, _never),
        memories=_set_beside(row, lambda one: sorted(one.memories, key=lambda m: m.key), lambda one: one.key, _never),
        governed=tuple(governed),
        reloaded=any(one is not None and one.seq != then.seq for one, then in zip(governed, first, strict=True)),
    )


def _set_beside(
    row: tuple[TurnFacts | None, ...],
    items: Callable[[TurnFacts], Sequence[T]],
    key: Callable[[T], str],
    near: Callable[[T, T], float],
) -> tuple[Row[T], ...]:
    """What one kind of thing came to on the sides that have the turn; a side without it leaves its cells empty."""
    found = columns([[] if one is None else list(items(one)) for one in row], key, near)
    rows = []
    for cells in found:
        there = [cell for cell, turn in zip(cells, row, strict=True) if turn is not None]
        rows.append(Row(cells, len({() if cell is None else cell.told for cell in there}) > 1))
    return tuple(rows)


def _like_calls(one: Call, other: Call) -> float:
    return likeness(one.key, other.key) if one.tool == other.tool else -1.0


def _never(one: object, other: object) -> float:
    return -1.0
