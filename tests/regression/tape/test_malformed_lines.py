"""A tape with a line of another form: both tiers say the same of it, in one line, and neither falls over."""

from __future__ import annotations

import asyncio
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


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_event_of_a_world_that_was_read_can_be_made(
    made: tuple[Stage, Recorded], data: st.DataObject, tmp_path: Path
) -> None:
    recorded = made[1]
    parts = Parts(tmp_path)
    parts.write(recorded.texts)
    tape = replace(recorded.tape, events=data.draw(changes(recorded.tape.events)))
    try:
        world = World(tape, parts, "odd.tape.jsonl")
    except FileInvalid:
        return
    assert {key: (type(event), event.step) for key, event in world.events.items()} == {key: key for key in world.events}
