"""The deeds that travel through a session: an event back and on, to one that is named, to the selected one, to now.

Invariant: nothing here reaches the session; all of it moves what the screen shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.core.errors import UsageError
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.panes.side import Side
from greenroom.tui.travel.event_pane import seq_of
from greenroom.tui.travel.moment_row import MomentRow

if TYPE_CHECKING:
    from greenroom.tui.conversation.entries import Entry
    from greenroom.tui.workbench import Workbench


TRAVELS = ("event", "event_at", "go_to", "now", "seek", "waterfall")


class ScrubDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def event(self, by: str) -> None:
        """So many events back or on."""
        self._enter()
        self.bench.scrub.step(int(by))

    def event_at(self, seq: str = "") -> None:
        """The event of this number, the one selected in Trace, or that of the entry selected in the conversation."""
        found = int(seq) if seq else self._entry() or seq_of(self._selected())
        if found is None:
            self.bench.tell("select an entry of the conversation or an event in the Trace pane first", "warning")
            return
        records = self.bench.rehearsal.folds.records
        self.bench.scrub.go(found - records[0].seq if records else 0)

    def _entry(self) -> int | None:
        """The event behind the entry that is selected in the conversation, where the person is there."""
        from greenroom.tui.conversation.talk import seq_of_entry

        focused = self.bench.focused
        if not isinstance(focused, Transcript) or focused.selected is None:
            return None
        return seq_of_entry(self.bench.rehearsal.folds, focused.selected.id)

    def now(self) -> None:
        """Back to how things stand."""
        if self.bench.scrub.past:
            self.bench.scrub.now()
        else:
            self.bench.tell("this is now")

    def go_to(self, words: str = "") -> None:
        """The moment that `words` name; without them, ask."""
        if not words:
            self.bench.query_one(MomentRow).open()
            return
        from greenroom.views.travel.moments import place_of

        records = self.bench.rehearsal.folds.records
        try:
            place = place_of(records, words)
        except UsageError as error:
            self.bench.tell(error.line(), "warning")
            return
        self._enter()
        if words.strip().lower() == "now":
            self.bench.scrub.now()
        else:
            self.bench.scrub.go(place)

    def seek(self, words: str = "") -> None:
        """Filter Trace: by these words, else by what is written in its row."""
        self.bench.doing.pane("Trace")
        self.bench.query_one(Side).seek(words)

    def waterfall(self) -> None:
        """Where the time of the turn went, in the Trace pane; again for its events."""
        self.bench.doing.pane("Trace")
        self.bench.query_one(Side).fall()

    def moment(self, seq: int | None) -> None:
        """What was clicked: an event, or the way back."""
        if seq is None:
            self.bench.scrub.now()
        else:
            self.event_at(str(seq))

    def _selected(self) -> Entry | None:
        slot = next((slot for slot in self.bench.query_one(Side).slots if slot.shown == "Trace"), None)
        return slot.pane.selected if slot is not None else None

    def _enter(self) -> None:
        """The first step back brings Trace up beside what the person looks at."""
        if not self.bench.scrub.past and self.bench.arrangement.panes_shown:
            self.bench.query_one(Side).beside("Trace")
