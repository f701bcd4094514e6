"""What a person does on the screen, one method a deed: words sent, answers, gates, panes, sheets.

Invariant: every method returns at once; what takes time runs in a worker, and its errors become lines.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from greenroom.commands.table import COMMANDS
from greenroom.core.errors import GreenroomError
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.finder import Finder
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.deeds.compare import CompareDeeds
from greenroom.tui.deeds.disk import DiskDeeds
from greenroom.tui.deeds.files import FileDeeds
from greenroom.tui.deeds.fork import ForkDeeds
from greenroom.tui.deeds.gates import DEEDS as AT_GATES
from greenroom.tui.deeds.gates import GateDeeds
from greenroom.tui.deeds.prompt import PromptDeeds
from greenroom.tui.deeds.rerun import RerunDeeds
from greenroom.tui.deeds.safety import SafetyDeeds
from greenroom.tui.deeds.scrub import TRAVELS, ScrubDeeds
from greenroom.tui.deeds.sheets import SheetDeeds
from greenroom.tui.deeds.table import DEEDS, by_slash
from greenroom.tui.deeds.what_if import WhatIfDeeds
from greenroom.tui.frame.farewell import still_open
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.panes.side import Pane, PaneName, Side
from greenroom.tui.person import ESTABLISHED, person
from greenroom.tui.rehearsal import Rehearsal, Wanted

if TYPE_CHECKING:
    from greenroom.core.values import StepMode
    from greenroom.tui.card.card import ApprovalCard
    from greenroom.tui.workbench import Workbench

MODES: tuple[StepMode, ...] = ("run", "tools", "step")


class Doing:
    """The deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._pending: list[str] = []
        self._to_forget = ""
        self.sheets = SheetDeeds(bench)
        self.safety = SafetyDeeds(bench)
        self.travel = ScrubDeeds(bench)
        self.compare = CompareDeeds(bench)
        self.disk = DiskDeeds(bench)
        self.variants = RerunDeeds(bench)
        self.forks = ForkDeeds(bench, self.variants)
        self.prompt = PromptDeeds(bench)
        self.what_if = WhatIfDeeds(bench)
        self.files = FileDeeds(bench)
        self.gates = GateDeeds(bench)
        own = "interrupt quit mode resume abandon panes maximise pane turn forget search write"
        safety = "stop lift grant approvals autonomy edit_rule reload flips"
        others = "help export review verify sessions new_session trust theme"
        self._deeds: dict[str, Callable[..., None]] = {
            **{name: getattr(self, name) for name in own.split()},
            **{name: getattr(self.sheets, name) for name in others.split()},
            **{name: getattr(self.safety, name) for name in safety.split()},
            **{name: getattr(self.travel, name) for name in TRAVELS},
            **{name: getattr(self.gates, name if name != "break" else "breaks") for name in AT_GATES},
            "compare": self.compare.compare,
            "disk": self.disk.disk,
            "let_go": self.disk.let_go,
            "edit_file": self.files.edit_file,
            "what_if": self.what_if.what_if,
            **{name: getattr(self.variants, name) for name in ["rerun", "rerun_with"]},
            **{name: getattr(self.forks, name) for name in ["fork", "tree"]},
            "prompt_call": self.prompt.call,
            "prompt_against": self.prompt.against,
            "prompt_copy": self.prompt.copy,
        }

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    def do(self, name: str, *arguments: str) -> None:
        """Do a deed by name; a problem becomes a line, and so does what would act on the past."""
        if refused := self.bench.scrub.refuses(name):
            self.bench.tell(refused, "warning")
            return
        try:
            self._deeds[name](*arguments)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")

    # opening ------------------------------------------------------------------------------------------------------

    def begin(self, wanted: Wanted, then: Callable[[], Awaitable[None]] | None = None, *, writing: bool = True) -> None:
        """Open a session beside the screen, and `then` do something with it; words sent meanwhile wait for it.

        What is typed goes to the composer at once (`writing`): after a word's first letters it would be too late.
        """
        if writing:
            self.bench.arrangement.write()
        gc.enable()
        gc.freeze()  # what is imported by now stays: never look at it again
        self.bench.opening = "opening"
        self.bench.feed.clear()
        self._work(self._open(wanted, then), "session")

    async def _open(self, wanted: Wanted, then: Callable[[], Awaitable[None]] | None) -> None:
        await self.sheets.load_themes()
        if self.bench.trusting and not await self._trusted():
            self.sheets.trust()
        self.bench.watching.rest()
        gc.disable()  # going through a long session's records again and again as they are read would double the time
        try:
            opened = await self.rehearsal.open(wanted)
            self.bench.opening = ""
            self.bench.opened()
            self.gates.opened()
        finally:
            gc.freeze()  # nor later: it would stall a key by a tenth of a second
            gc.enable()
        if not opened:
            self._hand_back()
            return
        if then is not None:
            await then()
        await self._tell_own()
        self._work(self.rehearsal.warm(), "warm")
        self.variants.changed()
        if self.rehearsal.folds.approvals.question() is not None or self.gates.rests():
            self.resume()
        elif self._pending:
            pending, self._pending = self._pending, []
            await self.rehearsal.turn("\n\n".join(pending))

    async def _tell_own(self) -> None:
        """Say what a variant goes on under, where that is not what is on disk."""
        from greenroom.commands.session.own import named, told

        session = self.rehearsal.session
        if session is not None and session.contract.own:
            said = await asyncio.to_thread(told, self.bench.workspace, session)
            if said:
                self.bench.feed.note(f"This {named(session)} {said}.", "quiet")

    def _hand_back(self) -> None:
        """Nothing opened: what was sent meanwhile goes back to the composer."""
        pending, self._pending = self._pending, []
        composer = self.bench.query_one(Composer)
        if pending and not composer.text:
            composer.put("\n\n".join(pending))

    async def _trusted(self) -> bool:
        from greenroom.workspace.trust import is_trusted

        try:
            return await asyncio.to_thread(is_trusted, self.bench.workspace)
        except GreenroomError:
            return True  # opening will say what is wrong with the file

    # talking ------------------------------------------------------------------------------------------------------

    def said(self, text: str) -> None:
        """Words from the composer: a slash word, the edit a gate waits for, or something to say."""
        bar = self.bench.query_one(GateBar)
        if bar.editing and bar.step:
            self.gates.said(text)
        elif text.startswith("/") and not text.startswith("//"):
            self._slash(text)
        elif self.bench.scrub.past:
            self._give_back(text, "this is the past: ctrl+x N goes back to now, ctrl+x F forks here")
        elif self.rehearsal.session is None:
            self._keep_or_refuse(text)
        elif self.variants.branching:
            self._give_back(text, "a branch is being opened: send it in a moment")
        elif self.rehearsal.running and bar.step:
            self._give_back(text, "a gate waits for you: f5 goes on, ctrl+x a gives the turn up")
        elif self.rehearsal.running:
            self._give_back(text, f"{self.bench.persona_name} is still at it: esc interrupts")
        elif self.rehearsal.unfinished:
            self._give_back(text, "a turn is unfinished: /resume goes on, /abandon gives it up")
        else:
            self._work(self.rehearsal.turn(text), "turn")

    def _keep_or_refuse(self, text: str) -> None:
        if self.bench.opening:
            self._pending.append(text)
            self.bench.feed.waiting(self._pending)
        else:
            told = {
                "not trusted": "not trusted, so nothing runs: /trust shows what it would run",
                "": "nothing is open: /new",
            }
            reason = self.rehearsal.read_only
            self._give_back(text, told.get(reason, "read-only: another process has this session; /new begins one"))

    def _give_back(self, text: str, why: str) -> None:
        composer = self.bench.query_one(Composer)
        if not composer.text:
            composer.put(text)
        self.bench.tell(why, "warning")

    def answered(self, event: ApprovalCard.Answered) -> None:
        """The card was answered."""
        if event.proposed is not None:
            self.safety.always(event)
        else:
            self.answer(event)

    def answer(self, event: ApprovalCard.Answered) -> None:
        """Sign an answer and give it, and go on with the turn if nobody does."""
        signed = event.reply.model_copy(update={"approver": person(), "established": ESTABLISHED})
        if self.rehearsal.answer(event.step, signed):
            self.resume()
        else:
            self.bench.show_question()  # it is still open

    def _slash(self, text: str) -> None:
        word, _, rest = text[1:].strip().partition(" ")
        deed = by_slash(word)
        listed = {command.slash for command in COMMANDS if command.slash}
        if deed is not None and deed.slash in _WITH_WORDS:
            self.do(deed.action.partition(":")[0], *([rest.strip()] if rest.strip() else []))
        elif deed is not None:
            self.bench.do_action(deed.action)
        elif word in listed:
            self.sheets.list_command(word, rest.strip())
        else:
            from greenroom.core.toml_text import suggest

            known = sorted({deed.slash for deed in DEEDS if deed.slash} | listed)
            self._give_back(text, f"unknown command /{word}: {suggest(word, known)}")

    # the turn -----------------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Esc: leave what is on top, else interrupt the turn, else go back to writing."""
        bench = self.bench
        bar = bench.query_one(GateBar)
        if bar.editing:
            bar.show(bar.pending)
            bench.query_one(Composer).clear()
        elif isinstance(bench.focused, Pane) and (sieve := bench.query_one(Side).sieve) is not None:
            sieve.clear_all()
        elif isinstance(bench.focused, Pane) and bench.arrangement.over:
            bench.arrangement.show(shown=False)
        elif not isinstance(bench.focused, Composer):
            bench.query_one(Composer).focus()
        elif bench.scrub.past:
            bench.scrub.now()
        elif self.rehearsal.folds.approvals.question() is not None and self.rehearsal.session is not None:
            bench.tell("a question is open: ctrl+n denies it, ctrl+t stops the turn", "warning")
        elif self.rehearsal.running and self.rehearsal.session is not None:
            self.rehearsal.session.cancel()

    def mode(self, word: str = "") -> None:
        """The next step mode, or the one named."""
        chosen = next((mode for mode in MODES if mode == word), None)
        if word and chosen is None:
            self.bench.tell(f"there is no mode '{word}': {', '.join(MODES)}", "warning")
            return
        now = self.bench.step_mode
        self.bench.step_mode = chosen or MODES[(MODES.index(now) + 1) % len(MODES)]
        self.rehearsal.set_mode(self.bench.step_mode)
        self.bench.tell(_MODES[self.bench.step_mode])
        self.bench.redraw()

    def resume(self) -> None:
        """Go on with the unfinished turn."""
        if self.rehearsal.running:
            return
        if self.rehearsal.unfinished:
            self._work(self.rehearsal.resume(), "turn")
        else:
            self.bench.tell("no turn is unfinished")

    def abandon(self, reason: str = "") -> None:
        """Give the unfinished turn up."""
        self.rehearsal.abandon(reason)

    # panes --------------------------------------------------------------------------------------------------------

    def panes(self) -> None:
        """Show or hide them."""
        self.bench.arrangement.show(shown=not self.bench.arrangement.panes_shown)

    def maximise(self) -> None:
        """One pane over everything, and back."""
        self.bench.arrangement.maximise()

    def pane(self, name: PaneName) -> None:
        """Bring one up and go there; somebody who writes beside it stays at the writing."""
        side = self.bench.query_one(Side)
        if not self.bench.arrangement.panes_shown:
            self.bench.arrangement.show(shown=True)
        slot = side.open(name)
        self.bench.redraw()
        # Words typed on after a glance at a pane would be taken for its single-letter keys.
        if self.bench.arrangement.over or not isinstance(self.bench.focused, Composer):
            self.bench.call_after_refresh(slot.pane.focus)

    def turn(self, by: str) -> None:
        """Have the panes show the turn before or after; in the conversation, another variant where there is one."""
        if isinstance(self.bench.focused, Transcript) and self.variants.swipe(int(by)):
            return
        last = self.bench.scrub.folds.turns
        wanted = min(max(self.bench.turn_shown + int(by), 1), last)
        if last:
            self.bench.select_turn(None if wanted == last else wanted)

    def forget(self, name: str = "") -> None:
        """Remove the selected memory, or the one named, for good."""
        from greenroom.tui.panes.memory import memory_id

        focused = self.bench.focused
        chosen = name
        if not chosen and isinstance(focused, Pane) and focused.selected is not None:
            chosen = memory_id(focused.selected)
        if not chosen:
            self.bench.tell("select a memory in the Memory pane first", "warning")
            return
        if not name and self._to_forget != chosen:
            self._to_forget = chosen
            self.bench.tell("the same key again forgets this memory for good", "warning")
            return
        self._to_forget = ""
        self._work(self.rehearsal.forget(chosen, person()), "forget")

    def search(self) -> None:
        """Search the conversation."""
        if self.bench.arrangement.over:
            self.bench.arrangement.show(shown=False)
        self.bench.query_one(Finder).open()

    def write(self) -> None:
        """Back to the composer."""
        self.bench.query_one(Composer).focus()

    def quit(self) -> None:
        """Let go of the session and leave; an open question stays open."""
        self._work(self._quit(), "quit")

    async def _quit(self) -> None:
        self.rehearsal.closing = True
        self.bench.watching.rest()
        asked = self.rehearsal.folds.approvals.question()
        session = self.rehearsal.session
        try:
            await self.rehearsal.close()
            if asked is not None and session is not None:
                self.bench.farewell = await asyncio.to_thread(
                    still_open, self.bench.workspace, session.id, asked.card.call.tool
                )
        except GreenroomError as error:
            self.bench.farewell = error.line()
        finally:
            self.bench.exit(0)

    def _work(self, work: Coroutine[object, object, None], group: str) -> None:
        self.bench.run_worker(self.bench.mishaps.through(work), group=group, exclusive=group == "session")


_WITH_WORDS = (
    "goto",
    "events",
    "mode",
    "abandon",
    "forget",
    "export",
    "theme",
    "stop",
    "lift",
    "autonomy",
    "compare",
    "edit",
    "simulate",
    "break",
)
_MODES: dict[StepMode, str] = {
    "run": "run: only policy stops the turn",
    "tools": "tools: every tool call waits for you",
    "step": "step: every gate waits for you",
}
