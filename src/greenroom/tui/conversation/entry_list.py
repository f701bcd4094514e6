"""The entries of a conversation and the replies still arriving, kept in step with the column they are laid out in.

Invariant: an id is shown once; what a person folded stays folded when the entry changes; while a reply arrives its
entry shows what has arrived, and `update` puts the final text in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from greenroom.tui.conversation.column import Column
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.live import LiveReply

_MANY = 500
"""Entries to add from which laying everything out anew is no dearer."""


class EntryList:
    """Entries by id and by place."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._places: dict[str, int] = {}
        self._folds: dict[str, bool] = {}
        self._live: dict[str, LiveReply] = {}

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, place: int) -> Entry:
        return self._column.entries[place]

    @property
    def all(self) -> Sequence[Entry]:
        """The entries, in order."""
        return self._column.entries

    def place(self, id: str | None) -> int | None:
        """Where an entry stands."""
        return self._places.get(id) if id is not None else None

    def below_headings(self, place: int, step: int = 1) -> int:
        """The nearest place from here on, in steps, that is no heading; it may be beyond the ends."""
        while 0 <= place < len(self) and self[place].kind == "section":
            place += step
        return place

    def set(self, entries: Iterable[Entry]) -> bool:
        """Hold these; returns whether they continue what was held. Only what differs is laid out again."""
        folds = self._folds
        fresh = [self._as_folded(entry) if entry.id in folds else entry for entry in entries] if folds else [*entries]
        old = self.all
        kept = _alike(old, fresh)
        whole = kept == len(old)
        if len(fresh) - kept > _MANY:
            self.load(fresh, self._column.width)
            return whole
        if not whole:
            self._cut(kept)
        for place in range(kept):
            if fresh[place] is not old[place] and fresh[place] != old[place]:
                self._replace(place, fresh[place])
        for entry in fresh[kept:]:
            self._append(entry)
        if not whole:
            self._go_on_arriving()
        return whole

    def _cut(self, count: int) -> None:
        """Let go of everything from a place on."""
        for entry in self.all[count:]:
            del self._places[entry.id]
        self._column.cut(count)

    def load(self, entries: Sequence[Entry], width: int) -> None:
        """Lay everything out anew."""
        entries = list(entries)
        self._column.load(entries, width)
        self._places = {entry.id: place for place, entry in enumerate(entries)}
        self._go_on_arriving()

    def _go_on_arriving(self) -> None:
        """Show again what has arrived of the replies that are still held.

        An entry that has other words by now has its final ones: what streamed may be more than was let through.
        """
        self._live = {
            id: live
            for id, live in self._live.items()
            if id in self._places and self[self._places[id]].text == live.entry.text
        }
        for id, live in self._live.items():
            self._column.set_parts(self._places[id], live.parts())

    def update(self, entry: Entry) -> None:
        """Hold an entry as it is now; an unknown one is appended. Ends its stream."""
        entry = self._as_folded(entry)
        place = self._places.get(entry.id)
        if place is None:
            self._append(entry)
        else:
            self._replace(place, entry)

    def stream(self, id: str, piece: str, title: str) -> None:
        """Keep a piece of a reply; the first one makes the entry."""
        live = self._live.get(id)
        if live is None:
            if id not in self._places:
                self._append(Entry(id, "persona", title))
            place = self._places[id]
            live = self._live[id] = LiveReply(self[place], self[place - 1].kind if place else None)
        live.take(piece)

    def flush(self) -> None:
        """Lay out what has arrived since the last time."""
        for id, live in self._live.items():
            if live.pending:
                self._column.set_parts(self._places[id], live.parts())

    def fold(self, id: str, *, open: bool) -> None:
        """Fold or unfold an entry, now and whenever it changes; one still arriving is folded when it is over."""
        self._folds[id] = open
        place = self._places[id]
        if id not in self._live:
            self._replace(place, replace(self[place], open=open))

    def text(self, entry: Entry) -> str:
        """What copying an entry gives."""
        live = self._live.get(entry.id)
        return live.text if live else entry.text or entry.plain

    def matches(self, pattern: re.Pattern[str]) -> list[int]:
        """The places of the entries that hold a match, folded parts included."""
        return [place for place, entry in enumerate(self.all) if pattern.search(entry.plain)]

    def _append(self, entry: Entry) -> None:
        self._places[entry.id] = len(self._column)
        self._column.append(entry)

    def _replace(self, place: int, entry: Entry) -> None:
        self._live.pop(entry.id, None)
        self._column.replace(place, entry)

    def _as_folded(self, entry: Entry) -> Entry:
        wanted = self._folds.get(entry.id, entry.open)
        return entry if wanted == entry.open else replace(entry, open=wanted)


def _alike(old: Sequence[Entry], fresh: Sequence[Entry]) -> int:
    """How many entries from the start have the same ids."""
    for place, (one, other) in enumerate(zip(old, fresh, strict=False)):
        if one is not other and one.id != other.id:
            return place
    return min(len(old), len(fresh))
