"""A range of turns run live: the turns before it are its context, and are neither judged nor lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import load_contract, replay_builder
from greenroom.assembly.fixture.fixtures import Fixtures
from greenroom.assembly.fixture.rebasing import rebase_all
from greenroom.commands.fixture.accept import take
from greenroom.engine.session import Session
from greenroom.regression.accept.tape_diff import ASPECTS
from greenroom.regression.live import LiveOptions
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.workspace.trust import trust
from tests.regression.live.counter import counter, live, persona, recorded, script

LOOK = """when = { user = "order" }
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = 'when = { tool = "till.look" }\ntext = "There is {result.left} left."'
HELLO = 'text = "Hello."'
OTHERWISE = 'text = "A very good day to you!"'
WORDS = ("Hi", "What about my order?")


def test_likeness_is_about_the_range(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, turns=(2, 2), case="[live.text]\nsimilar = 0.9\n")
    script(workspace, "ada", LOOK, LOOKED, OTHERWISE)
    assert live(tape, workspace, start="t1").outcome.line == "1 of 1 run passed"


@pytest.mark.parametrize("taken_over", [False, True])
def test_what_is_told_anew_is_the_same_range(tmp_path: Path, taken_over: bool) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)

    def edit(session: Session) -> None:
        persona(workspace, "Be very brief.")
        session.reload(load_contract(workspace, trusted=True))

    said = (WORDS[0], edit, WORDS[1]) if taken_over else WORDS
    tape = recorded(workspace, said, turns=(2, 2), case='[[assert]]\nturn = 2\ntext = { contains = "120" }\n')
    before = load_fixture(tape).tape
    persona(workspace, "Be warm.", version="1.4.0")
    script(workspace, "ada", LOOK, 'when = { tool = "till.look" }\ntext = "120 are left."', OTHERWISE)
    trust(workspace)
    (one,) = asyncio.run(rebase_all(workspace, (), LiveOptions()))
    assert one.kept
    fixtures = Fixtures(workspace)
    run = fixtures.runs.find("talk")
    assert run is not None and take(fixtures, run, ASPECTS, force=False).refused == ""
    fixture = load_fixture(tape)
    assert (fixture.tape.first_turn, fixture.tape.takes_over) == (2, taken_over)
    assert fixture.tape.header["persona"] == "ada@1.4.0" and fixture.tape.events[:3] == before.events[:3]
    assert asyncio.run(replay_fixture(fixture, replay_builder(workspace))).good
