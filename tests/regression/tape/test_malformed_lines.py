"""A tape with a line of another form: both tiers say the same of it, in one line, and neither falls over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.regression.case import Case
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.check import check
from greenroom.regression.replay.replay import Fixture, replay_fixture
from greenroom.regression.replay.world import World
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, Tape, read, write
from tests.engine.stage import Stage
from tests.regression.taped import builder, recorded_session

CASE = Case.model_validate(
    {
        "schema": "case/1",
        "assert": [
            {"turn": 1, "text": {"contains": "five days"}, "passages": {"includes": "returns.md"}},
            {"turn": 2, "call": {"tool": "orders.refund"}, "approval": {"asked": True}, "verdict": {"rule": "x"}},
            {"never": {"tool": "mail.send"}, "limits": {"tokens": 9, "usd": 1, "model_calls": 9}},
            {"memory": {"write": {"name": "Name: Mara"}}},
        ],
    }
)
ODD: tuple[Any, ...] = (None, True, -1, 2.5, "", "c9", [], ["x"], [1, 2.5], [["x", 1]], {}, {"id": 3}, "¶")


@pytest.fixture(scope="module")
def made() -> tuple[Stage, Recorded]:
    stage, records = recorded_session()
    return stage, record(records, stage.policy)


@st.composite
def changes(draw: st.DrawFn, events: tuple[Line, ...]) -> tuple[Line, ...]:
    """One line with a value of another kind, without a key, or with a first key that is another line's."""
    place = draw(st.integers(0, len(events) - 1))
    line = dict(events[place])
    key = draw(st.sampled_from(sorted(line)))
    how = draw(st.sampled_from(("value", "gone", "kind", "twice")))
    if how == "value":
        line[key] = draw(st.sampled_from(ODD))
    elif how == "gone" and len(line) > 1:
        del line[key]
    elif how == "kind":
        line = {draw(st.sampled_from(sorted({next(iter(one)) for one in events}))): line[key], **line}
    rest = events[place + 1 :] if how != "twice" else events[place:]
    return (*events[:place], line, *rest)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_check_and_a_replay_say_the_same_of_a_malformed_line(
    made: tuple[Stage, Recorded], data: st.DataObject, tmp_path: Path
) -> None:
    stage, recorded = made
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    lines = data.draw(changes(recorded.tape.events))
    tape: Tape = read(write(replace(recorded.tape, events=lines)), "odd.tape.jsonl")
    fixture = Fixture("odd.tape.jsonl", tape, CASE, parts)
    checked = check(fixture, {}, {})
    replayed = asyncio.run(replay_fixture(fixture, builder(stage), stale="warn"))
    if replayed.kind == "broken":
        assert checked == replayed
    elif checked.kind == "broken":
        assert "is not what the header says" in checked.line, (checked, replayed)
    for one in (checked, replayed):
        assert "\n" not in one.line


def oddities(events: tuple[Line, ...]) -> Iterator[tuple[Line, ...]]:
    """The lines with each value of each line, and of each call in it, in the place of which an odd one stands."""
    for place, line in enumerate(events):
        for odd in ODD:
            others = [{**line, key: odd} for key in line]
            for number, call in enumerate(line.get("calls", ())):
                calls = [*line["calls"][:number], {}, *line["calls"][number + 1 :]]
                for key in call:
                    calls[number] = {**call, key: odd}
                    others.append({**line, "calls": list(calls)})
            yield from ((*events[:place], other, *events[place + 1 :]) for other in others)


def test_every_event_of_a_world_that_was_read_can_be_made(made: tuple[Stage, Recorded], tmp_path: Path) -> None:
    recorded = made[1]
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    read_so = 0
    for events in oddities(recorded.tape.events):
        try:
            world = World(replace(recorded.tape, events=events), parts, "odd.tape.jsonl")
        except FileInvalid:
            continue
        read_so += 1
        for (kind, step), event in world.events.items():
            assert (type(event), event.step) == (kind, step)
    assert read_so


def line_of(tape: Tape, kind: str) -> tuple[int, Line]:
    return next((at, line) for at, line in enumerate(tape.events) if next(iter(line)) == kind)


@pytest.mark.parametrize("kind", ["turn", "recall", "select", "verdict", "reply", "ask", "answer", "result", "finish"])
@pytest.mark.parametrize("key", ["candidates", "note"])
def test_a_line_says_only_what_its_kind_can(made: tuple[Stage, Recorded], kind: str, key: str, tmp_path: Path) -> None:
    """Also where a comparison leaves the key out, because on a line of another kind it was checked already."""
    stage, recorded = made
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    at, line = line_of(recorded.tape, kind)
    events = (*recorded.tape.events[:at], {**line, key: "0123456789abcdef"}, *recorded.tape.events[at + 1 :])
    fixture = Fixture(
        "odd.tape.jsonl", read(write(replace(recorded.tape, events=events)), "odd.tape.jsonl"), CASE, parts
    )
    found = asyncio.run(replay_fixture(fixture, builder(stage)))
    assert found.kind == "broken"
    assert f"this '{kind}' line is not of the form a tape has" in found.line


@pytest.mark.parametrize(
    "gate",
    [
        {"gate": "input", "action": "edit"},
        {"gate": "input", "action": "skip", "edit": "x"},
        {"gate": "output", "action": "simulate", "edit": "x"},
        {"gate": "output", "action": "continue", "edit": "x"},
    ],
)
def test_at_a_gate_something_is_put_in_where_it_says_so(
    made: tuple[Stage, Recorded], gate: Line, tmp_path: Path
) -> None:
    stage, recorded = made
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    events = (*recorded.tape.events[:1], gate, *recorded.tape.events[1:])
    tape = read(write(replace(recorded.tape, events=events)), "odd.tape.jsonl")
    found = asyncio.run(replay_fixture(Fixture("odd.tape.jsonl", tape, CASE, parts), builder(stage)))
    assert "this 'gate' line is not of the form a tape has" in found.line


def test_what_was_found_lies_where_it_was_looked_for(made: tuple[Stage, Recorded], tmp_path: Path) -> None:
    stage, recorded = made
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    at, line = line_of(recorded.tape, "memory")
    events = (*recorded.tape.events[:at], {**line, "segment": "staff"}, *recorded.tape.events[at + 1 :])
    tape = read(write(replace(recorded.tape, events=events)), "odd.tape.jsonl")
    found = asyncio.run(replay_fixture(Fixture("odd.tape.jsonl", tape, CASE, parts), builder(stage)))
    assert found.line == "turn 1, recall: looked in other places than where this was found"
    assert "staff" in found.detail
