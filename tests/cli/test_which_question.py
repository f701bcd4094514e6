"""Which question is meant, who was asked, and the proof afterwards: `last`, hints that name the session, a lost ledger."""

import asyncio
import json
import re

import pytest

from greenroom.approval.automatic import LeaveOpen
from greenroom.approval.kill_switch import KillSwitch
from greenroom.assembly import open_session
from greenroom.commands.answering.card import approver
from greenroom.core.errors import KillSwitchThrown
from greenroom.core.values import Stop
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run
from tests.cli.test_answering import REFUND, asked


def test_last_is_the_newest_session_with_a_question_also_beside_a_newer_interrupted_one(
    shop: Workspace, run: Run
) -> None:
    one = asked(run)
    switch = KillSwitch(shop)

    async def interrupted() -> str:
        session = await open_session(shop, approver=LeaveOpen(), instant=True)
        switch.press(Stop(scope="everything"))
        with pytest.raises(KillSwitchThrown):
            await session.turn("hello")
        await session.aclose()
        return session.id

    newer = asyncio.run(interrupted())
    switch.lift("all", by="mara", reason="over")
    assert run("approve", "show", "last", "--json") == 0
    shown = run.json()
    assert isinstance(shown, dict)
    assert shown["session"] == one["session"] != newer
    assert run("approve", "no", "last", "not now") == 0
    assert run("approve", "no", "last", "not now") == 2
    assert "no session has an open question" in run.err


def test_a_question_left_open_names_its_session(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", REFUND) == 6
    said = run.err
    assert run("approve", "list", "--json") == 0
    name = json.loads(run.out)[0]["session"]
    assert f"greenroom approve show {name}" in said and f"session resume {name}" in said
    assert run("session", "resume", name) == 6
    assert f"greenroom approve show {name}" in run.err and f"session resume {name}" in run.err
    assert run("approve", "edit", "last", "amount=90") == 6
    assert f"greenroom approve show {name}" in run.err


def test_what_a_lead_was_shown_is_in_the_proof(shop: Workspace, run: Run) -> None:
    policy = shop.policies / "support.toml"
    large = 'id    = "refund.large"'
    head, _, rest = policy.read_text().partition(large)
    changed = rest.replace('then  = "require_approval"', 'then  = "escalate"', 1)
    changed = re.sub(
        r"(?m)^ask   = .*$", 'ask = { role = "lead", deadline = "1h", runbook = "refunds.md" }', changed, count=1
    )
    policy.write_text(head + large + changed)
    assert run("trust") == 0
    one = asked(run)
    assert run("approve", "yes", "last", "--card", one["code"]) == 0
    assert run("session", "verify", "last", "--full") == 0
    for part in (
        f"asked of lead, answered by {approver()} via terminal (role not checked)",
        f"card {one['code']} (record ",
        "-- orders.refund (c2), asked of lead --",
        "escalated to lead, because rule refund.large escalates it",
        "runbook: refunds.md",
        "that of today",
    ):
        assert part in run.out
    assert "waits for" not in run.out
    assert run("session", "verify", "last", "--json") == 0
    (given,) = json.loads(run.out)["approvals"]
    assert (given["code"], given["role"]) == (one["code"], "lead")


def test_doctor_finds_a_ledger_that_is_gone(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    run("doctor")
    assert "chain sound" in run.out
    shop.ledger.unlink()
    assert run("doctor") == 1
    assert "1 session with more than it anchors" in run.out and "greenroom ledger verify" in run.out
    assert run("ledger", "verify") == 5
    assert run("session", "verify", "last") == 5
