"""The REPL's loop: words become turns, slash words become actions, Ctrl-C interrupts a turn and never the log.

Invariant: while a turn runs, only questions read from the terminal.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.patch_stdout import patch_stdout

from greenroom.approval.kill_switch import KillSwitch, spoken
from greenroom.approval.mailbox import Mailbox
from greenroom.commands.declare import Action
from greenroom.commands.live.actions import Live, act, find_action
from greenroom.commands.live.watching import Disk, against
from greenroom.commands.session.own import named
from greenroom.commands.session.own import told as told_own
from greenroom.commands.session.sessions import conversation
from greenroom.core.errors import GreenroomError
from greenroom.core.events import Record, TurnStarted
from greenroom.core.inert import inert_line
from greenroom.core.signals import Signal
from greenroom.core.values import Breakpoint
from greenroom.engine.session import Session
from greenroom.log.unused import remove_unused
from greenroom.repl.completer import SlashCompleter
from greenroom.repl.history import MaskedHistory
from greenroom.repl.out import Out
from greenroom.repl.person import Person
from greenroom.views import governing
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from greenroom.views.people.approvals import Asked
from greenroom.views.turns import usage
from greenroom.workspace.breakpoint_file import saved
from greenroom.workspace.layout import Workspace

LOOK_SECONDS = 0.4
HISTORY = "repl_history.jsonl"
_TURNS = ("resume", "again")
"""Actions that carry a turn: Ctrl-C interrupts them, and gates ask."""


def run(
    workspace: Workspace,
    *,
    persona: str = "",
    model: str = "",
    session: str = "",
    breaks: Sequence[Breakpoint] = (),
) -> int:
    """Talk until the person leaves; the exit code. It stops at `breaks`, and at what is kept with the workspace.

    Raises:
        GreenroomError: the session cannot be opened.
    """
    return asyncio.run(_open(workspace, persona, model, session, breaks))


async def _open(workspace: Workspace, persona: str, model: str, session_id: str, breaks: Sequence[Breakpoint]) -> int:
    from greenroom.assembly import open_session

    person = Person()
    approver = Mailbox(here=person)  # a question may also be answered from another terminal
    session = await open_session(workspace, persona=persona, model=model, session=session_id, approver=approver)
    try:
        repl = Repl(workspace, session, person)
        repl.stop_at(breaks)
        await repl.talk()
    finally:
        await session.aclose()
        await asyncio.to_thread(remove_unused, workspace, session.id)
    return 0


class Repl:
    """One session at the terminal."""

    def __init__(self, workspace: Workspace, session: Session, person: Person) -> None:
        self._session = session
        self._workspace = workspace
        self._live = Live(workspace, session)
        self._disk = Disk(self._live)
        self._switch = KillSwitch(workspace)
        self._person = person
        self._out = person.out = Out(session.contract.persona.name)
        person.asked = self._asked
        self._history = MaskedHistory(workspace.make_state() / HISTORY)
        session.gates.keeper = lambda pending: person.keep_gate(session, pending)
        self._prompt: PromptSession[str] = PromptSession(
            history=self._history,
            completer=SlashCompleter(),
            bottom_toolbar=self._toolbar,
            complete_while_typing=True,
            reserve_space_for_menu=4,  # a terminal of ten lines must still show the conversation
        )

    def stop_at(self, breaks: Sequence[Breakpoint]) -> None:
        """Stop at these and at what is kept with the workspace; what of it cannot be used is said in a line."""
        self._session.set_breakpoints(breaks)
        try:
            self._session.set_breakpoints((*saved(self._workspace), *breaks))
        except GreenroomError as error:
            self._out.error(error)

    async def talk(self) -> None:
        """Read and obey until /quit or Ctrl-D."""
        self._greet()
        self._session.bus.subscribe(self._follow)
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self._warm()), group.create_task(self._watch())]
            await self._converse()
            for task in beside:
                task.cancel()

    def _asked(self, step: str) -> Asked | None:
        """The open question of a step, as the log has it."""
        state = fold_all(approvals.fold, approvals.EMPTY, self._session.records)
        return next((one for one in state.open if one.step == step), None)

    async def _warm(self) -> None:
        """Start what is slow to start while the person reads and types."""
        try:
            await self._session.warm()
        except GreenroomError as error:
            self._out.error(error)

    async def _watch(self) -> None:
        """Between turns, take over what is saved while the person reads and types."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._session.running:
                await self._take_over(settle=True)

    async def _take_over(self, *, settle: bool = False) -> None:
        """Take over what was saved since the last look, and say so."""
        try:
            news = await self._disk.look(settle=settle)
        except GreenroomError as error:
            self._out.error(error)
            return
        if news is not None:
            self._out.lines(news.lines())

    async def _converse(self) -> None:
        while (line := await self._read()) is not None:
            text = line.strip()
            await self._take_over()
            if text in ("/quit", "/q", "/exit"):
                break
            if text:
                await self._obey(text)
        self._out.lines(
            [f"session {self._session.id} is kept; go on with: greenroom repl --session {self._session.id}"]
        )

    async def _obey(self, text: str) -> None:
        try:
            if not text.startswith("/"):
                await self._turn(lambda: self._session.turn(text))
                return
            self._history.keep(self._session.masked(text))
            name, _, rest = text[1:].partition(" ")
            action = find_action(name)
            if action.name in _TURNS:
                await self._turn(lambda: self._acted(action, rest))
            else:
                await self._acted(action, rest)
        except GreenroomError as error:
            self._out.error(error)

    async def _acted(self, action: Action, rest: str) -> None:
        done = await act(self._live, action, rest)
        self._out.lines([*done.lines, *done.notes])

    async def _turn(self, work: Callable[[], Awaitable[object]]) -> None:
        """Carry a turn while Ctrl-C interrupts it and gates are asked about."""
        with _interrupting(self._session.cancel):
            problem = await self._carried(work)
        if problem is not None:
            raise problem

    async def _carried(self, work: Callable[[], Awaitable[object]]) -> GreenroomError | None:
        """Carry it; a problem is returned, so that Ctrl-C is nobody's any more when it is told."""
        try:
            await work()
        except GreenroomError as error:
            return error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._out.lines(["/resume goes on, /abandon gives the turn up"])
        return None

    def _follow(self, item: Record | Signal) -> None:
        if isinstance(item, Record) and isinstance(item.event, TurnStarted):
            self._history.keep(item.event.words)
        self._out.follow(item)

    async def _read(self) -> str | None:
        while True:
            with patch_stdout(raw=True):
                try:
                    return await self._prompt.prompt_async("you> ")
                except KeyboardInterrupt:
                    continue
                except EOFError:
                    return None

    def _greet(self) -> None:
        contract = self._session.contract
        if len(self._session.records) > 2:
            self._out.lines(conversation(list(self._session.records)))
        self._out.lines([f"{contract.persona.label} on {contract.model}. /help lists the commands, Ctrl-D leaves."])
        if own := told_own(self._workspace, self._session):
            self._out.lines([f"this {named(self._session)} {own}"])
        if self._session.open_turn() is not None:
            self._out.lines(["a turn is unfinished: /resume goes on with it, /abandon gives it up"])

    def _toolbar(self) -> FormattedText:
        contract = self._session.contract
        total = usage.total(fold_all(usage.fold, usage.EMPTY, self._session.records))
        level, until = self._session.autonomy
        autonomy = f"autonomy {level}{f' until {until[11:16]} UTC' if until else ''}"
        parts = (
            contract.persona.label,
            contract.model,
            f"mode {self._session.mode}",
            autonomy,
            f"{total.tokens} tokens",
        )
        ran = fold_all(governing.fold, governing.EMPTY, self._session.records).ran
        differs = filter(None, [against(ran, self._disk.contract)])
        line = inert_line(" · ".join((*parts, f"{total.usd:.4f} USD", *differs)))
        held = ", ".join(spoken(stop.scope, stop.target) for stop in self._switch.stops())
        stopped = [("bold", f"STOPPED: {inert_line(held, 60)}"), ("", " · ")] if held else []
        return FormattedText([*stopped, ("", line)])


@contextmanager
def _interrupting(cancel: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C calls `cancel` meanwhile, where the platform's event loop can do that."""
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
