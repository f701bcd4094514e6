"""The panes beside (or over) the conversation: seven views of one turn, two of them open at once where there is room.

Invariant: what a pane shows is computed from the folds when it is in view, and only then; folds of an earlier moment
give the panes of that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content, Span
from textual.message import Message
from textual.widgets import Static

from greenroom.tui.conversation.column import Place
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.frame.mishaps import Failed, failed
from greenroom.tui.travel.event_pane import EventPane, seq_of
from greenroom.tui.travel.sieve import Sieve

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract
    from greenroom.regression.flips import Flip
    from greenroom.tui.folds import Folds
    from greenroom.tui.panes.made import Panes

PaneName = Literal["Memory", "Retrieval", "Policy", "Tools", "Prompt", "Trace", "Usage"]
NAMES: tuple[PaneName, ...] = get_args(PaneName)
_EMPTY: dict[PaneName, str] = {
    "Memory": "Nothing was recalled or proposed yet.",
    "Retrieval": "Nothing was looked up yet.",
    "Policy": "No verdicts yet.",
    "Tools": "No tool was called in this turn.",
    "Prompt": "Nothing was sent to a model yet.",
    "Trace": "No events yet.",
    "Usage": "Nothing was used yet.",
}


class Pane(EventPane):
    """One view of a turn, or in Trace of the whole session."""

    DEFAULT_CSS = """
    Pane { background: $background; }
    """

    def put(self, entries: list[Entry], *, fresh: bool) -> None:
        """Show these; `fresh` starts at the top."""
        if self.travels:
            self.mark_found((), ())
        self._ahead, self.travels = None, False
        self._shown = -1
        self.set_entries(entries)
        if fresh:
            self._go(Place())
        self._view.follow = False

    def go_to_top(self) -> None:
        """Select the first row below its heading, with the heading in view, and go there."""
        self.focus()
        self.action_edge(-1)
        self.action_select_by(1)


class Slot(Vertical):
    """A pane under its title."""

    DEFAULT_CSS = """
    Slot { height: 1fr; }
    Slot .slot-title { height: 1; padding: 0 1; background: $surface; color: $quiet; text-wrap: nowrap; }
    Slot:focus-within .slot-title { color: $primary; text-style: bold; }
    """

    def __init__(self, name: PaneName, *, id: str) -> None:
        super().__init__(id=id)
        self.shown: PaneName = name
        self._drawn: tuple[PaneName, int, bool, bool] | None = None
        self._found = ""
        self.falling = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="slot-title")
        yield Sieve(self._leave_sieve)
        yield Pane()

    @property
    def pane(self) -> Pane:
        """The pane itself."""
        return self.query_one(Pane)

    def draw(self, folds: Folds, turn: int, make: Callable[[PaneName, int], list[Entry]]) -> None:
        """Show the slot's view of a turn as it stands, or stood."""
        past = folds.whole is not folds
        self._title(f"turn {turn}" if turn else "no turn yet", past=past)
        self.pane.placeholder = self._empty()
        entries = make(self.shown, turn)
        fresh = self._drawn != (self.shown, turn, past, self.falling)
        if self.shown == "Trace" and not self.falling:
            last = folds.last if past or turn == folds.turns else next(iter(folds.turn_records.get(turn, ())), None)
            self.pane.put_events(entries, last.seq if last else 0, past=past, fresh=fresh)
        else:
            self.query_one(Sieve).remove_class("-open")
            self.pane.put(entries, fresh=fresh)
            self.pane.travels = self.falling and self.shown == "Trace"
        self._drawn = (self.shown, turn, past, self.falling)

    def show_found(self, found: Sequence[int], words: Sequence[str], of: int) -> None:
        """Say what was found among `of` events, and mark it."""
        self._found = f"  {len(found)} of {of} found" if self.query_one(Sieve).value.strip() else ""
        self.pane.mark_found(found, words)
        self.query_one(Sieve).set_class(bool(self._found) or self.query_one(Sieve).has_focus, "-open")

    def on_event_pane_filter_wished(self, event: Pane.FilterWished) -> None:
        event.stop()
        self.query_one(Sieve).open()

    def _leave_sieve(self) -> None:
        self.screen.set_focus(self.pane)
        if self.pane.travels and seq_of(self.pane.selected) is None:
            self.pane.action_match(1)

    def _empty(self) -> str:
        """What is said where there is nothing."""
        if self.shown != "Trace" or not (self.falling or self._found):
            return _EMPTY[self.shown]
        return "Nothing in this turn has taken any time yet." if self.falling else "No event of the session is meant."

    def _title(self, of: str, *, past: bool) -> None:
        of = f"◂ {of}" if past else of
        found = ("  waterfall" if self.falling else self._found) if self.shown == "Trace" else ""
        space = max(self.size.width - len(self.shown) - len(found) - len(of) - 2, 1)
        text = f"{self.shown}{found}{' ' * space}{of}"
        tint = "$accent not bold" if past else "$quiet not bold"
        title = Content(text, [Span(len(self.shown), len(text), tint)])
        self.query_one(".slot-title", Static).update(title, layout=False)  # its row is as high as ever


class Tabs(Static):
    """The seven names; those in view stand out. A click opens one."""

    DEFAULT_CSS = """
    Tabs { height: 1; padding: 0 1; color: $quiet; text-wrap: nowrap; }
    """

    @dataclass
    class Chosen(Message):
        """A name was clicked."""

        name: PaneName

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._open: tuple[PaneName, ...] = ()
        self._places: list[tuple[int, int, PaneName]] = []

    def show(self, names: tuple[PaneName, ...]) -> None:
        """Say which are in view."""
        if names != self._open:
            self._open = names
            self.refresh()

    def render(self) -> Content:
        """The names with their numbers where there is room for them."""
        labels, gap = _labels(self.size.width or 60, self._open)
        text, spans = "", list[Span]()
        self._places = []
        for name, label in labels:
            start = len(text)
            text += label + " " * gap
            self._places.append((start, start + len(label), name))
            if label[0].isdigit():
                spans.append(Span(start, start + 1, "$accent"))
            if name in self._open:
                spans.append(Span(start, start + len(label), "$primary bold"))
        return Content(text.rstrip(), spans)

    def on_click(self, event: events.Click) -> None:
        """Open the name under the pointer."""
        at = event.x - 1
        for start, end, name in self._places:
            if start <= at < end:
                self.post_message(self.Chosen(name))


def _labels(width: int, shown: tuple[PaneName, ...]) -> tuple[list[tuple[PaneName, str]], int]:
    """The names with their numbers, closer together or only those in view where there is less room, and the gap."""
    numbered = [(name, f"{number} {name}") for number, name in enumerate(NAMES, 1)]
    room = sum(len(label) for _, label in numbered)
    for gap in (2, 1):
        if room + gap * (len(NAMES) - 1) <= width:
            return numbered, gap
    return [(name, label if name in shown else label[0]) for name, label in numbered], 1


class Side(Vertical):
    """The tabs and the two slots."""

    DEFAULT_CSS = """
    Side { background: $background; }
    Side.-single #lower { display: none; }
    """

    def __init__(
        self, *, failed: Failed = failed, travel: Callable[[int | None], None] = lambda seq: None, id: str | None = None
    ) -> None:
        """`travel` takes the event to show the session as of, None for now."""
        super().__init__(id=id)
        self._failed = failed
        self._travel = travel
        self._made: Panes | None = None
        self._drawn: tuple[Folds, int, Contract | None, Sequence[Flip]] | None = None

    def compose(self) -> ComposeResult:
        yield Tabs()
        yield Slot("Retrieval", id="upper")
        yield Slot("Policy", id="lower")

    @property
    def slots(self) -> list[Slot]:
        """The slots in view."""
        slots = list(self.query(Slot))
        return slots[:1] if self.has_class("-single") else slots

    @property
    def active(self) -> Slot:
        """The slot with the focus, else the upper one."""
        return next((slot for slot in self.slots if slot.has_focus_within), self.slots[0])

    def open(self, name: PaneName) -> Slot:
        """Bring a view up: where it is in view already, else in the active slot."""
        slot = next((slot for slot in self.slots if slot.shown == name), None) or self.active
        other = next((one for one in self.query(Slot) if one is not slot), None)
        if other is not None and other.shown == name:
            other.shown = slot.shown
        slot.shown = name
        return slot

    def beside(self, name: PaneName) -> None:
        """Bring a view up in the slot that has not the focus, if it is not in view."""
        slots = self.slots
        if all(slot.shown != name for slot in slots):
            other = next((slot for slot in reversed(slots) if not slot.has_focus_within), slots[0])
            other.shown = name

    @property
    def panes(self) -> Panes:
        """What the views are made with."""
        self._made = self._made or _panes()
        return self._made

    def forget(self) -> None:
        """Another session: nothing made so far holds."""
        self._made = None

    def on_event_pane_wished(self, event: Pane.Wished) -> None:
        """An event of Trace was clicked."""
        event.stop()
        self._travel(event.seq)

    def draw(self, folds: Folds, turn: int, contract: Contract | None, flips: Sequence[Flip] = ()) -> None:
        """Show this turn as the folds have it; `flips` are past verdicts that would come out otherwise."""
        if not self.display or not self.is_mounted:
            return

        made = self.panes if folds.whole is folds else self.panes.back()

        def make(name: PaneName, turn: int) -> list[Entry]:
            try:
                return made.entries(name, folds, turn, contract, flips)
            except Exception as error:  # noqa: BLE001  a pane that fails says so in its place
                return [self._failed(f"the {name} pane", error)]

        self._drawn = (folds, turn, contract, flips)
        self.query_one(Tabs).show(tuple(slot.shown for slot in self.slots))
        for slot in self.slots:
            slot.falling = self.panes.falling
            if slot.shown == "Trace":
                made.width = slot.pane.scrollable_content_region.width or made.width
                slot.show_found(self.panes.trace.found, self.panes.trace.sought.words, folds.whole.count)
            slot.draw(folds, turn, make)

    def on_sieve_sought(self, event: Sieve.Sought) -> None:
        """Look for events in Trace."""
        event.stop()
        from greenroom.views.travel.finding import query

        if self._drawn is None or self._made is None:
            return
        self._made.falling = False
        self._made.trace.seek(query(event.words), only=event.only)
        self._made.trace.entries(self._drawn[0])
        self.draw(*self._drawn)

    def fall(self) -> bool:
        """Trace shows the waterfall of a turn, or its events again; says which."""
        if self._made is None or self._drawn is None:
            return False
        self._made.falling = not self._made.falling
        self.draw(*self._drawn)
        return self._made.falling

    def seek(self, words: str) -> None:
        """Open the filter of Trace, with these words in it."""
        row = next(slot.query_one(Sieve) for slot in self.slots if slot.shown == "Trace")
        if words:
            row.value = words
        self.call_after_refresh(row.open)

    @property
    def sieve(self) -> Sieve | None:
        """The filter of Trace, while it is in view."""
        rows = (slot.query_one(Sieve) for slot in self.slots if slot.shown == "Trace")
        return next((row for row in rows if row.has_class("-open")), None)


def _panes() -> Panes:
    """The views come with the first pane that is drawn, after the first paint."""
    from greenroom.tui.panes.made import Panes

    return Panes()
