"""Two real processes: one runs a turn, the other answers its question or stops it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from greenroom.approval.answers import ELSEWHERE
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.terminal import PATIENCE_SECONDS, terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")

REFUND = "I want a refund of 120 EUR for order 1007"
QUESTION = "| stop\r\n? "
WAITS = "answer it from another terminal"


def greenroom(shop: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "greenroom", *arguments],
        cwd=shop.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


class Running:
    """A process that runs a turn without a person; its stderr is read line by line."""

    def __init__(self, shop: Workspace, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "greenroom", *arguments],
            cwd=shop.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.told: list[str] = []

    def until(self, text: str) -> None:
        """Read on until a line with `text`, which must still come."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(line)
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}: {self.told}")

    def code(self) -> int:
        assert self.process.stderr is not None
        self.told += self.process.stderr.readlines()
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(shop: Workspace, *arguments: str) -> Iterator[Running]:
    started = Running(shop, *arguments)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        if started.process.stderr is not None:
            started.process.stderr.close()


def rows(shop: Workspace, kind: str) -> list[dict[str, object]]:
    shown = greenroom(shop, "session", "show", "last", "--json")
    found: list[dict[str, object]] = [json.loads(line) for line in shown.stdout.splitlines()]
    return [row for row in found if row["kind"] == kind]


def refunds(shop: Workspace) -> int:
    return sum(row["tool"] == "orders.refund" for row in rows(shop, "tool_started"))


def test_a_question_is_answered_from_another_terminal_and_the_run_goes_on(shop: Workspace) -> None:
    with running(shop, "run", "aria", REFUND, "--approve", "wait") as waiting:
        waiting.until(WAITS)
        edited = greenroom(shop, "approve", "edit", "last", "amount=110")
        assert edited.returncode == 0, edited.stderr
        assert "confirm it with" in edited.stderr
        waiting.until(WAITS)
        answered = greenroom(shop, "approve", "yes", "last")
        assert answered.returncode == 0, answered.stderr
        assert "orders.refund done" in answered.stdout
        assert waiting.code() == 0
    given = rows(shop, "approval_given")
    assert [(row["decision"], row["established"]) for row in given] == [("edit", ELSEWHERE), ("allow", ELSEWHERE)]
    assert all(row["approver"] for row in given)
    assert refunds(shop) == 1
    assert list(shop.answers.glob("*.json")) == []
    assert greenroom(shop, "session", "verify", "last").returncode == 0
    assert greenroom(shop, "session", "replay", "last").returncode == 0


def test_a_question_at_a_terminal_can_be_answered_from_another_and_the_next_one_here(shop: Workspace) -> None:
    with terminal(shop.root, "run", "aria", REFUND) as screen:
        screen.until(QUESTION)
        denied = greenroom(shop, "approve", "edit", "last", "amount=105")
        assert denied.returncode == 0, denied.stderr
        assert "amount = 105" in screen.until(QUESTION)
        screen.type("approve\n")
        screen.until("105.00 EUR")
        assert screen.code() == 0
    assert [row["established"] for row in rows(shop, "approval_given")] == [ELSEWHERE, "terminal"]
    assert refunds(shop) == 1


def test_a_question_in_the_repl_can_be_answered_from_another_terminal_and_the_talk_goes_on(shop: Workspace) -> None:
    with terminal(shop.root, "repl", "aria") as screen:
        screen.until("Ctrl-D leaves")
        screen.type(REFUND + "\r")
        screen.until("answer>")
        denied = greenroom(shop, "approve", "no", "last", "the", "till", "is", "shut")
        assert denied.returncode == 0, denied.stderr
        screen.until("The reason I was given")
        screen.type(REFUND + "\r")
        screen.until("answer>")
        screen.type("approve\r")
        screen.until("I refunded 120.00 EUR")
        screen.type("/quit\r")
        screen.until("is kept")
        assert screen.code() == 0
    assert [row["established"] for row in rows(shop, "approval_given")] == [ELSEWHERE, "terminal"]
    assert refunds(shop) == 1


def test_an_answer_file_for_an_earlier_question_or_with_nonsense_is_told_and_not_used(shop: Workspace) -> None:
    with running(shop, "run", "aria", REFUND, "--approve", "wait") as waiting:
        waiting.until(WAITS)
        (open_one,) = json.loads(greenroom(shop, "approve", "list", "--json").stdout)
        shop.answers.mkdir(exist_ok=True)
        reply = {"decision": "allow", "approver": "mallory", "established": "terminal"}
        stale = {"schema": "answer/1", "session": open_one["session"], "step": open_one["step"], "reply": reply}
        place = shop.answers / f"{open_one['session']}.{'0' * 16}.json"
        place.write_text(json.dumps({**stale, "record": "0" * 64}))
        waiting.until("was not used: its question is not the one that is open")
        record = greenroom(shop, "approve", "show", "last", "--json").stdout
        code = json.loads(record)["code"]
        name = next(p for p in shop.sessions.glob("*.jsonl")).read_text().splitlines()[open_one_seq(shop)]
        full = json.loads(name)["hash"]
        assert full.startswith(code)
        (shop.answers / f"{open_one['session']}.{full[:16]}.json").write_text("{")
        waiting.until("was not used: its file is malformed")
        assert greenroom(shop, "approve", "no", "last", "not", "now").returncode == 0
        assert waiting.code() == 0
    assert [row["decision"] for row in rows(shop, "approval_given")] == ["deny"]
    assert refunds(shop) == 0


def open_one_seq(shop: Workspace) -> int:
    """The number of the record that asks."""
    (asked,) = rows(shop, "approval_requested")
    number = asked["seq"]
    assert isinstance(number, int)
    return number


def test_the_switch_ends_a_turn_that_waits_for_a_person_and_holds_until_it_is_lifted(shop: Workspace) -> None:
    with running(shop, "run", "aria", REFUND, "--approve", "wait") as waiting:
        waiting.until(WAITS)
        assert greenroom(shop, "stop", "--reason", "wrong prices").returncode == 0
        assert waiting.code() == 7
        assert any("wrong prices" in line for line in waiting.told)
    assert greenroom(shop, "session", "resume", "--answer", "allow").returncode == 7
    assert greenroom(shop, "approve", "yes", "last").returncode == 7
    assert refunds(shop) == 0
    assert greenroom(shop, "stop", "--lift", "--reason", "put right").returncode == 0
    done = greenroom(shop, "session", "resume", "--answer", "allow")
    assert done.returncode == 0, done.stderr
    assert refunds(shop) == 1
    assert greenroom(shop, "session", "verify", "last").returncode == 0


def test_the_switch_ends_a_turn_in_the_middle_of_a_model_call(shop: Workspace) -> None:
    script = shop.scripts / "helpdesk.toml"
    quick = script.read_text()
    script.write_text(re.sub(r"(?m)^pace .*$", "pace = { first_ms = 60_000 }", quick, count=1))
    with running(shop, "run", "aria", REFUND, "--approve", "wait") as stuck:
        stuck.until("context")
        assert greenroom(shop, "stop", "turn", "last", "--reason", "too slow").returncode == 0
        assert stuck.code() == 7
    assert rows(shop, "reply_generated") == []
    script.write_text(quick)
    assert greenroom(shop, "session", "resume").returncode == 7
    assert greenroom(shop, "stop", "turn", "last", "--lift", "--reason", "quick again").returncode == 0
    assert greenroom(shop, "session", "resume").returncode == 6
    assert refunds(shop) == 0


def test_the_switch_ends_a_turn_in_the_middle_of_a_tool_and_nothing_with_effects_begins(shop: Workspace) -> None:
    orders, mark = shop.tools / "orders.py", shop.root / "slow"
    get = "    with database() as connection:\n        order = "
    wait = f"    import time\n    from pathlib import Path\n\n    time.sleep(50 if Path({str(mark)!r}).exists() else 0)\n{get}"
    text = orders.read_text().replace("timeout=5)\ndef get", "timeout=60)\ndef get", 1).replace(get, wait, 1)
    assert text.count("time.sleep(50") == 1
    orders.write_text(text)
    trust(shop)
    mark.touch()
    with running(shop, "run", "aria", REFUND, "--approve", "policy") as stuck:
        stuck.until("c1 orders.get")
        assert greenroom(shop, "stop", "--reason", "stuck").returncode == 0
        assert stuck.code() == 7
    assert [row["tool"] for row in rows(shop, "tool_started")] == ["orders.get"]
    mark.unlink()
    assert greenroom(shop, "session", "resume").returncode == 7
    assert greenroom(shop, "stop", "--lift", "--reason", "put right").returncode == 0
    assert greenroom(shop, "session", "resume").returncode == 6
    assert greenroom(shop, "approve", "yes", "last").returncode == 0
    assert refunds(shop) == 1


def test_a_stopped_tool_answers_the_open_question_of_another_process_with_no(shop: Workspace) -> None:
    with running(shop, "run", "aria", REFUND, "--approve", "wait") as waiting:
        waiting.until(WAITS)
        assert greenroom(shop, "stop", "tool", "orders.refund", "--reason", "the till is shut").returncode == 0
        assert waiting.code() == 0
    (given,) = rows(shop, "approval_given")
    assert (given["decision"], given["established"]) == ("deny", "kill switch")
    assert refunds(shop) == 0
