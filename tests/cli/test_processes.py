"""Whole processes: killed in the middle, two at once, a reader that goes away, a person who presses Ctrl-C."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.cli.terminal import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")

REFUND = "I want a refund of 120 EUR for order 1001"
QUESTION = "| stop\r\n? "


def greenroom(shop: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "greenroom", *arguments],
        cwd=shop.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_question_is_asked_again_and_nothing_runs_twice(shop: Workspace) -> None:
    with terminal(shop.root, "run", "aria", REFUND) as screen:
        asked = screen.until(QUESTION)
        assert "args.amount > 100 holds" in asked
        # The lock says so while the question is open, and reading needs none.
        second = greenroom(shop, "run", "--session", "last", "hi")
        assert second.returncode == 2
        assert "open in another process" in second.stderr
        assert greenroom(shop, "session", "verify", "last").returncode == 0
        screen.kill()
    with terminal(shop.root, "session", "resume") as screen:
        screen.until(QUESTION)
        screen.type("y\n")
        screen.until("that is not an answer")
        screen.until("? ")
        screen.type("edit amount=90\n")
        assert "amount = 90" in screen.until(QUESTION)
        screen.type("approve\n")
        screen.until("refunded 90.00 EUR")
        assert screen.code() == 0
    shown = greenroom(shop, "session", "show", "last", "--json")
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    started = [row["tool"] for row in rows if row["kind"] == "tool_started"]
    assert started == ["orders.get", "orders.refund"]
    assert greenroom(shop, "session", "verify", "last").returncode == 0


def test_ctrl_c_at_a_question_leaves_it_open(shop: Workspace) -> None:
    with terminal(shop.root, "run", "aria", REFUND) as screen:
        screen.until(QUESTION)
        screen.type("\x03")
        screen.until("interrupted")
        assert screen.code() == 130
    done = greenroom(shop, "session", "resume", "--answer", "deny", "--reason", "not now")
    assert done.returncode == 0, done.stderr
    assert "not now" in done.stdout


def test_what_was_typed_before_a_question_never_answers_it(shop: Workspace) -> None:
    with terminal(shop.root, "run", "aria", REFUND) as screen:
        screen.type("approve\napprove\napprove\n")
        screen.until(QUESTION)
        screen.type("deny not this time\n")
        screen.until("not this time")
        assert screen.code() == 0
    shown = greenroom(shop, "session", "show", "last", "--json")
    answers = [row for row in map(json.loads, shown.stdout.splitlines()) if row["kind"] == "approval_given"]
    assert [row["decision"] for row in answers] == ["deny"]


def test_without_a_workspace_a_person_is_offered_the_demo(tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        screen.until("[y/N]")
        screen.type("\n")
        screen.until("greenroom demo")
        assert screen.code() == 2


def test_a_reader_that_goes_away_is_no_error(shop: Workspace) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m greenroom help formats all | head -n 1', sys.executable],
        cwd=shop.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("EVENTS")
    assert done.stderr == ""


def test_version_is_a_bare_line() -> None:
    done = subprocess.run([sys.executable, "-m", "greenroom", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["greenroom", done.stdout.split()[1]]
    assert done.stderr == ""
