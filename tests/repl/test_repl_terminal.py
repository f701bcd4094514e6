"""The REPL on a real terminal: a turn, a question answered inline, a gate, an interrupt, slash words, leaving."""

import sys
from pathlib import Path

import pytest

from greenroom.workspace.trust import trust
from tests.cli.conftest import copied
from tests.cli.terminal import Terminal, terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")


def say(screen: Terminal, text: str, until: str) -> str:
    screen.type(text + "\r")
    return screen.until(until)


def test_a_whole_visit(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    trust(shop)
    with terminal(shop.root, "repl", "aria") as screen:
        screen.until("Ctrl-D leaves")
        say(screen, "I want a refund of 120 EUR for order 1001", "answer>")
        say(screen, "edit amount=90", "risk:")
        screen.until("answer>")
        say(screen, "approve", "refunded 90.00 EUR")
        say(screen, "/tools", "allow")
        say(screen, "/nonsense", "unknown command /nonsense")
        say(screen, "/mode step", "mode step")
        say(screen, "hello", "paused at input")
        say(screen, "abandon", "abandoned")
        say(screen, "/mode run", "mode run")
        say(screen, "I want a refund of 120 EUR for order 1002", "answer>")
        screen.type("\x03")
        screen.until("waits for a person")
        say(screen, "hello", "a turn is still open")
        say(screen, "/abandon enough", "given up")
        say(screen, "/verify", "sound:")
        say(screen, "/quit", "is kept")
        assert screen.code() == 0
    history = (shop.state / "repl_history.jsonl").read_text()
    assert "/mode step" in history
    assert (shop.state / "repl_history.jsonl").stat().st_mode & 0o777 == 0o600


def test_leave_is_shown_before_it_is_given_and_everything_can_be_stopped(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    trust(shop)
    with terminal(shop.root, "repl", "aria") as screen:
        screen.until("Ctrl-D leaves")
        say(screen, "I want a refund of 120 EUR for order 1001", "answer>")
        say(screen, "grant tomorrow", "a grant for how long?")
        say(screen, "grant session 10m", "args.order_id == 1001")
        screen.until("grant>")
        say(screen, "", "answer>")
        say(screen, "grant session 10m", "grant>")
        say(screen, "args.amount <= 130", "refunded 120.00 EUR")
        say(screen, "/grants", "args.amount <= 130")
        say(screen, "/revoke t1/ask:c2 enough", "taken back")
        say(screen, "/autonomy 9 why", "is no level of autonomy")
        say(screen, "/autonomy 3 5m busy", "autonomy 3")
        say(screen, "/stop", "stopped: everything")
        say(screen, "hello", "stopped everything")
        say(screen, "/lift", "needs a reason")
        say(screen, "/lift all is well", "lifted: everything")
        say(screen, "/resume", "Aria")
        say(screen, "/dead", "no dead letters")
        policy = shop.policies / "support.toml"
        policy.write_text(
            policy.read_text(encoding="utf-8").replace("amount > 500", "amount > 50", 1), encoding="utf-8"
        )
        say(screen, "/reload", "past verdicts of this session would differ")
        say(screen, "/quit", "is kept")
        assert screen.code() == 0


def test_what_is_saved_between_turns_is_taken_over_and_told_at_the_prompt(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    trust(shop)
    prompt, policy = shop.personas / "aria" / "prompt.md", shop.policies / "support.toml"
    with terminal(shop.root, "repl", "aria") as screen:
        screen.until("Ctrl-D leaves")
        say(screen, "hello", "How can I help?")
        prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe brief.\n", encoding="utf-8")
        screen.until("reloaded: prompt changed")
        sound = policy.read_text(encoding="utf-8")
        policy.write_text(sound + "\n[[rule]\n", encoding="utf-8")
        screen.until("not reloaded, what was read before still holds: policies/support.toml:")
        say(screen, "hello", "for you today?")
        policy.write_text(sound, encoding="utf-8")
        screen.until("read again: what is on disk is in force")
        say(screen, "/prompt", "Be brief.")
        say(screen, "/quit", "is kept")
        assert screen.code() == 0
