"""Secrets and personal data leave a session as placeholders only, and what is left replays."""

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import open_session, replay_builder
from greenroom.core.events import Record
from greenroom.engine.session import Session
from greenroom.regression.record.record import export, record
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.tape import write
from greenroom.workspace.layout import Workspace
from tests.engine.stage import says, stage
from tests.regression.taped import replayed
from tests.tui.rehearsing import helpdesk

TOKEN = "ghp_" + "a1B2" * 9
CODE = "NW-7Q2M-4K9D-3F8H"
MAIL = "mara@post.example"


def said(session: Session, *turns: str) -> list[Record]:
    async def run() -> list[Record]:
        for words in turns:
            await session.turn(words)
        records = list(session.records)
        await session.aclose()
        return records

    return asyncio.run(run())


def test_a_secret_in_every_place_of_a_session_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    made = stage(
        says(f"Looking up {TOKEN}.", ("orders.get", {"note": TOKEN, "to": [MAIL], "deep": {"by": CODE}})),
        says(f"It says {TOKEN} and {MAIL}."),
        says(f"Again {TOKEN}."),
    )
    records = said(made.session(), f"My token is {TOKEN}, write to {MAIL}.", f"And {TOKEN} once more?")
    done = export(records, made.session().contract, tmp_path / "fixtures", "secrets", why="Nothing leaks.")
    for path in (tmp_path / "fixtures").rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert TOKEN.encode() not in data, path
        assert MAIL.encode() not in data, path
    tape = done.tape.read_text()
    assert tape.count("‹token#1›") >= 5
    assert "‹token#2›" not in tape
    assert replayed(made, record(records, made.policy), tmp_path).kind == "passed"


def test_what_a_model_took_for_a_tool_s_name_leaves_nowhere_and_is_told_again(tmp_path: Path) -> None:
    made = stage(says("", (f"mail.{MAIL}", {}), (TOKEN, {}), ("orders.get", {"order": 7})), says("Done."))
    kept = record(said(made.session(), "hello"), made.policy)
    data = write(kept.tape).decode()
    assert (MAIL in data, TOKEN in data) == (False, False)
    assert data.count('"tool":"‹email#1›"') == data.count('"tool":"‹token#1›"') == 2
    assert replayed(made, kept, tmp_path).kind == "passed"


def test_what_is_said_of_a_replacement_names_turn_place_kind_and_placeholder() -> None:
    made = stage(says("I see.", ("orders.get", {"note": TOKEN})), says(f"It says {TOKEN}."))
    records = said(made.session(), f"My token is {TOKEN} or {TOKEN}.")
    told = record(records, made.policy).redactions
    assert all(TOKEN not in str(one) for one in told)
    words = next(one for one in told if one.where == "the user's words")
    assert (words.turn, words.kind, words.placeholder, words.count) == (1, "secret.token", "‹token#1›", 2)
    assert {one.where for one in told} >= {"a call's arguments", "a tool's result", "the reply"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def test_the_real_policys_own_detectors_and_rules_are_listed_and_replay(workspace: Workspace) -> None:
    policy = workspace.policies / "support.toml"
    text = policy.read_text()
    ingest = (
        '"input", "memory.read", "retrieval", "output", "tool.call", "tool.result", "memory.write", "handoff", "export"'
    )
    assert ingest in text
    policy.write_text(text.replace(f"hook = [{ingest}]", 'hook = ["output", "export"]'))  # kept as it was said, then

    async def opened() -> Session:
        return await open_session(workspace, persona="aria", instant=True, trusted=True)

    async def run() -> tuple[Session, list[Record]]:
        session = await opened()
        await session.turn(f"What is your return policy? My gift card is {CODE}, I am {MAIL}.")
        records = list(session.records)
        await session.aclose()
        return session, records

    session, records = asyncio.run(run())
    assert any(CODE in str(r.event) for r in records)
    done = export(records, session.contract, workspace.fixtures, "gift")
    assert {one.placeholder for one in done.redactions} >= {"‹gift_card#1›", "‹email#1›"}
    for path in workspace.fixtures.rglob("*"):
        if path.is_file() and (path in done.parts or path.name.startswith("gift")):
            assert MAIL.encode() not in path.read_bytes(), path
            assert path in done.parts or CODE.encode() not in path.read_bytes(), (
                path
            )  # the policy's own text tests with it
    outcome = asyncio.run(replay_fixture(load_fixture(done.tape), replay_builder(workspace, trusted=True)))
    assert outcome.kind == "passed", outcome
    assert (
        record(records, session.contract.policy).redactions == done.redactions
    )  # the session's own masks stay out of it


def test_a_kind_of_the_workspace_that_only_other_hooks_mask_does_not_leave_either(workspace: Workspace) -> None:
    policy = workspace.policies / "support.toml"
    text = policy.read_text()
    start = text.index("hook = [", text.index('id   = "gift.codes"'))
    policy.write_text(text[:start] + 'hook = ["output"]' + text[text.index("\n", start) :])

    async def run() -> tuple[Session, list[Record]]:
        session = await open_session(workspace, persona="aria", instant=True, trusted=True)
        await session.turn(f"My gift card is {CODE}.")
        records = list(session.records)
        await session.aclose()
        return session, records

    session, records = asyncio.run(run())
    kept = record(records, session.contract.policy)
    assert CODE not in write(kept.tape).decode()
    assert "‹gift_card#1›" in write(kept.tape).decode()
