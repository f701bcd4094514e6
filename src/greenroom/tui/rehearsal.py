"""A session behind the screen: opened beside the first paint, spoken to, answered, resumed, and let go.

Invariant: no call from the screen waits for the session, and no error of it leaves as anything but one line told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from greenroom.core.errors import GreenroomError, UsageError
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.core.signals import Signal
    from greenroom.core.values import ApprovalReply, StepMode
    from greenroom.engine.contract import Contract
    from greenroom.engine.session import Session
    from greenroom.tui.folds import Folds

Level = Literal["info", "warning", "error"]
UNFINISHED = ("open question", "interrupted", "unfinished")


class Open(Protocol):
    """Opens a session; `assembly.open_session`, or a test's own."""

    def __call__(
        self, workspace: Workspace, *, persona: str, model: str, session: str, mode: StepMode
    ) -> Awaitable[Session]: ...


async def open_real(workspace: Workspace, *, persona: str, model: str, session: str, mode: StepMode) -> Session:
    """Open through the composition root, its imports kept off the event loop."""
    await asyncio.to_thread(import_module, "greenroom.assembly")
    from greenroom.assembly import open_session

    return await open_session(workspace, persona=persona, model=model, session=session, mode=mode)


@dataclass
class Wanted:
    """What to open: ids as given on the command line. `latest` goes on with an unfinished session instead of a new one.
    `breaks` are conditions at which the screen's sessions stop beside those that are kept with the workspace.
    """

    persona: str = ""
    model: str = ""
    session: str = ""
    mode: StepMode = "run"
    latest: bool = True
    breaks: tuple[str, ...] = ()


@dataclass
class Rehearsal:
    """The one session of a screen. `told` takes a line for the person, `happened` every record and signal."""

    workspace: Workspace
    opener: Open
    happened: Callable[[Record | Signal], None]
    told: Callable[[str, Level], None]
    session: Session | None = None
    read_only: str = ""
    closing: bool = False
    _stop: Callable[[], None] = lambda: None
    _folds: Folds | None = None

    @property
    def begun(self) -> bool:
        """Whether there is anything to show yet; asking costs nothing, making the views does."""
        return self._folds is not None

    @property
    def folds(self) -> Folds:
        """The views of the session; empty ones until it is open."""
        if self._folds is None:
            self._fold(())
        assert self._folds is not None
        return self._folds

    def _fold(self, records: Iterable[Record]) -> None:
        from greenroom.tui.folds import Folds

        folds = Folds(records)
        folds.grow()
        self._folds = folds

    @property
    def contract(self) -> Contract | None:
        """What governs the session."""
        return self.session.contract if self.session else None

    @property
    def running(self) -> bool:
        """Whether a turn is being worked on here."""
        return self.session is not None and self.session.running

    @property
    def persona_name(self) -> str:
        """Whom one talks to."""
        opened = self.folds.opened
        return self.contract.persona.name if self.contract else opened.persona if opened else "greenroom"

    @property
    def explained(self) -> bool:
        """Whether the conversation says by itself that the turn was interrupted, and why."""
        try:
            now = self.folds.conversation.last()
        except Exception:  # noqa: BLE001  a conversation that cannot be shown explains nothing
            return False
        return now is not None and now.status == "interrupted" and self.session is not None

    @property
    def waits(self) -> bool:
        """Whether the turn waits for a person: for an answer, or at a gate."""
        asked = self.folds.approvals.question() is not None
        return asked or (self.session is not None and bool(self.session.waiting_gate()))

    @property
    def unfinished(self) -> bool:
        """Whether the last turn has not ended."""
        return self.session is not None and self.session.open_turn() is not None

    async def open(self, wanted: Wanted) -> bool:
        """Open what is wanted; where another process holds it, or nothing is trusted, show it read-only."""
        await self.close()
        self._fold(())
        self.read_only = ""
        name = wanted.session
        try:
            if not name and wanted.latest and not wanted.persona and not wanted.model:
                name = await asyncio.to_thread(_unfinished, self.workspace)
            session = await self.opener(
                self.workspace, persona=wanted.persona, model=wanted.model, session=name, mode=wanted.mode
            )
        except GreenroomError as error:
            return await self._only_look(error, name, wanted)
        try:
            await asyncio.to_thread(self._fold, tuple(session.records))
        except BaseException:
            await session.aclose()
            raise
        self._stop = session.bus.subscribe(self._see)
        self.session = session  # only now: what is said before it is seen would never be shown
        return True

    async def _only_look(self, error: GreenroomError, name: str, wanted: Wanted) -> bool:
        if error.code == "session.locked" and not wanted.session:
            return await self.open(Wanted(wanted.persona, wanted.model, "", wanted.mode, latest=False))
        if error.code == "trust.missing":
            self.told("nothing of this workspace runs until you trust it: /trust", "warning")
        else:
            self.told(error.line(), "error")
        if error.code not in ("session.locked", "trust.missing"):
            return False
        self.read_only = "read-only" if error.code == "session.locked" else "not trusted"
        if name:
            try:
                records = await asyncio.to_thread(_read, self.workspace, name)
            except GreenroomError as problem:
                self.told(problem.line(), "error")
            else:
                await asyncio.to_thread(self._fold, records)
        return False

    async def close(self) -> None:
        """Let go of the session; an open question stays open in its log."""
        session, self.session = self.session, None
        self._stop()
        self._stop = lambda: None
        if session is not None:
            await self._closed(session)

    async def _closed(self, session: Session) -> None:
        """Close it; where nothing was said or done in it, no log of it is kept."""
        from greenroom.log.unused import remove_unused

        await session.aclose()
        await asyncio.to_thread(remove_unused, self.workspace, session.id)

    def take(self, session: Session) -> None:
        """Have this session behind the screen from here on; whoever opened it lets go of the one before."""
        self._stop()
        self.read_only = ""
        self._fold(tuple(session.records))
        self._stop = session.bus.subscribe(self._see)
        self.session = session

    async def let_go(self, session: Session) -> None:
        """Close a session that is not shown any more; a turn of it that waits ends without a word about it."""
        self.closing = True
        try:
            await self._closed(session)
        finally:
            self.closing = False

    async def warm(self) -> None:
        """Start what is slow to start."""
        if self.session is not None:
            await self._told_of(self.session.warm())

    async def turn(self, words: str) -> None:
        """Say something and see the turn through."""
        if self.session is not None:
            await self._told_of(self.session.turn(words))

    async def resume(self) -> None:
        """Go on with the open turn."""
        if self.session is not None and not self.session.running:
            await self._told_of(self.session.resume())

    async def ask_again(self, step: str) -> None:
        """Put a dead letter's call once more, in a turn of its own."""
        if self.session is not None:
            await self._told_of(self.session.ask_again(step))

    async def forget(self, memory_id: str, by: str) -> None:
        """Remove a memory for good."""
        if self.session is not None and not await self._told_of(self.session.forget(memory_id, by)):
            self.told("that memory is not in the store any more", "warning")

    async def prefer(self, over: Sequence[str], by: str) -> None:
        """Say in the log that this session was preferred to others."""
        if self.session is not None:
            await self._told_of(self.session.prefer(over, by))

    def abandon(self, reason: str) -> None:
        """Give the open turn up."""
        from greenroom.core.values import GateReply

        session = self.session
        if session is None or session.open_turn() is None:
            self.told("no turn is unfinished", "info")
        elif step := session.waiting_gate():
            session.pass_gate(step, GateReply(action="abandon"))
        elif session.running:
            self.told("the turn is running: esc interrupts it first", "warning")
        else:
            self.attempt(lambda: session.abandon(reason or "given up by the person"))

    def answer(self, step: str, reply: ApprovalReply) -> bool:
        """Answer an open question; says whether the answer was taken."""
        session = self.session
        return session is not None and self.attempt(lambda: session.answer(step, reply))

    def set_mode(self, mode: StepMode) -> None:
        """Step differently from here on."""
        if (session := self.session) is not None:
            self.attempt(lambda: session.set_mode(mode))

    def _see(self, item: Record | Signal) -> None:
        from greenroom.core.events import Record

        if isinstance(item, Record):
            self.folds.see(item)
        self.happened(item)

    def attempt(self, act: Callable[[], None]) -> bool:
        """Do something to the session; a problem becomes a line. Says whether there was none."""
        try:
            act()
        except GreenroomError as error:
            self.told(error.line(), "error")
            return False
        return True

    async def _told_of(self, work: Awaitable[object]) -> object:
        """Carry work out; a problem, or its interruption, becomes a line."""
        try:
            return await work
        except GreenroomError as error:
            self.told(error.line(), "error")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.closing or (task is not None and task.cancelling()):
                raise
            self.told("interrupted: /resume goes on, /abandon gives the turn up", "warning")
        except Exception as error:  # noqa: BLE001  whatever an adapter does, the screen stays and the log says why
            self.told(f"{type(error).__name__}: {error}", "error")
        return None


def _unfinished(workspace: Workspace) -> str:
    """The latest session, if a turn of it waits; '' if none does or it cannot be read."""
    from greenroom.assembly import read_session, session_id
    from greenroom.log.summary import summarise

    if not workspace.sessions.is_dir():
        return ""
    try:
        name = session_id(workspace, "last")
        found = summarise(name, read_session(workspace, name))
    except (UsageError, GreenroomError):
        return ""
    return name if found.status in UNFINISHED else ""


def _read(workspace: Workspace, name: str) -> list[Record]:
    from greenroom.assembly import read_session

    return read_session(workspace, name)
