"""A range of turns run live: the turns before it are its context, and are neither judged nor lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import load_contract, open_session
from greenroom.assembly.fixtures import Fixtures
from greenroom.assembly.rebasing import rebase_all
from greenroom.regression.live import LiveOptions
from greenroom.regression.record import export
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.live.counter import counter, live, persona, script

LOOK = """when = { user = "order" }
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = 'when = { tool = "till.look" }\ntext = "There is {result.left} left."'
HELLO = 'text = "Hello."'
RUBRIC = "Greet nobody."


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The second of two turns as a fixture, and a persona that greets otherwise since."""
    made = counter(tmp_path, LOOK, LOOKED, HELLO)
    asyncio.run(_record(made))
    script(made, "ada", LOOK, LOOKED, 'text = "A very good day to you!"')
    return made


async def _record(workspace: Workspace) -> None:
    session = await open_session(workspace, instant=True, trusted=True)
    await session.turn("Hi")
    await session.turn("What about my order?")
    records = list(session.records)
    await session.aclose()
    contract = load_contract(workspace, trusted=True)
    export(records, contract, workspace.fixtures, "talk", turns=(2, 2), kinds=("trajectory",))


def expects(workspace: Workspace, lines: str) -> Path:
    (workspace.fixtures / "talk.case.toml").write_text(f'schema = "case/1"\n{lines}\n')
    return workspace.fixtures / "talk.tape.jsonl"


def test_likeness_is_about_the_range(workspace: Workspace) -> None:
    tape = expects(workspace, "[live.text]\nsimilar = 0.9")
    assert live(tape, workspace).outcome.line == "1 of 1 run passed"


def test_what_is_told_anew_is_the_same_range(workspace: Workspace) -> None:
    expects(workspace, '[[assert]]\nturn = 2\ntext = { contains = "120" }')
    persona(workspace, "Be warm.", version="1.4.0")
    trust(workspace)
    (one,) = asyncio.run(rebase_all(workspace, (), LiveOptions()))
    assert one.kept
    run = Fixtures(workspace).runs.find("talk")
    assert run is not None and run.tape.header["turns"] == "2" and run.tape.first_turn == 2
