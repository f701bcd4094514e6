"""`session show` as of an event, filtered, by pane and as a waterfall, for people and for scripts."""

import json

import pytest

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

SAID = "Hello, my name is Mara and I wear size 42.\nI want a refund of 90 EUR for order 1001\n"


@pytest.fixture
def session(shop: Workspace, run: Run) -> str:
    assert run("run", "aria", "--approve", "policy", stdin=SAID) == 0
    return next(shop.sessions.glob("*.jsonl")).stem


def events(run: Run, *arguments: str) -> list[dict[str, object]]:
    assert run("session", "show", "last", *arguments, "--json") == 0
    return [json.loads(line) for line in run.out.splitlines()]


def place(run: Run, kind: str, turn: int) -> str:
    return next(str(one["seq"]) for one in events(run) if (one["kind"], one["turn"]) == (kind, turn))


@pytest.mark.usefixtures("session")
def test_a_session_is_shown_as_it_was_and_nothing_is_written(run: Run, shop: Workspace, session: str) -> None:
    log = shop.sessions / f"{session}.jsonl"
    before = log.read_bytes()
    at = place(run, "tool_started", 2)
    assert run("session", "show", "last", "--at", at) == 0
    assert "I want a refund of 90 EUR" in run.out
    assert "R-0001" not in run.out
    assert f"as of event {at} of " in run.err
    kept = events(run, "--at", at)
    assert [one["seq"] for one in kept] == list(range(int(at) + 1))
    assert run("session", "show", "last", "--at", "t2", "--events") == 0
    assert run.out.splitlines()[-1].split()[2:4] == ["t2", "turn_started"]
    assert events(run, "--at", "now") == events(run)
    assert log.read_bytes() == before


@pytest.mark.usefixtures("session")
def test_every_pane_is_shown_as_it_was(run: Run) -> None:
    started, returned = place(run, "tool_started", 2), place(run, "turn_finished", 2)
    said: dict[str, tuple[str, ...]] = {
        "memory": ("Name: Mara", "recalled"),
        "retrieval": ("refunds.md", "legs"),
        "policy": ("nothing but plain allows",),
        "tools": ("orders.get", "running"),
        "prompt": ("You are Aria", "[user · input]"),
        "usage": ("scripted/helpdesk", "tokens"),
    }
    for pane, words in said.items():
        assert run("session", "show", "last", "--pane", pane, "--at", started) == 0, pane
        assert all(word in run.out for word in words), (pane, run.out)
        assert run("session", "show", "last", "--pane", pane, "--at", started, "--json") == 0
        assert isinstance(run.json(), dict), pane
        then = run.out
        assert run("session", "show", "last", "--pane", pane, "--at", returned, "--json") == 0
        assert run.out != then or pane in ("memory", "retrieval"), pane
    assert run("session", "show", "last", "--pane", "memory", "--turn", "1", "--json") == 0
    data = run.json()
    assert isinstance(data, dict)
    assert [one["fate"] for one in data["proposed"]] == ["kept", "kept"]


@pytest.mark.usefixtures("session")
def test_events_are_found_by_what_they_are_and_say(run: Run) -> None:
    tools = events(run, "--kind", "tool_*", "--tool", "orders.refund")
    assert [one["kind"] for one in tools] == ["tool_started", "tool_returned"]
    assert {one["turn"] for one in events(run, "--grep", "SIZE 42", "--turn", "1")} == {1}
    assert run("session", "show", "last", "--grep", "no such words") == 0
    assert run.out == ""
    assert "0 of " in run.err
    effects = events(run, "--effect", "allow", "--rule", "default")
    assert effects
    assert {one["kind"] for one in effects} == {"verdict_reached"}


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_waterfall_fits_its_width(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run("session", "show", "last", "--waterfall") == 0
    lines = run.out.splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.startswith("turn ") for line in lines) == 2
    assert "orders.refund" in run.out
    (fall,) = events(run, "--waterfall", "--turn", "2")
    steps = fall["steps"]
    assert isinstance(steps, list)
    assert [step["step"] for step in steps][:3] == ["recall", "retrieve", "generate"]


@pytest.mark.usefixtures("session")
def test_what_is_not_there_is_one_line(run: Run) -> None:
    for arguments, said in [
        (["--at", "999"], "there is no event 999"),
        (["--at", "t9"], "there is no turn 9"),
        (["--at", "25:00"], "is no moment of a session"),
        (["--at", "00:00:00"], "nothing happened until"),
        (["--pane", "memory", "--turn", "9"], "there is no turn 9"),
        (["--waterfall", "--turn", "9"], "there is no turn 9"),
        (["--pane", "memory", "--waterfall"], "two things"),
    ]:
        assert run("session", "show", "last", *arguments) == 2, arguments
        assert said in run.err, (arguments, run.err)
        assert len(run.err.strip().splitlines()) == 1
