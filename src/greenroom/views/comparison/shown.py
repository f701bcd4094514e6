"""A compared turn as rows for people: what happened on each side, differing rows whole and equal ones counted.

Invariant: a cell is one line that no terminal could obey; '' stands where a side has no such thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar

from greenroom.core.inert import inert_line
from greenroom.core.values import Usage
from greenroom.views.comparison.comparison import ComparedTurn, Comparison, Row
from greenroom.views.comparison.facts import Call, Decision, Hit, Kept, Question, TurnFacts

Group = Literal["turn", "calls", "verdicts", "passages", "memories", "figures"]
T = TypeVar("T", Call, Decision, Hit, Kept, Question)

_MOST = 4_000
_SLOWER = 1.5
_NOTICED_MILLISECONDS = 100


class Shown(NamedTuple):
    """A row. `differs` makes it stand out; `said` is a word about how, such as `flipped`.

    A row without cells counts things that are the same on all sides.
    """

    group: Group
    name: str
    cells: tuple[str, ...] = ()
    differs: bool = False
    said: str = ""


def rows(turn: ComparedTurn, *, everything: bool = False) -> list[Shown]:
    """What a turn came to beside what was said. With `everything` also each row that is the same."""
    if len(turn.here) == 1:
        return [*_turn(turn), *_alone(turn), *_figures(turn)]
    return [
        *_turn(turn),
        *_kind(turn, "calls", turn.calls, everything, _call),
        *_kind(turn, "calls", turn.asked, everything, _asked),
        *_kind(turn, "verdicts", turn.decisions, everything, _decision),
        *_kind(turn, "passages", sorted(turn.hits, key=_rank), everything, _hit),
        *_kind(turn, "memories", turn.memories, everything, _kept),
        *_figures(turn),
    ]


def totals(compared: Comparison) -> list[Shown]:
    """Tokens, money and time of all compared turns."""
    places = range(len(compared.sides))
    spent = [compared.usage(place) for place in places]
    return _costs(spent, [compared.milliseconds(place) for place in places])


def _turn(turn: ComparedTurn) -> Iterator[Shown]:
    ends = _cells(turn, lambda one: one.outcome)
    if _there(ends) != {"answered"}:
        yield Shown("turn", "ended", ends, len(_there(ends)) > 1)
    edits = _cells(turn, lambda one: ", ".join(one.edits))
    if any(edits):
        yield Shown("turn", "by hand", edits, len(_there(edits, turn)) > 1)
    if turn.reloaded:
        cells = tuple(f"{one.label}, autonomy {one.autonomy}" if one else "" for one in turn.governed)
        yield Shown("turn", "under", cells, len(_there(cells)) > 1)


def _alone(turn: ComparedTurn) -> Iterator[Shown]:
    """A turn that one side alone has: what it did and what held it up; nothing is there to differ from."""
    for call in turn.calls:
        yield from _call(turn, call)
    for question in turn.asked:
        yield from _asked(turn, question)
    for decision in turn.decisions:
        if not all(cell is None or cell.plain for cell in decision.cells):
            yield from _decision(turn, decision)
    for kept in turn.memories:
        yield from _kept(turn, kept)
    if cited := sum(hit.cited is not None for hit in turn.here[0].hits):
        yield Shown("passages", f"{cited} of {len(turn.hits)} cited")


def _kind(
    turn: ComparedTurn,
    group: Group,
    found: Sequence[Row[T]],
    everything: bool,
    tell: Callable[[ComparedTurn, Row[T]], Iterator[Shown]],
) -> Iterator[Shown]:
    same = 0
    for row in found:
        if row.differs or everything:
            yield from tell(turn, row)
        else:
            same += 1
    if same:
        # Of passages that were dropped and verdicts that merely allowed, that is all that matters.
        yield Shown(group, f"{same} {'the same' if group in ('calls', 'memories') else 'make no difference'}")


def _call(turn: ComparedTurn, row: Row[Call]) -> Iterator[Shown]:
    name = next(cell.tool for cell in row.cells if cell)
    given = _of(row, lambda one: f"{_text(one.arguments)}{' (edited)' if one.edited else ''}")
    yield Shown("calls", name, given, len(_there(given, turn)) > 1)
    answers = _of(row, lambda one: "; ".join(map(_answer, one.asked)))
    if any(answers):
        differs = _other(turn, row, lambda one: tuple(question.told for question in one.asked))
        yield Shown("calls", f"{name} asked", answers, differs)
    results = _of(row, lambda one: f"{one.status}: {one.error or _text(one.output)}")
    yield Shown("calls", f"{name} came to", results, len(_there(results, turn)) > 1)


def _asked(turn: ComparedTurn, row: Row[Question]) -> Iterator[Shown]:
    name = next(cell.about for cell in row.cells if cell)
    yield Shown("calls", f"{name} asked", _of(row, _answer), row.differs)


def _decision(turn: ComparedTurn, row: Row[Decision]) -> Iterator[Shown]:
    one = next(cell for cell in row.cells if cell)
    said = "flipped" if row in turn.flipped else ""
    cells = _of(row, lambda one: f"{one.effect} by {one.rule}")
    yield Shown("verdicts", inert_line(f"{one.hook} {one.subject}", 80), cells, row.differs, said)


def _hit(turn: ComparedTurn, row: Row[Hit]) -> Iterator[Shown]:
    label = next(cell.label for cell in row.cells if cell)
    said = "its text is another" if len({cell.text for cell in row.cells if cell}) > 1 else ""
    yield Shown("passages", inert_line(label, 80), _of(row, _place), row.differs, said)


def _kept(turn: ComparedTurn, row: Row[Kept]) -> Iterator[Shown]:
    one = next(cell for cell in row.cells if cell)
    cells = _of(row, lambda one: f"{one.fate}: {one.text}")
    yield Shown("memories", inert_line(f"{one.segment}: {one.name or one.place}", 80), cells, row.differs)


def _figures(turn: ComparedTurn) -> list[Shown]:
    used = [None if one is None else one.cost.usage for one in turn.turns]
    times = [None if one is None else one.cost.total_milliseconds for one in turn.turns]
    return _costs(used, times)


def _costs(used: Sequence[Usage | None], times: Sequence[int | None]) -> list[Shown]:
    tokens = tuple("" if one is None else f"{one.input_tokens} in, {one.output_tokens} out" for one in used)
    money = tuple("" if one is None else f"{one.usd:.4f} USD" for one in used)
    taken = tuple("" if one is None else f"{one / 1000:.1f} s" for one in times)
    found = [Shown("figures", "tokens", tokens, len(_there(tokens)) > 1)]
    if any(one is not None and one.micro_usd for one in used):
        found.append(Shown("figures", "money", money, len(_there(money)) > 1))
    return [*found, Shown("figures", "time", taken, _slower([one for one in times if one is not None]))]


def _slower(times: Sequence[int]) -> bool:
    """Whether one took so much longer that it is not mere chance of the moment."""
    return bool(times) and max(times) - min(times) > _NOTICED_MILLISECONDS and max(times) > _SLOWER * min(times)


def _cells(turn: ComparedTurn, tell: Callable[[TurnFacts], str]) -> tuple[str, ...]:
    return tuple("" if one is None else inert_line(tell(one), _MOST) for one in turn.turns)


def _of(row: Row[T], tell: Callable[[T], str]) -> tuple[str, ...]:
    return tuple("" if cell is None else inert_line(tell(cell), _MOST) for cell in row.cells)


def _there(cells: Sequence[str], turn: ComparedTurn | None = None) -> set[str]:
    """The different cells of the sides that have the turn."""
    return {cell for place, cell in enumerate(cells) if (turn.turns[place] is not None if turn else cell)}


def _other(turn: ComparedTurn, row: Row[T], told: Callable[[T], object]) -> bool:
    there = (cell for cell, one in zip(row.cells, turn.turns, strict=True) if one is not None)
    return len({None if cell is None else told(cell) for cell in there}) > 1


def _answer(one: Question) -> str:
    answer = one.decision or "not answered"
    by = f" by {one.approver}" if one.approver and one.approver != one.role else ""
    return f"{one.role}: {answer}{f' for the {one.scope}' if one.scope != 'once' else ''}{by}{f', {one.reason}' if one.reason else ''}"


def _place(hit: Hit) -> str:
    kept = f"cited [{hit.cited}]" if hit.cited is not None else f"dropped{f': {hit.reason}' if hit.reason else ''}"
    return f"rank {hit.rank}, {hit.score:.3f}, {kept}"


def _rank(row: Row[Hit]) -> int:
    return min(cell.rank for cell in row.cells if cell)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
