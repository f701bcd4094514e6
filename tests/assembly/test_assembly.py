"""The real parts put together: what opens, what is refused, and what a killed process leaves."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.assembly import (
    find_workspace,
    fork_session,
    load_contract,
    open_session,
    read_session,
    replay_builder,
    session_id,
    sessions,
    verify_session,
)
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import (
    ApprovalRequested,
    Record,
    ReplyReleased,
    SessionForked,
    ToolReturned,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.values import ApprovalReply
from greenroom.engine.replay.again import LogRecording, replay
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"
REHEARSAL = Path(__file__).with_name("rehearsal.py")


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    target = tmp_path / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    return find_workspace(target)


async def said(shop: Workspace, *words: str) -> str:
    session = await open_session(shop, instant=True, trusted=True)
    for one in words:
        await session.turn(one)
    await session.aclose()
    return session.id


def change(shop: Workspace, file: str, before: str, after: str) -> None:
    path = shop.root / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_session_is_kept_listed_verified_and_replayed(shop: Workspace) -> None:
    name = asyncio.run(said(shop, "how long does a refund take?", "thanks"))
    assert [(one.id, one.turns, one.status) for one in sessions(shop)] == [(name, 2, "closed")]
    assert verify_session(shop, "last").anchored >= 0
    records = read_session(shop, name[:4])
    session = replay_builder(shop, trusted=True)(LogRecording(records))
    assert asyncio.run(replay(session, records)).same


def test_a_replay_notices_a_changed_prompt(shop: Workspace) -> None:
    name = asyncio.run(said(shop, "how long does a refund take?"))
    prompt = shop.root / "personas" / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe even briefer.\n", encoding="utf-8")
    records = read_session(shop, name)
    result = asyncio.run(replay(replay_builder(shop, trusted=True)(LogRecording(records)), records))
    assert not result.same
    assert result.step == "t1/generate:1"


def test_a_fork_goes_on_by_itself_and_its_parent_keeps_its_bytes(shop: Workspace) -> None:
    trust(shop)
    name = asyncio.run(said(shop, "how long does a refund take?", "do you ship to France?"))
    path = shop.sessions / f"{name}.jsonl"
    before = path.read_bytes()
    end = next(r.seq for r in read_session(shop, name) if isinstance(r.event, TurnFinished))

    async def scene() -> str:
        session = await fork_session(shop, name, end)
        assert [type(r.event) for r in session.records][-1] is SessionForked
        await session.turn("and gift cards?")
        await session.aclose()
        return session.id

    child = asyncio.run(scene())
    assert path.read_bytes() == before
    words = [r.event.words for r in read_session(shop, child) if isinstance(r.event, TurnStarted)]
    assert words == ["how long does a refund take?", "and gift cards?"]
    assert verify_session(shop, child).records == len(read_session(shop, child))


def test_a_fork_in_the_middle_of_a_turn_finishes_that_turn(shop: Workspace) -> None:
    trust(shop)
    name = asyncio.run(said(shop, "how long does a refund take?"))
    middle = next(r.seq for r in read_session(shop, name) if r.event.kind == "context_selected")

    async def scene() -> list[str]:
        session = await fork_session(shop, name, middle)
        await session.resume()
        await session.aclose()
        return [r.event.text for r in session.records if isinstance(r.event, ReplyReleased)]

    assert len(asyncio.run(scene())) == 1


def test_a_workspace_nobody_trusted_runs_nothing(shop: Workspace) -> None:
    marker = shop.root / "ran"
    (shop.tools / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    with pytest.raises(UsageError, match="not trusted"):
        asyncio.run(open_session(shop))
    assert not marker.exists()
    trust(shop)
    load_contract(shop)
    assert marker.exists()


def test_no_persona_exceeds_the_ceilings_of_its_workspace(shop: Workspace) -> None:
    change(shop, "greenroom.toml", "tool_calls = 8", "tool_calls = 2")
    assert load_contract(shop, trusted=True).persona.limits.tool_calls == 2


def test_a_memory_segment_must_be_declared_and_open_to_the_persona(shop: Workspace) -> None:
    change(shop, "personas/aria/persona.toml", 'write = ["customer"]', 'write = ["custmer"]')
    with pytest.raises(FileInvalid, match="custmer") as caught:
        load_contract(shop, trusted=True)
    assert "customer" in caught.value.hint


def test_an_unknown_session_and_an_unclear_one_are_told_apart(shop: Workspace) -> None:
    asyncio.run(said(shop, "hello"))
    asyncio.run(said(shop, "hello"))
    with pytest.raises(UsageError, match="several"):
        session_id(shop, "s")
    with pytest.raises(UsageError, match="no session"):
        session_id(shop, "zzz")


def test_a_session_open_elsewhere_is_refused(shop: Workspace) -> None:
    async def scene() -> None:
        session = await open_session(shop, instant=True, trusted=True)
        with pytest.raises(UsageError, match="open in another process"):
            await open_session(shop, session=session.id, trusted=True)
        await session.aclose()

    asyncio.run(scene())


def test_a_process_killed_again_and_again_pays_once(shop: Workspace) -> None:
    """Killed after the first, second, third ... thing it says, until it is through: one refund, one sound log."""
    finished = False
    for patience in range(1, 40, 4):
        said_so_far = 0
        command = [sys.executable, str(REHEARSAL), str(shop.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                said_so_far += 1
                finished = line == "finished\n"
                if said_so_far == patience and not finished:
                    os.kill(process.pid, signal.SIGKILL)
        assert verify_session(shop, "last").records > 0
        if finished:
            break
    assert finished
    with sqlite3.connect(shop.state / "data" / "orders.db") as connection:
        paid = connection.execute("select count(*), sum(amount_cents) from refunds").fetchone()
    connection.close()
    assert paid == (1, 12_000)
    assert sessions(shop)[0].status == "closed"


def test_sums_of_a_day_reach_across_sessions(shop: Workspace) -> None:
    limit = 'limits = { sum = { "args.amount" = { day = 100 } } }'
    path = shop.policies / "support.toml"
    text = path.read_text(encoding="utf-8")
    envelope = text.index("[envelope.persona]")
    end = text.index("\n\n", envelope)
    kept = [line for line in text[envelope:end].splitlines() if not line.startswith("limits")]
    path.write_text(text[:envelope] + "\n".join([*kept, limit]) + text[end:], encoding="utf-8")

    async def refund(order: int, amount: int) -> list[str]:
        session = await open_session(shop, instant=True, trusted=True)

        def answer(item: object) -> None:
            if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
                session.answer(item.event.step, ApprovalReply(decision="allow", approver="kim"))

        session.bus.subscribe(answer)
        await asyncio.wait_for(session.turn(f"I want a refund of {amount} EUR for order {order}"), 20)
        await session.aclose()
        return [
            r.event.status
            for r in session.records
            if isinstance(r.event, ToolReturned) and r.event.tool == "orders.refund"
        ]

    async def forked() -> None:
        session = await fork_session(shop, "last", len(read_session(shop, "last")) - 1)
        await session.aclose()

    assert asyncio.run(refund(1001, 60)) == ["done"]
    trust(shop)
    asyncio.run(forked())  # its copy of that refund is not another one
    assert asyncio.run(refund(1002, 50)) == ["denied"]
    assert asyncio.run(refund(1002, 40)) == ["done"]
