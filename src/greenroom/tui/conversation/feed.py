"""Keeps the transcript in step with the folds, turn by turn, and replies while they stream.

Invariant: a record costs the turn it belongs to; only when a turn's entries change places is everything laid out anew.
Of a long session the latest turns are shown first and the earlier ones put above them right after, a few at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from greenroom.core.events import Record
from greenroom.core.signals import TextArrived
from greenroom.tui.conversation import talk
from greenroom.tui.conversation.entries import Entry, Tone
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.folds import Folds
from greenroom.tui.frame.mishaps import Failed, failed
from greenroom.views.branches.rerun import branch

RECENT = 40
"""So many turns are shown at once when a session is opened: more than any screen holds."""
_AT_A_TIME = 64
"""Turns that are worked out before keys and paints have their turn again."""


class Note(NamedTuple):
    """A line of the screen's own, and the ids of what stood above it when it came."""

    entry: Entry
    above: frozenset[str]


class Feed:
    """Feeds one transcript. Notes of the screen itself stay where they came in."""

    def __init__(self, transcript: Transcript, failed: Failed = failed) -> None:
        self._transcript = transcript
        self._failed = failed
        self._folds = Folds()
        self._persona = ""
        self._done: list[Entry] = []
        self._ends: list[int] = []
        self._current: list[Entry] = []
        self._turn = 0
        self._notes: dict[int, list[Note]] = {}
        self._past = False
        self._variant = (0, "")
        self._arriving: dict[str, list[str]] = {}
        self._made: list[list[Entry]] = []
        self._recent = False

    def begin(self, folds: Folds, persona: str) -> None:
        """Show another session. What was noted since `clear` was about opening it, and stays."""
        self._folds, self._persona = folds, persona
        told = [one.entry for notes in self._notes.values() for one in notes]
        self._notes, self._done, self._ends, self._arriving = {}, [], [], {}
        self._past = False
        self._variant = (0, "")
        self._made = []
        self._recent = folds.turns > 2 * RECENT
        if self._recent:
            self._take_recent()
            self._transcript.call_after_refresh(self._fill_in)
        else:
            self._take_in()
        self._current = self._now()
        for entry in told:
            self._keep(entry)
        self._current = self._now()
        self._transcript.set_entries([*self._done, *self._current])

    def _take_recent(self) -> None:
        self._turn = self._folds.turns
        try:
            for said in talk.earlier(self._folds, self._persona, self._turn - RECENT):
                self._done += said
        except Exception:  # noqa: BLE001  whoever shows all of it says so
            self._done = []

    def _fill_in(self) -> None:
        self._transcript.run_worker(self._earlier(self._folds), group="earlier", exclusive=True)

    async def _earlier(self, folds: Folds) -> None:
        """Work the earlier turns out a few at a time, and show them."""
        with suppress(Exception):  # what cannot be shown is said where all of it is taken in
            while self._recent and self._folds is folds and len(self._made) < folds.turns - 1:
                since = len(self._made) + 1
                self._made += talk.earlier(folds, self._persona, since, since + _AT_A_TIME)
                await asyncio.sleep(0)
        if self._folds is folds:
            self._complete()

    def _complete(self) -> None:
        """Have the earlier turns above those that were shown first."""
        if self._recent:
            self._recent = False
            self._done = []
            self._take_in()
            if not self._past:
                self._transcript.set_entries([*self._done, *self._current])

    def variant(self, turn: int, text: str) -> None:
        """Say at a turn's words which of several variants this is."""
        self._variant = (turn, text)
        for entry in self._transcript.entries:
            if entry.id == f"{turn}:person":
                self._transcript.update_entry(replace(entry, aside=text))
        self._done = [self._labelled(entry) for entry in self._done]

    def _labelled(self, entry: Entry) -> Entry:
        turn, text = self._variant
        return replace(entry, aside=text) if turn and entry.id == f"{turn}:person" else entry

    def clear(self) -> None:
        """Another session is about to be opened."""
        self._notes = {}

    def grown(self) -> None:
        """A record came in."""
        if self._past:
            return
        if self._folds.turns != self._turn:
            self._complete()
            self._take_in()
            self._current, self._arriving = [], {}
        fresh = self._now()
        kept = len(self._current)
        if [entry.id for entry in fresh[:kept]] != [entry.id for entry in self._current]:
            self._transcript.set_entries([*self._done, *fresh])
        else:
            old: list[Entry | None] = [*self._current, *([None] * (len(fresh) - kept))]
            for entry, before in zip(fresh, old, strict=True):
                if entry != before:
                    self._transcript.update_entry(entry)
        self._current = fresh
        for entry in fresh:
            self._arriving.pop(entry.id, None)

    def _take_in(self) -> None:
        """Hold the entries of the turns that are over by now, and where each of them ends."""
        self._turn = self._folds.turns
        since = len(self._ends)
        if since == 0 < self._turn:
            self._end_turn(0, origin(self._folds.records))
            since = 1
        try:
            made, self._made = self._made, []
            made += talk.earlier(self._folds, self._persona, since + len(made))
            for turn, said in enumerate(made, since):
                self._end_turn(turn, said)
        except Exception as error:  # noqa: BLE001  what can be shown of a session is shown
            self._done.append(self._failed("the conversation so far", error))
        self._ends += [len(self._done)] * (self._turn - len(self._ends))

    def _end_turn(self, turn: int, said: Sequence[Entry]) -> None:
        said = [self._labelled(entry) for entry in said]
        self._done += _woven(said, self._notes.get(turn, []))
        self._ends.append(len(self._done))

    def look_back(self, folds: Folds) -> None:
        """Show the conversation as it was, until `look_now`; the views are those of an earlier moment."""
        self._past = True
        self._complete()
        self._take_in()
        before = self._done[: self._ends[folds.turns - 1]] if folds.turns else []
        self._transcript.set_entries([*before, *self._said(folds)], end=True)

    def look_now(self) -> None:
        """Show it as it is again, with what came meanwhile."""
        self._past = False
        self._complete()
        self._take_in()
        self._current = self._now()
        self._transcript.set_entries([*self._done, *self._current], end=True)
        shown = {entry.id for entry in self._current}
        still = {id: pieces for id, pieces in self._arriving.items() if id not in shown}
        self._arriving = {id: pieces for id, pieces in still.items() if talk.turn_of(id) == self._turn}
        for id, pieces in self._arriving.items():
            self._stream(id, "".join(pieces))

    def arrived(self, signal: TextArrived) -> None:
        """A piece of a reply came in."""
        try:
            now = self._folds.conversation.last()
        except Exception:  # noqa: BLE001  `_now` shows an entry in its place
            return
        id = talk.reply_id(signal.turn, talk.replies(now) + 1)
        self._arriving.setdefault(id, []).append(signal.text)
        if not self._past:
            self._stream(id, signal.text)

    def _stream(self, id: str, text: str) -> None:
        if all(entry.id != id for entry in self._current):
            self._current.append(Entry(id, "persona", self._persona))
        self._transcript.stream(id, text, title=self._persona)

    def note(self, text: str, tone: Tone = "plain") -> None:
        """A line of the screen's own."""
        self._keep(Entry("", "note", text=text, tone=tone))
        self.grown()

    def _keep(self, entry: Entry) -> None:
        notes = self._notes.setdefault(self._turn, [])
        above = frozenset(entry.id for entry in self._current)
        notes.append(Note(replace(entry, id=f"{self._turn}:note:{len(notes)}"), above))

    def waiting(self, texts: list[str]) -> None:
        """Words that wait for the session to open."""
        entries = [Entry(f"0:waits:{place}", "person", text=text) for place, text in enumerate(texts)]
        self._transcript.set_entries([*self._done, *self._current, *entries])

    def _now(self) -> list[Entry]:
        return _woven(self._said(self._folds), self._notes.get(self._turn, []))

    def _said(self, folds: Folds) -> list[Entry]:
        """The entries of the last turn."""
        try:
            return [self._labelled(entry) for entry in talk.latest(folds, self._persona)]
        except Exception as error:  # noqa: BLE001  the next turn may be shown again
            return [self._failed(f"turn {folds.turns} of the conversation", error)]


def origin(records: Sequence[Record]) -> list[Entry]:
    """The line that a branch begins with: where it comes from and what was changed."""
    found = branch(records)
    return [Entry("origin", "note", text=found.line, tone="quiet")] if found is not None else []


def _woven(said: Sequence[Entry], notes: Sequence[Note]) -> list[Entry]:
    """Each note under the last thing that stood above it when it came, so that what is said later stands below."""
    found = list(said)
    for note in notes:
        place = max((at for at, entry in enumerate(found, 1) if entry.id in note.above), default=0)
        found.insert(place, note.entry)
    return found
