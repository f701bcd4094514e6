"""A list of a session's events that one travels through: where the screen is, what is still to come, what was found.

Invariant: nothing is changed here but the view; where to go is a wish that others see to. Entries are in the order of
their events' numbers, which their ids end with.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from greenroom.tui.conversation.column import Place
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.painter import INDENT
from greenroom.tui.conversation.transcript import Transcript


class EventPane(Transcript):
    """Shows entries; those of events (`travels`) can be gone to."""

    @dataclass
    class Wished(Message):
        """Show the session as of this event; None: as it is now."""

        seq: int | None

    class FilterWished(Message):
        """The person wants to look for events."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.travels = False
        self._ahead: int | None = None
        self._found: Sequence[int] = ()
        self._events: list[Entry] = []
        self._shown = -1
        self._marked: tuple[int, Sequence[str]] = (0, ())

    def put_events(self, entries: list[Entry], at: int, *, past: bool, fresh: bool) -> None:
        """Show these events and go to number `at`; in the past, those after it are still to come."""
        self.travels = True
        place = bisect_right(entries, at, key=number_of) - 1
        self._ahead = place if past else None
        if entries is self._events and len(entries) == self._shown == len(self.entries):
            self._repaint()  # they only ever get more
        else:
            self.set_entries(entries)
        self._events, self._shown = entries, len(entries)
        if past:
            self._view.follow = False
            self._stand_at(place, select=place >= 0 and number_of(entries[place]) == at)
        elif fresh and place >= 0 and entries[place].kind == "section":
            self._go(Place(place))
        elif fresh:
            self._view.follow = True
            self._settle()

    def mark_found(self, found: Sequence[int], words: Sequence[str]) -> None:
        """Mark the events of these numbers, and these words wherever they stand."""
        if (len(found), words) != self._marked or found is not self._found:
            self._found, self._marked = found, (len(found), words)
            self.mark_words(words)

    def _stand_at(self, place: int, *, select: bool) -> None:
        """Go to an event, with what came before it and after it in view."""
        if not self.entries:
            return
        for near in (place - 2, place + 3, place):
            self._view.reveal(min(max(near, 0), len(self.entries) - 1))
        if select:
            self._select(place)
        else:
            self._sync()

    def action_edge(self, direction: int) -> None:
        """First or last; where one travels, the first event, or now."""
        if self.travels:
            self.post_message(self.Wished(0 if direction < 0 else None))
        if not self.travels or direction > 0:
            super().action_edge(direction)

    def action_search(self) -> None:
        """Look for words; where one travels, for events."""
        if self.travels:
            self.post_message(self.FilterWished())
        else:
            super().action_search()

    def action_match(self, step: int) -> None:
        """To the next or previous of what was found, around the ends."""
        if not self.travels:
            super().action_match(step)
        elif self._found:
            here = seq_of(self.selected)
            found = self._found
            at = (bisect_right if step > 0 else bisect_left)(found, -1 if here is None else here)
            self.select(f"event:{found[(at if step > 0 else at - 1) % len(found)]}")

    def on_click(self, event: events.Click) -> None:
        """Select what is clicked; where one travels, go there."""
        super().on_click(event)
        if self.travels and event.button == 1 and (seq := seq_of(self.selected)) is not None:
            self.post_message(self.Wished(seq))

    def _faint(self, place: Place) -> bool:
        """What is still to come is faint."""
        return self._ahead is not None and place.entry > self._ahead

    def _gutter(self, place: Place, *, blank: bool) -> Segment:
        entry = self.entries[place.entry]
        found = self._found
        if self.travels and found and place.part == 0 and entry.id != self._selected:
            seq = seq_of(entry)
            at = bisect_left(found, seq) if seq is not None else len(found)
            if at < len(found) and found[at] == seq:
                return Segment("•".ljust(INDENT), Style(color=self._painter.palette.accent))
        return super()._gutter(place, blank=blank)


def number_of(entry: Entry) -> int:
    """The number of an entry's event; for the head of a turn, that of its first one."""
    number = entry.id.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def seq_of(entry: Entry | None) -> int | None:
    """The number of the event that an entry stands for."""
    return number_of(entry) if entry is not None and entry.id.startswith("event:") else None
