"""A turn that came to its end cannot pass for one that was given up, nor the other way round; old tapes still replay."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.regression.mutation.mutant import Retold
from greenroom.regression.replay.check import check
from greenroom.regression.replay.difference import first_difference
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Build, Fixture, replay_fixture
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Line, Tape, read, sealed, write
from tests.regression.mutation.stories import of_story, replayed
from tests.regression.taped import edited, written_as

NOT_AFTER_WHAT = "is given up here, and the line does not say after what: it came to its end"


def with_end(tape: Tape, place: int, line: Line) -> Tape:
    """The tape with another end of a turn, as by somebody who makes everything anew that guards it."""
    ends = [at for at, one in enumerate(tape.events) if "finish" in one]
    events = list(tape.events)
    events[ends[place]] = line
    digests = {**tape.digests, **recorded_digests(events)}
    return replace(sealed({**tape.header, "digests": digests}, events), line_numbers=tape.line_numbers)


def both_say(fixture: Fixture, tape: Tape, build: Build) -> Outcome:
    """What replay says of it; the check tier says the same."""
    found = replayed(fixture, Retold(tape), build)
    read_again = read(write(tape), fixture.file)
    assert check(replace(fixture, tape=read_again), {}, {}) == found
    return found


def test_a_turn_is_said_to_be_given_up_after_what_it_was(tmp_path: Path) -> None:
    fixture, build = of_story("given up at the end", tmp_path)
    given_up = next(line for line in fixture.tape.events if "finish" in line)
    assert given_up == {"finish": "abandoned", "reason": "too slow", "after": "reply 1"}
    assert replayed(fixture, Retold(fixture.tape), build).good


@pytest.mark.parametrize("story", ["three turns", "given up at the end", "denied", "out of time"])
def test_a_last_turn_that_came_to_its_end_is_not_given_up(story: str, tmp_path: Path) -> None:
    fixture, build = of_story(story, tmp_path)
    tape = with_end(fixture.tape, -1, {"finish": "abandoned"})
    found = both_say(fixture, tape, build)
    assert (found.kind, found.tape_line) == ("broken", len(write(tape).splitlines()) - 1)
    last = max(int(line["turn"]) for line in tape.events if "turn" in line)
    assert found.line.startswith(f"{fixture.file}:{found.tape_line}: turn {last} {NOT_AFTER_WHAT}")
    reason = with_end(fixture.tape, -1, {"finish": "abandoned", "reason": "enough"})
    assert NOT_AFTER_WHAT in both_say(fixture, reason, build).line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"finish": "answered"}, "turn 2, reply 1: the prompt is not the recorded one: added: the reply before"),
        (
            {"finish": "answered", "after": "reply 1"},
            "turn 1 came to its end here, and the line says after what it was",
        ),
        ({"finish": "abandoned", "reason": "too slow"}, f"turn 1 {NOT_AFTER_WHAT}"),
        (
            {"finish": "abandoned", "after": "reply 2"},
            "turn 1 is given up here after 'reply 2', and after 'reply 1' by",
        ),
        ({"finish": "abandoned", "after": ["reply", 1]}, "this 'finish' line is not of the form a tape has"),
    ],
)
def test_a_turn_that_was_given_up_at_its_end_did_not_come_to_it(line: Line, said: str, tmp_path: Path) -> None:
    fixture, build = of_story("given up at the end", tmp_path)
    found = replayed(fixture, Retold(with_end(fixture.tape, 0, line)), build)
    assert not found.good
    assert said in found.line


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("story", ["given up", "given up at the end"])
def test_tapes_that_do_not_say_after_what_still_replay(version: int, story: str, tmp_path: Path) -> None:
    fixture, build = of_story(story, tmp_path)
    data = written_as(version, fixture.tape)
    assert b'"after"' not in data
    old = read(data, fixture.file)
    assert old == fixture.tape
    assert asyncio.run(replay_fixture(replace(fixture, tape=old), build)).good


@pytest.mark.parametrize("version", [1, 2])
def test_what_was_changed_on_an_old_tape_is_not_made_good_by_reading_it(version: int, tmp_path: Path) -> None:
    fixture, build = of_story("three turns", tmp_path)
    events = (*fixture.tape.events[:-1], {"finish": "abandoned"})
    old = read(written_as(version, sealed(fixture.tape.header, events)), fixture.file)
    found = asyncio.run(replay_fixture(replace(fixture, tape=old), build))
    assert found.line.endswith("the recorded session is not what the header says")


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (
            "turn",
            {"user": "Goodbye"},
            "turn 1, reply 1: the prompt is not the recorded one: the person's words changed",
        ),
        ("reply", {"added": []}, "turn 1, reply 1: the prompt is not the recorded one: added: the passages"),
        ("select", {"select": ["p1"]}, "turn 1: select: +p2"),
        ("recall", {"query": "Goodbye"}, "turn 1, recall: looked for other words"),
        ("retrieve", {"retrieve": [["p1", "returns.md#refunds", 0.9]]}, "turn 1: retrieve: +internal.md"),
    ],
)
def test_what_came_before_a_turn_was_given_up_is_held_to(kind: str, values: Line, said: str, tmp_path: Path) -> None:
    fixture, build = of_story("given up at the end", tmp_path)
    found = replayed(fixture, Retold(edited(fixture.tape, kind, **values)), build)
    assert found.kind == "diverged"
    assert found.line.startswith(said)


def test_calls_beside_the_one_at_which_it_was_given_up_may_be_missing() -> None:
    told: list[Line] = [
        {"turn": 1, "user": "x"},
        {"reply": 1, "tokens": [0, 0]},
        {"verdict": "tool.call", "of": "c1", "effect": "deny", "rule": "r"},
        {"result": "c1", "tool": "t", "status": "denied"},
        {"finish": "abandoned", "after": "result c1"},
    ]
    cut = [*told[:2], {"finish": "abandoned", "after": "reply 1"}]
    assert not first_difference(told, cut).line
    assert not first_difference(cut, told).line
    assert first_difference(told, [told[0], cut[-1]]).line == "turn 1: reply 1 did not happen"
    other = [*told[:3], {**told[3], "status": "failed"}, told[4]]
    assert first_difference(told, other).line == "turn 1: result of c1 (t): status denied -> failed"
