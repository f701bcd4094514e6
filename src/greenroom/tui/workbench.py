"""The workbench: one screen over one session. It paints first, and everything slow happens beside it.

Invariant: what is shown is drawn from the folds; what is done goes through `Rehearsal`; no key waits for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import TextArea

from greenroom.core.inert import inert
from greenroom.tui.card.card import ApprovalCard, CardApp
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.finder import Finder
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.deeds import keys
from greenroom.tui.deeds.chord import Chord
from greenroom.tui.deeds.doing import Doing
from greenroom.tui.deeds.table import DEEDS
from greenroom.tui.frame.arrangement import Arrangement
from greenroom.tui.frame.first_look import first_look
from greenroom.tui.frame.header import INTERRUPTED, Header, Standing
from greenroom.tui.frame.hints import Hints
from greenroom.tui.frame.mishaps import Mishaps
from greenroom.tui.frame.watching import Watch
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.panes.side import Side, Tabs
from greenroom.tui.rehearsal import Level, Open, Rehearsal, Wanted, open_real
from greenroom.tui.sheets.editor import own_editor
from greenroom.tui.travel.bar import ScrubBar
from greenroom.tui.travel.moment_row import MomentRow
from greenroom.tui.travel.scrub import Scrub
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from textual.command import Provider

    from greenroom.core.events import Record
    from greenroom.core.signals import Signal
    from greenroom.core.values import StepMode
    from greenroom.tui.conversation.feed import Feed
    from greenroom.tui.sheets.leave_sheet import LeaveSheet
    from greenroom.tui.sheets.stop_sheet import StopSheet

REDRAW_SECONDS = 0.06


def _palette() -> type[Provider]:
    from greenroom.tui.deeds.palette import Everything

    return Everything


class Workbench(CardApp[int]):
    """The app. `opener` opens sessions, so that a test can hand in its own."""

    TITLE = "Greenroom"
    AUTO_FOCUS = "Composer"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings()
    CSS = """
    Screen { background: $background; overflow: hidden; }
    #stage { height: 1fr; }
    #talk { width: 1fr; height: 1fr; }
    Side { display: none; width: 47%; height: 1fr; border-left: vkey $line; dock: right; }
    #stage.-beside Side { display: block; }
    #stage.-over { layout: vertical; }
    #stage.-over Side { display: block; dock: none; width: 100%; border-left: none; }
    #stage.-over #talk { height: auto; width: 100%; }
    #stage.-over Transcript#conversation { display: none; }
    #conversation { margin: 1 0 0 0; }
    .-slim #conversation { margin: 0; }
    Sheet, WordsSheet, RerunSheet, CommandPalette { background: $background 60%; }
    """

    def __init__(
        self, workspace: Workspace, wanted: Wanted | None = None, *, opener: Open = open_real, trusting: bool = True
    ) -> None:
        """`trusting` False skips the question of trust: the opener answers for it."""
        super().__init__()
        self.workspace = workspace
        self.wanted = wanted or Wanted()
        self.own_themes: tuple[str, ...] = ()
        if (look := first_look()) is not None:
            self.register_theme(look)
            self.theme = look.name
        self.rehearsal = Rehearsal(workspace, opener, self._happened, self.tell)
        self.mishaps = Mishaps(workspace.root, lambda line: self.tell(line, "error"))
        self.trusting = trusting
        self.scrub = Scrub(self)
        self.doing = Doing(self)
        self.watching = Watch(self)
        self.exported: list[str] = []
        self.farewell = ""
        self.opening = "opening"
        self.step_mode: StepMode = self.wanted.mode
        self._stage = ""
        self._turn: int | None = None
        self.chord = Chord(self)
        self._redrawing = False
        self._feed: Feed | None = None
        self.arrangement = Arrangement(self)

    def compose(self) -> ComposeResult:
        yield Header(Standing(persona=self.wanted.persona or "greenroom", mode=self.step_mode, busy="opening"))
        yield ScrubBar(self.doing.travel.moment)
        yield MomentRow(self.doing.travel.go_to)
        with Horizontal(id="stage"):
            yield Side(failed=self.mishaps.entry, travel=self.doing.travel.moment)
            with Vertical(id="talk"):
                transcript = Transcript(placeholder="Opening the session. You can write already.", id="conversation")
                yield transcript
                yield Finder(transcript)
                yield GateBar()
                yield ApprovalCard()
                yield Composer(placeholder="Write, or /help", editor=own_editor)
        yield Hints()

    def on_mount(self) -> None:
        self.arrangement.settle()
        self.query_one(Composer).focus()
        self.hint()
        self.call_after_refresh(self.doing.begin, self.wanted)

    # what comes in ------------------------------------------------------------------------------------------------

    @property
    def feed(self) -> Feed:
        """What keeps the conversation in step; it comes with the first thing to show."""
        if self._feed is None:
            from greenroom.tui.conversation.feed import Feed

            self._feed = Feed(self.query_one("#conversation", Transcript), self.mishaps.entry)
        return self._feed

    def _happened(self, item: Record | Signal) -> None:
        with self.mishaps.survived("the screen"):  # the session tells a watcher that fails nothing more
            self._show(item)

    def _show(self, item: Record | Signal) -> None:
        from greenroom.core.signals import Noted, StageEntered, TextArrived

        match item:
            case TextArrived():
                self.feed.arrived(item)
            case StageEntered(stage=stage):
                self._stage = stage
                self.show_standing()
                self.redraw_soon()  # a gate of an earlier life waits again without a record
            case Noted(text=text, level=level):
                self.tell(text, "warning" if level == "warning" else "error" if level == "error" else "info")
            case _:
                self._recorded(item)

    def _recorded(self, record: Record) -> None:
        from greenroom.core.events import ApprovalRequested, TurnFinished, TurnStarted

        if isinstance(record.event, TurnStarted) and not self.scrub.past:
            self._turn = None
        if isinstance(record.event, TurnFinished | ApprovalRequested):
            self._stage = ""
        self.redraw_soon()
        self.feed.grown()
        self.show_question()
        self.doing.safety.noted(record)

    def opened(self) -> None:
        """Another session is behind the screen."""
        self._turn, self._stage = None, ""
        self.watching.begin()
        session = self.rehearsal.session
        self.step_mode = session.mode if session else self.rehearsal.folds.mode
        self.query_one(Side).forget()
        self.scrub.forget()
        self.feed.begin(self.rehearsal.folds, self.persona_name)
        begin = f"Say something to {self.persona_name}; ^x s has all sessions." if session else "Nothing is open."
        self.query_one("#conversation", Transcript).placeholder = begin
        self.query_one("#conversation", Transcript).refresh()
        self.show_question()
        self.show_standing()
        self.redraw_soon()  # the conversation is painted before the panes are worked out
        self.call_after_refresh(self.doing.safety.remind)

    @property
    def persona_name(self) -> str:
        """Whom one talks to."""
        return self.rehearsal.persona_name

    @property
    def turn_shown(self) -> int:
        """The turn the panes show: the one selected, else the last."""
        return self._turn if self._turn is not None else self.scrub.folds.turns

    # what is shown ------------------------------------------------------------------------------------------------

    def tell(self, text: str, level: Level = "info") -> None:
        """One line for the person; an error the log does not tell stays in the conversation."""
        if not self.is_running:
            return
        self.query_one(Hints).tell(text, level=level, seconds=8 if level == "error" else 5)
        if level == "error" and not self.rehearsal.explained:
            self.feed.note(text, "bad")

    def redraw_soon(self) -> None:
        """Redraw header and panes a moment from now, however many records come until then."""
        if not self._redrawing:
            self._redrawing = True
            self.set_timer(REDRAW_SECONDS, self.redraw)

    def redraw(self) -> None:
        """Draw header, gate and panes as things stand."""
        self._redrawing = False
        if not self.rehearsal.begun or not self.query(GateBar):
            return  # the first paint stands, and what follows draws all of it; or the screen is being taken down
        self.show_standing()
        bar = self.query_one(GateBar)
        self.scrub.show()
        pending = session.gates.waiting() if (session := self.rehearsal.session) and not self.scrub.past else None
        bar.show(pending, editing=bar.editing and pending is not None)
        if self.arrangement.panes_shown:
            flips = self.watching.flips if self.watching.flips_shown and not self.scrub.past else ()
            self.query_one(Side).draw(self.scrub.folds, self.turn_shown, self.scrub.contract, flips)
        self.hint()

    def show_standing(self) -> None:
        """Draw the header."""
        from greenroom.tui.frame.standing import standing_of

        with self.mishaps.survived("the header"):
            self.query_one(Header).show(standing_of(self))

    @property
    def busy(self) -> str:
        """What the turn is at, for the header."""
        if self.rehearsal.running:
            return "waits for you" if self.rehearsal.waits else self._stage
        return INTERRUPTED if self.rehearsal.explained else self.opening

    def show_question(self) -> None:
        """Bring the open question up, or take the card away."""
        with self.mishaps.survived("the card of a question (greenroom approve show last has it)"):
            card = self.query_one(ApprovalCard)
            asked = self.rehearsal.folds.approvals.question()
            if asked is None or self.rehearsal.session is None or self.scrub.past:
                card.withdraw()
                return
            waiting = len(self.rehearsal.folds.approvals.open) - 1
            card.ask(self.doing.safety.question(asked, waiting))

    def hint(self) -> None:
        """Say in the lowest row which keys there are here."""
        if len(self.screen_stack) > 1:
            return  # the sheet has hints of its own, and this row is to be right when it is left
        card = self.query_one(ApprovalCard)
        asks = keys.FORM if card.writing else keys.asked(card.options) if card.question is not None else ()
        here = keys.row(self.focused, asks, running=self.rehearsal.running, past=self.scrub.past)
        self.query_one(Hints).show(keys.chords() if self.chord.waiting else here)

    # keys and clicks ----------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """The event has the size from now on; the app takes it on a moment later."""
        self.arrangement.settle(event.size)

    def select_turn(self, turn: int | None) -> None:
        """Have the panes show this turn; None follows the last one."""
        if turn != self._turn:
            self._turn = turn
            self.redraw_soon()

    async def on_event(self, event: events.Event) -> None:
        """The key after ctrl+x belongs to the chord, whatever has the focus."""
        if self.chord.waiting and isinstance(event, events.Key) and not event.is_forwarded:
            event.stop()
            self.chord.finish(event.key)
            return
        await super().on_event(event)

    def action_deed(self, name: str) -> None:
        """Do a deed by its name in the table."""
        self.do_action(next(deed for deed in DEEDS if deed.name == name).action)

    def do_action(self, action: str) -> None:
        """Do what a deed's `action` says: a method of `Doing`, with its argument after a colon."""
        if action == "command_palette":
            self.action_command_palette()
            return
        name, _, argument = action.partition(":")
        self.doing.do(name, *([argument] if argument else []))

    def survives(self, error: Exception) -> bool:
        """A failure of the screen's own is a line, as soon as there is a screen to show it on."""
        shown = self.is_running and self.rehearsal.begun
        if shown:
            self.mishaps.told("that", error)
        return shown

    def last_words(self, error: BaseException | None) -> str:
        """What is left to say where nothing can be shown any more."""
        return self.mishaps.last_words(error, self.rehearsal.session.id if self.rehearsal.session else "")

    async def action_quit(self) -> None:
        """Leave in order."""
        self.doing.quit()

    def action_copy_or_tell(self) -> None:
        """ctrl+c copies what is marked, and says how to leave."""
        marked = self.screen.get_selected_text()
        if marked:
            self.copy_to_clipboard(inert(marked))
            self.tell("copied")
        else:
            self.tell("ctrl+q quits; esc interrupts a turn")

    @on(Composer.Sent)
    def _sent(self, event: Composer.Sent) -> None:
        self.doing.said(event.text)

    @on(ApprovalCard.Answered)
    def _answered(self, event: ApprovalCard.Answered) -> None:
        self.doing.answered(event)

    @on(Transcript.SearchWanted)
    def _search(self) -> None:
        self.doing.search()

    def action_chord(self) -> None:
        """Wait for the second stroke, and say what there is."""
        self.chord.begin()

    async def on_leave_sheet_wished(self, event: LeaveSheet.Wished) -> None:
        self.doing.safety.wished(event)

    async def on_stop_sheet_pressed(self, event: StopSheet.Pressed) -> None:
        self.doing.safety.press(event)

    async def on_stop_sheet_lifted(self, event: StopSheet.Lifted) -> None:
        self.doing.safety.lifted(event)

    def outside(self, act: Callable[[], object]) -> None:
        """Give the terminal up, do something on it, and take it back; a problem becomes a line."""
        try:
            with self.suspend():
                act()
        except Exception as error:  # noqa: BLE001  no editor, no terminal to give up: the screen stays
            self.tell(f"the editor could not be used: {inert(str(error))}", "warning")

    def on_descendant_focus(self) -> None:
        if self.is_running and self.query(Hints):
            self.hint()

    @on(TextArea.Changed)
    def _typing(self, event: TextArea.Changed) -> None:
        if isinstance(event.text_area, Composer):
            self.query_one(ApprovalCard).typing()

    @on(Transcript.Selected)
    def _selected(self, event: Transcript.Selected) -> None:
        from greenroom.tui.conversation.talk import turn_of

        if turn := turn_of(event.entry):
            self.select_turn(turn if turn != self.scrub.folds.turns else None)

    @on(Transcript.Copied)
    def _copied(self, event: Transcript.Copied) -> None:
        self.tell(f"copied: {event.what}")

    @on(Finder.Found)
    def _found(self, event: Finder.Found) -> None:
        if event.term:
            self.tell(event.told)

    @on(Composer.Refused)
    def _refused(self, event: Composer.Refused) -> None:
        self.tell(event.reason, "warning")

    @on(Tabs.Chosen)
    def _tab(self, event: Tabs.Chosen) -> None:
        self.doing.pane(event.name)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's own: the table has all there is."""
        return ()
