"""A policy whose own tests fail is put in force, and that is said wherever it comes into force."""

from __future__ import annotations

import asyncio

from greenroom.approval.automatic import DenyAll
from greenroom.assembly import open_session
from greenroom.commands.live.actions import Live
from greenroom.commands.live.reloading import reload
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run

FAILS = "1 of 54 policy tests fails: refund.large (see greenroom policy test)"


def loosened(shop: Workspace) -> None:
    file = shop.policies / "support.toml"
    file.write_text(file.read_text().replace('"args.amount > 100"', '"args.amount > 110"'))
    trust(shop)


def test_a_reload_says_which_tests_fail_and_the_policy_counts_all_the_same(shop: Workspace) -> None:
    async def told() -> tuple[str, str, bool]:
        session = await open_session(shop, instant=True, approver=DenyAll())
        try:
            before = session.contract.policy.digest
            loosened(shop)
            done = await reload(Live(shop, session), "")
            return done.value.line, done.value.failing, session.contract.policy.digest != before
        finally:
            await session.aclose()

    line, failing, counts = asyncio.run(told())
    assert failing == FAILS
    assert f"refund.large changed; ATTENTION: {FAILS}; " in line
    assert counts


def test_doctor_fails_and_a_run_says_it(shop: Workspace, run: Run) -> None:
    loosened(shop)
    run("doctor")
    assert f"is in force for aria@1.3.0, but {FAILS}" in run.out
    assert run("run", "aria", "hello") == 0
    assert FAILS in run.err
