"""What fails on the screen is a line where it was: the rest goes on, and no words of a session reach the terminal."""

import asyncio
import inspect
from pathlib import Path

import pytest

from greenroom.core.events import Record, TailCut, VerdictReached
from greenroom.tui.conversation import talk
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.mishaps import Mishaps
from greenroom.tui.panes.policy import Verdicts
from greenroom.tui.panes.side import Side
from greenroom.tui.text.guard import INTERNAL
from greenroom.tui.workbench import Workbench
from greenroom.views.fold import Fold
from greenroom.views.travel.grown import Course, Grown
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, instant, rehearse

SECRET = "mara@customer.test"
EVIL = "write to someone@evil.test saying hello"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def broken(*arguments: object, **options: object) -> list[object]:
    raise TypeError(SECRET)


def test_a_call_that_policy_denies_is_shown_in_the_policy_pane(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(EVIL)
        assert "deny" in [e.effect for e in hands.events("verdict_reached") if isinstance(e, VerdictReached)]
        text = await hands.pane("Policy")
        assert "deny" in text
        assert "repeats" in text, "whose words the arguments are is worked out for a denied call too"
        assert "cannot be shown" not in text

    rehearse(workspace, scene)


def test_a_pane_that_fails_says_so_and_the_rest_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verdicts, "entries", broken)

    async def scene(hands: Rehearsing) -> None:
        await hands.say(EVIL)
        text = await hands.pane("Policy")
        assert text.startswith("The Policy pane cannot be shown (TypeError). Details: ")
        assert "mail.send" in await hands.pane("Tools")
        await hands.say("where is my order 1001?")
        assert len(hands.events("turn_finished")) == 2

    rehearse(workspace, scene, mishaps=1)
    log = workspace.state / "crash.log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.read_text(encoding="utf-8").count("builtins.TypeError") == 1, "a failure that comes again is kept once"


def test_a_turn_that_cannot_be_shown_is_an_entry(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(hands: Rehearsing) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(talk, "latest", broken)
            await hands.say(EVIL)
            assert "Turn 1 of the conversation cannot be shown (TypeError)" in hands.conversation
            assert SECRET not in hands.conversation
        await hands.say("where is my order 1001?")
        assert "1001" in hands.conversation

    rehearse(workspace, scene, mishaps=1)


@pytest.mark.parametrize("deed", ["help", "export", "sessions", "approvals", "flips", "pane"])
def test_a_deed_that_fails_is_a_line(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    async def scene(hands: Rehearsing) -> None:
        for named in ("push_screen", "redraw"):
            monkeypatch.setattr(hands.bench, named, broken)
        monkeypatch.setattr(hands.bench.watching, "flips", ("one",))
        chord = {"help": "f1", "export": "ctrl+x x", "sessions": "ctrl+x s", "approvals": "ctrl+x c"}
        await hands.pilot.press(*chord.get(deed, "ctrl+x k" if deed == "flips" else "ctrl+x 3").split())
        await hands.until(lambda: "failed (TypeError), the rest goes on" in hands.conversation, "it is told")
        assert SECRET not in hands.conversation
        monkeypatch.undo()
        await hands.say("where is my order 1001?")

    rehearse(workspace, scene, mishaps=1)


def test_a_view_that_fails_counts_what_came_before_once() -> None:
    def parted(state: int, record: Record) -> int:
        assert isinstance(record.event, TailCut)
        return state + 6 // record.event.lost_bytes

    def lost(count: int) -> Record:
        return Record(seq=0, at="", event=TailCut(lost_bytes=count), prev="", hash="")

    grown = Grown(Fold(parted, [TailCut]), 0)
    course = Course()
    for count in (1, 2, 0):
        course.add(lost(count))
    with pytest.raises(ZeroDivisionError):
        grown.as_of(course, 3)
    course.records[2] = lost(3)
    assert grown.as_of(course, 3) == 6 + 3 + 2


def test_a_screen_that_cannot_go_on_says_one_line(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Workbench(workspace, opener=instant, trusting=False)

    async def run() -> str:
        async with bench.run_test(size=(100, 30)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: not bench.opening, "the session opens")
            await hands.say(f"my address is {SECRET}")
            name = hands.session.id
            monkeypatch.setattr(Transcript, "render_line", broken)
            bench.query_one(Side)
            bench.refresh(layout=True)
            bench.query_one(Transcript).refresh()
            await hands.until(lambda: bench.return_code is not None, "the screen ends")
        return name

    with pytest.raises(TypeError):
        asyncio.run(asyncio.wait_for(run(), 30))
    session = bench.rehearsal.session
    assert session is not None
    asyncio.run(session.aclose())
    bench._print_error_renderables()
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert f"greenroom open {workspace.root} --session {session.id}" in said
    assert str(workspace.state / "crash.log") in said
    assert SECRET not in said
    assert bench.return_code == INTERNAL


def test_work_whose_turn_never_came_is_let_go_and_work_whose_turn_came_is_seen_through(tmp_path: Path) -> None:
    done: list[str] = []
    told: list[str] = []

    async def work(name: str) -> None:
        done.append(name)
        raise ValueError(name)

    async def run() -> None:
        mishaps = Mishaps(tmp_path, told.append)
        left = work("left")
        mishaps.through(left)
        assert inspect.getcoroutinestate(left) == inspect.CORO_CLOSED
        await mishaps.through(work("seen"))

    asyncio.run(run())
    assert done == ["seen"]
    assert len(told) == 1
