"""Breakpoints and gates on the command line, over a real workspace: exit 6 without a person, and on past the gate."""

from __future__ import annotations

import gc
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenroom.assembly import read_session
from greenroom.core.events import GatePassed, GatePaused, ToolReturned, ToolStarted
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

REFUND = "Please refund 20 EUR for order 1001, it arrived late."
AT_REFUND = 'tool.name == "orders.refund"'


def test_a_run_without_a_person_rests_at_the_breakpoint_and_goes_on_with_what_is_said(
    shop: Workspace, run: Run
) -> None:
    assert run("run", "aria", REFUND, "--break", AT_REFUND, "--json") == 6
    last = json.loads(run.out.splitlines()[-1])
    assert (last["kind"], last["gate"], last["cause"], last["condition"]) == (
        "gate_paused",
        "tool",
        "breakpoint",
        AT_REFUND,
    )
    assert "orders.refund amount=20" in last["about"]
    assert "paused at the tool gate of turn 1" in run.err and "greenroom session resume" in run.err
    assert len(run.err.strip().splitlines()) == 1
    assert run("session", "verify", "last") == 0
    assert run("session", "resume", "last", "--simulate", '"paid"') == 2
    assert "is not of type 'object'" in run.err
    assert run("session", "resume", "last", "--skip", "--edit", "x") == 2
    assert run("session", "resume", "last", "--simulate", '{"refunded": true}', "--break", 'gate == "output"') == 6
    assert run("session", "resume", "last", "--edit", "It is on its way.") == 0
    assert run.out.strip() == "It is on its way."
    records = read_session(shop, "last")
    assert [r.event.simulated for r in records if isinstance(r.event, ToolReturned)] == [False, True]
    assert not [r for r in records if isinstance(r.event, ToolStarted) and r.event.tool == "orders.refund"]
    assert run("session", "resume", "last", "--skip") == 2
    assert run("session", "show", "last") == 0
    assert f"paused at tool (breakpoint {AT_REFUND})" in run.out and "tool simulated by" in run.out
    assert "output edited by" in run.out
    assert run("session", "replay", "last") == 0
    assert run("session", "export", "last", "--name", "stepped", "--why", "it was stepped through") == 0
    assert '"gate":"tool:c2","action":"simulate"' in (shop.fixtures / "stepped.tape.jsonl").read_text()
    assert "replays: passed" in run.out + run.err


def test_a_fork_at_a_gate_waits_there_too_and_its_parent_stays_as_it_was(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", REFUND, "--break", AT_REFUND) == 6
    assert run("session", "list", "--json") == 0
    parent = json.loads(run.out)[0]["id"]
    records = read_session(shop, parent)
    seq = next(r.seq for r in records if isinstance(r.event, GatePaused))
    before = (shop.sessions / f"{parent}.jsonl").read_bytes()
    assert run("session", "fork", parent, "--at", str(seq), "--json") == 0
    child = next(path.stem for path in shop.sessions.glob("*.jsonl") if path.stem != parent)
    assert run("session", "resume", child, "--skip") == 0
    assert (shop.sessions / f"{parent}.jsonl").read_bytes() == before
    assert run("session", "resume", parent, "--simulate", '{"refunded": 20}') == 0
    for one, action in ((child, "skip"), (parent, "simulate")):
        assert [r.event.action for r in read_session(shop, one) if isinstance(r.event, GatePassed)] == [action]
        assert run("session", "replay", one) == 0


def test_a_resume_without_a_person_goes_on_past_the_gate_and_a_wrong_condition_opens_nothing(
    shop: Workspace, run: Run
) -> None:
    assert run("run", "aria", "hello", "--break", "trun == 1") == 2
    assert "did you mean 'turn'?" in run.err and not list(shop.sessions.glob("*.jsonl"))
    assert run("run", "aria", "What is your return policy for shoes?", "--break", "turn == 1") == 6
    assert run("session", "resume", "last") == 0
    assert "30 days" in run.out
    passed = [r.event for r in read_session(shop, "last") if isinstance(r.event, GatePassed)]
    assert [(one.gate, one.action, one.established) for one in passed] == [("input", "continue", "terminal")]


def test_breakpoints_are_kept_listed_switched_and_removed(shop: Workspace, run: Run) -> None:
    assert run("breakpoint", "list") == 0 and "no breakpoints" in run.out
    assert run("breakpoint", "add", AT_REFUND) == 0
    assert run("breakpoint", "add", "turn == 3") == 0
    assert run("breakpoint", "add", "turn === 3") == 2
    assert run("breakpoint", "toggle", "2") == 0
    assert run("breakpoint", "list", "--json") == 0
    assert run.json() == [
        {"number": 1, "on": True, "when": AT_REFUND},
        {"number": 2, "on": False, "when": "turn == 3"},
    ]
    assert run("breakpoint", "remove", AT_REFUND) == 0
    assert run("breakpoint", "remove", "7") == 2 and "there are 1 to 1" in run.err
    assert run("breakpoint", "add", "turn == 3") == 0  # switched on again
    assert run("breakpoint", "list", "--json") == 0 and run.json() == [{"number": 1, "on": True, "when": "turn == 3"}]
    file = shop.state / "breakpoints.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(broken := file.read_text() + "\n[[breakpoint]]\nwhen = 3\n")
    for words in (("list",), ("add", "turn == 4"), ("toggle", "1"), ("remove", "1")):
        assert run("breakpoint", *words) == 3
        assert "breakpoints.toml:" in run.err and len(run.err.strip().splitlines()) == 1
    assert file.read_text() == broken
    file.unlink()
    file.symlink_to(shop.settings_file)
    assert run("breakpoint", "list") == 3
    assert shop.settings_file.read_text().startswith("schema") or shop.settings_file.is_file()


def test_at_a_terminal_the_person_is_asked_and_a_wrong_answer_is_asked_again(shop: Workspace, run: Run) -> None:
    said = on_a_terminal(
        ["run", "aria", REFUND, "--break", AT_REFUND],
        [
            (b"orders.refund", b"edit amount=many\n"),
            (b"must be", b"edit amount=15\n"),
            (b"deny REASON", b"deny not today\n"),
        ],
        shop.root,
    )
    assert "-- paused at tool, turn 1: breakpoint" in said
    records = read_session(shop, "last")
    [paused] = [r.event for r in records if isinstance(r.event, GatePaused)]
    [passed] = [r.event for r in records if isinstance(r.event, GatePassed)]
    assert (paused.condition, passed.action) == (AT_REFUND, "edit")
    assert passed.edit["amount"] == 15 and passed.by
    assert [r.event.status for r in records if isinstance(r.event, ToolReturned)] == ["done", "denied"]


def on_a_terminal(arguments: list[str], answers: list[tuple[bytes, bytes]], folder: Path) -> str:
    """What a command writes to a terminal on which a person answers: each line once its words were seen."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "greenroom", *arguments]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder)
    os.close(slave)
    heard, seen, end = b"", 0, time.monotonic() + 40
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            if answers and answers[0][0] in heard[seen:] and heard.endswith(b"? "):
                seen = len(heard)
                os.write(master, answers.pop(0)[1])
            continue
        try:
            heard += os.read(master, 65_536)
        except OSError:
            break
    process.wait(10)
    os.close(master)
    return heard.decode(errors="replace")


def test_what_cannot_be_done_at_one_gate_is_all_that_is_said_where_calls_beside_it_wait_too(
    shop: Workspace, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    twice = '{ tool = "orders.get", args = { order_id = 1001 } }, { tool = "orders.find", args = { name = "Mara" } }'
    script = 'schema = "script/1"\nid = "two"\ntitle = "Two calls"\n[[rule]]\nid = "both"\n'
    (shop.root / "scripts" / "two.toml").write_text(
        f'{script}when = {{ user = "both" }}\ntext = "I look."\ncalls = [{twice}]\n', encoding="utf-8"
    )
    assert run("run", "aria", "both", "--model", "scripted/two", "--break", 'gate == "tool"') == 6
    assert run("session", "resume", "last", "--edit", "not a value") == 2
    gc.collect()
    assert "is not NAME=VALUE" in run.err
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []
