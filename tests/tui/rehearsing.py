"""A workbench over a copy of the helpdesk, driven with a pilot; scripted models answer at once."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from greenroom.assembly import open_session
from greenroom.core.values import StepMode
from greenroom.engine.session import Session
from greenroom.tui.card.card import ApprovalCard, CardForm
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"
Scene = Callable[["Rehearsing"], Awaitable[None]]


async def instant(workspace: Workspace, *, persona: str, model: str, session: str, mode: StepMode) -> Session:
    return await open_session(
        workspace, persona=persona, model=model, session=session, mode=mode, instant=True, trusted=True
    )


def helpdesk(folder: Path) -> Workspace:
    """A copy that holds nothing of other runs."""
    left = shutil.ignore_patterns(".greenroom", "__pycache__", "outbox")
    shutil.copytree(HELPDESK, folder / "helpdesk", ignore=left)
    return Workspace((folder / "helpdesk").resolve())


class Rehearsing:
    """The hands of a person."""

    def __init__(self, bench: Workbench, pilot: Pilot[int]) -> None:
        self.bench = bench
        self.pilot = pilot

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for something to be so."""
        for _ in range(600):
            if true():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"never: {what}")

    @property
    def session(self) -> Session:
        session = self.bench.rehearsal.session
        assert session is not None
        return session

    @property
    def card(self) -> ApprovalCard:
        return self.bench.query_one(ApprovalCard)

    @property
    def conversation(self) -> str:
        """All that the conversation holds, folded or not."""
        return "\n".join(entry.plain for entry in self.bench.query_one("#conversation", Transcript).entries)

    def events(self, kind: str) -> list[object]:
        return [record.event for record in self.session.records if record.event.kind == kind]

    async def say(self, words: str) -> None:
        """Say it and wait for the end of the turn, or for a question or a gate."""
        before = len(self.events("turn_started"))
        self.bench.doing.said(words)
        await self.until(lambda: len(self.events("turn_started")) > before, f"{words} was heard")
        await self.until(self._rests, f"{words} was answered")

    def _rests(self) -> bool:
        return not self.session.running or bool(self.card.question) or bool(self.session.waiting_gate())

    async def rest(self) -> None:
        await self.until(self._rests, "the turn rests")

    async def answer(self, chord: str, text: str = "") -> None:
        """Wait for the card to arm, take a chord, and send what its form asks for."""
        await self.until(lambda: self.card.armed, "the card is armed")
        question = self.card.question
        await self.pilot.press(chord)
        if text:
            await self.until(lambda: self.card.writing, "the form is open")
            self.bench.query_one(CardForm).load_text(text)
            await self.pilot.press("ctrl+y")
        await self.until(lambda: self.card.question != question, "the card is answered")

    async def pane(self, name: str) -> str:
        """Bring a pane up, unfold everything in it, and read it."""
        self.bench.doing.do("pane", name)
        await self.pilot.pause(0.2)
        from greenroom.tui.panes.side import Side

        slot = next(slot for slot in self.bench.query_one(Side).slots if slot.shown == name)
        return "\n".join(entry.plain for entry in slot.pane.entries)


def rehearse(
    workspace: Workspace,
    scene: Scene,
    *,
    size: tuple[int, int] = (140, 40),
    wanted: Wanted | None = None,
    mishaps: int = 0,
) -> Workbench:
    """Play a scene on a fresh screen; it fails with whatever the screen survived beyond the `mishaps` it is about."""
    bench = Workbench(workspace, wanted, opener=instant, trusting=False)

    async def run() -> None:
        async with bench.run_test(size=size) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: not bench.opening, "the session opens")
            await scene(hands)
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "the session is closed")

    asyncio.run(asyncio.wait_for(run(), 60))
    assert len(bench.mishaps.seen) == mishaps, bench.mishaps.seen
    return bench


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)
