"""Whatever is changed on a tape is noticed, by name: every line dropped, doubled and swapped, every key and value changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.assembly.fixture.mutant_grounds import grounds
from greenroom.regression.case import Case
from greenroom.regression.mutation import world
from greenroom.regression.mutation.mutant import Mutant, Retold
from greenroom.regression.mutation.suite import replayed_as, same_facts
from greenroom.regression.record.record import record
from greenroom.regression.replay.replay import Build, Fixture
from greenroom.regression.tape.facts import TurnFacts, turns_of
from greenroom.regression.tape.tape import Line, Tape
from greenroom.workspace.find import require
from tests.regression.mutation.stories import STORIES, of_story, replayed
from tests.regression.mutation.suites import HELPDESK, loaded

KINDS = {
    "turn",
    "gate",
    "memory",
    "recall",
    "retrieve",
    "select",
    "verdict",
    "reply",
    "ask",
    "answer",
    "result",
    "release",
    "propose",
    "write",
    "finish",
    "autonomy",
    "day",
}
SEALED = "is not what the header says"
NOTHING_CAME_OF_IT = {
    r"reply tokens": "no limit came near what it cost",
    r"reply reasoning": "a model's thoughts are in no prompt",
    r"reply text": "last words: no later prompt has them, and an expectation that is about them reads them",
    r"reply calls.*amount": "a person ended the turn when asked, and the rule asks about either amount",
    r"(reply|result) milliseconds": "the turn ran out of time all the same",
    r"retrieve legs": "it says how the passages were found, not which",
    r"retrieve candidates: .* score": "the same passages were chosen",
    r"retrieve candidates: .* says other words": "it was not chosen, so no model read it",
    r"answer reason": "a reason is for people: neither model nor policy reads why something was allowed",
    r"answer (scope|when)": "leave that no later call came under",
    r"day on: .*: on left out": "on either day others have spent nothing by then",
    r"day on: .*: on 2 -> 3": "one day is only told from another, and it is a later one all the same",
    r".*: turn 0: autonomy 1": "at either level every verdict was the same",
    r"turn user": "words that a person replaced at the gate before anything read them",
}
"""What a replay cannot tell from what was recorded, for all that follows from it is the same, and why that is so. Only
the header's digest of the lines tells it, and somebody who makes that anew as well is not found out.
"""
GIVEN_UP = "nothing of a turn that was given up is in a later prompt, and no expectation is about it"


def all_noticed(fixture: Fixture, build: Build) -> None:
    """No mutant passes; those that only the header's digest tells differ in what nothing came of."""
    assert replayed(fixture, Retold(fixture.tape), build).good
    for mutant in world.mutants(fixture):
        retold = made(mutant)
        found = replayed(fixture, retold, build)
        assert not found.good, mutant.name
        assert found.line, mutant.name
        if found.line.endswith(SEALED):
            assert why_irrelevant(fixture.tape, mutant), mutant.name
            assert settled(retold.tape) == settled(fixture.tape), (mutant.name, found)


def why_irrelevant(tape: Tape, mutant: Mutant) -> str:
    """Why a change that only the header's digest tells is irrelevant to the outcome; '' if it is not."""
    turn = 0
    for line in tape.events:
        turn = line.get("turn", turn)
        if line.get("finish") == "abandoned" and mutant.change.startswith(f"turn {turn}: "):
            return GIVEN_UP
    told = f"{mutant.operator}: {mutant.change}"
    return next((why for pattern, why in NOTHING_CAME_OF_IT.items() if re.match(pattern, told, re.DOTALL)), "")


def made(mutant: Mutant) -> Retold:
    found = mutant.made()
    assert isinstance(found, Retold)
    return found


def settled(tape: Tape) -> list[TurnFacts]:
    """What happened, but for what a replay takes from the tape: words, costs, what a model asks for."""
    turns = [replace(turn, words="", text="", tokens=0, micro_usd=0) for turn in turns_of(tape.events)]
    for turn in turns:
        turn.calls = {key: replace(call, args={}) for key, call in turn.calls.items()}
    return turns


@pytest.mark.parametrize("name", STORIES)
def test_no_change_of_a_recorded_story_passes(name: str, tmp_path: Path) -> None:
    all_noticed(*of_story(name, tmp_path))


def test_the_stories_have_every_kind_of_line() -> None:
    told = {next(iter(line)) for make in STORIES.values() for line in lines_of(make)}
    assert told == KINDS


def lines_of(make: object) -> tuple[Line, ...]:
    assert callable(make)
    stage, records = make()
    return record(records, stage.policy).tape.events


@pytest.mark.parametrize("fixture", loaded(HELPDESK), ids=lambda one: one.file)
def test_no_change_of_a_shipped_tape_passes(fixture: Fixture) -> None:
    ground = grounds(require(HELPDESK), trusted=True)(fixture.tape.persona, fixture.tape.model)
    all_noticed(fixture, ground.session)


def test_every_key_and_value_of_a_line_is_changed(tmp_path: Path) -> None:
    fixture, _ = of_story("three turns", tmp_path)
    changed: dict[int, set[tuple[str | int, ...]]] = {}
    for mutant in world.mutants(fixture):
        events = made(mutant).tape.events
        if len(events) == len(fixture.tape.events):
            for at, (old, new) in enumerate(zip(fixture.tape.events, events, strict=True)):
                changed.setdefault(at, set()).update(differences(old, new))
    for at, line in enumerate(fixture.tape.events):
        assert leaves(line) <= changed[at], line


def leaves(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """The paths of every plain value and empty container."""
    items = entries(value)
    return {leaf for key, item in items for leaf in leaves(item, (*path, key))} if items else {path}


def entries(value: object) -> list[tuple[str | int, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def differences(old: object, new: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths in `old` at which `new` is other."""
    if old == new:
        return
    after = dict(entries(new))
    if type(old) is not type(new) or not entries(old):
        yield from leaves(old, path)
        return
    for key, item in entries(old):
        yield from differences(item, after[key], (*path, key)) if key in after else leaves(item, (*path, key))


def test_a_header_made_to_agree_leaves_only_words_that_no_expectation_reads(tmp_path: Path) -> None:
    """Then the case must speak: the same change fails one that expects the words."""
    (fixture,) = (one for one in loaded(HELPDESK) if one.file.startswith("return-window"))
    ground = grounds(require(HELPDESK), trusted=True)(fixture.tape.persona, fixture.tape.model)
    last = next(m for m in world.mutants(fixture) if m.operator == "reply text")
    assert asyncio.run(replayed_as(fixture, made(last), ground, signed=True)).good
    assert not same_facts(fixture, made(last))
    words = {"schema": "case/1", "assert": [{"turn": 1, "text": {"contains": "the exact last day."}}]}
    spoken = replace(fixture, case=Case.model_validate(words))
    assert asyncio.run(replayed_as(spoken, made(last), ground, signed=True)).kind == "failed"
