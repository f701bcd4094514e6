"""Mutants of the recorded world: every line of a tape dropped, doubled and swapped, every value on it changed.

Invariant: the tape is one that could be written, signed anew: only what it says is another thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.regression.mutation import values
from greenroom.regression.mutation.mutant import Mutant, Retold
from greenroom.regression.replay.difference import title
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts, text_name
from greenroom.regression.tape.tape import Line, Tape

_RAISED = 0.99


def mutants(fixture: Fixture) -> Iterator[Mutant]:
    """Every mutant of a fixture's tape, line by line."""
    tape = fixture.tape
    turn = 0
    for index, line in enumerate(tape.events):
        turn = int(line["turn"]) if isinstance(line.get("turn"), int) else turn
        here = f"turn {turn}: {title(line)}"
        for operator, change, events in _lines(tape, index):
            yield _made(fixture, operator, f"{here} {change}", partial(Retold, _with(tape, events)))
        for path, change, fresh in values.changed(line):
            operator = f"{next(iter(line))} {path.partition('.')[0]}"
            made = partial(_instead, tape, index, fresh)
            yield _made(fixture, operator, f"{here}: {change}", made, values.hint(line, path))
        if "candidates" in line:
            for change, retold in _candidates(tape, index, fixture.parts):
                yield _made(fixture, "retrieve candidates", f"{here}: {change}", retold)


def _made(fixture: Fixture, operator: str, change: str, made: Callable[[], Retold], hint: str = "") -> Mutant:
    return Mutant("world", operator, fixture.name, change, made, hint=hint)


def _instead(tape: Tape, index: int, line: Line) -> Retold:
    return Retold(_with(tape, (*tape.events[:index], line, *tape.events[index + 1 :])))


def _with(tape: Tape, events: tuple[Line, ...]) -> Tape:
    return Tape(tape.header, events)


def _lines(tape: Tape, index: int) -> Iterator[tuple[str, str, tuple[Line, ...]]]:
    events = tape.events
    yield "drop an event", "dropped", (*events[:index], *events[index + 1 :])
    yield "double an event", "doubled", (*events[: index + 1], events[index], *events[index + 1 :])
    if index + 1 < len(events) and events[index] != events[index + 1]:
        swapped = (*events[:index], events[index + 1], events[index], *events[index + 2 :])
        yield "swap two events", f"swapped with {title(events[index + 1])}", swapped


def _candidates(tape: Tape, index: int, parts: Parts) -> Iterator[tuple[str, Callable[[], Retold]]]:
    """What was found changed in the listing beside the tape, and on the tape where it is shown."""
    line = tape.events[index]
    try:
        rows = [orjson.loads(row) for row in parts.passage(str(line["candidates"])).splitlines()]
        texts = [parts.passage(row[6]) for row in rows]
    except (FileInvalid, ValueError, LookupError, TypeError):
        return  # a listing that cannot be read is the replay's to complain about
    for place, row in enumerate(rows):
        name = f"passage {row[1]}#{row[2]}"
        yield f"{name} dropped", partial(_listed, tape, index, [*rows[:place], *rows[place + 1 :]])
        raised = [*row[:7], _RAISED, *(_RAISED if score is not None else None for score in row[8:])]
        yield (
            f"{name} score {row[7]} -> {_RAISED}",
            partial(_listed, tape, index, [*rows[:place], raised, *rows[place + 1 :]]),
        )
        other = values.other_words(texts[place])
        told = [*row[:6], text_name(other), *row[7:]]
        listing = [*rows[:place], told, *rows[place + 1 :]]
        yield f"{name} says other words", partial(_listed, tape, index, listing, {text_name(other): other})


def _listed(tape: Tape, index: int, rows: list[list[Json]], texts: dict[str, str] | None = None) -> Retold:
    """The tape with another listing of candidates, and its own line in agreement with it."""
    listing = "".join(orjson.dumps(row).decode() + "\n" for row in rows)
    line: dict[str, Any] = dict(tape.events[index])
    known = {row[0]: row[7] for row in rows}
    line["retrieve"] = [[name, label, known[name]] for name, label, _ in line["retrieve"] if name in known]
    line["candidates"] = text_name(listing)
    events = (*tape.events[:index], line, *tape.events[index + 1 :])
    return Retold(_with(tape, events), {**(texts or {}), text_name(listing): listing})
