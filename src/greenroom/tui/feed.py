"""Keeps the transcript in step with the folds, turn by turn, and replies while they stream.

Invariant: a record costs the turn it belongs to; only when a turn's entries change places is everything laid out anew.
"""

from __future__ import annotations

from dataclasses import replace

from greenroom.core.signals import TextArrived
from greenroom.tui import talk
from greenroom.tui.entries import Entry, Tone
from greenroom.tui.folds import Folds
from greenroom.tui.mishaps import Failed, failed
from greenroom.tui.transcript import Transcript


class Feed:
    """Feeds one transcript. `notes` of the screen itself stand behind the turn they came in."""

    def __init__(self, transcript: Transcript, failed: Failed = failed) -> None:
        self._transcript = transcript
        self._failed = failed
        self._folds = Folds()
        self._persona = ""
        self._done: list[Entry] = []
        self._current: list[Entry] = []
        self._turn = 0
        self._notes: dict[int, list[Entry]] = {}

    def begin(self, folds: Folds, persona: str) -> None:
        """Show another session. What was noted since `clear` was about opening it, and stays."""
        self._folds, self._persona = folds, persona
        self._turn = folds.turns
        told = [entry for entries in self._notes.values() for entry in entries]
        self._notes = {self._turn: [replace(e, id=f"{self._turn}:note:{n}") for n, e in enumerate(told)]}
        try:
            self._done = talk.earlier(folds, persona)
        except Exception as error:  # noqa: BLE001  what can be shown of a session is shown
            self._done = [self._failed("the conversation so far", error)]
        self._current = self._now()
        self._transcript.set_entries([*self._done, *self._current])

    def clear(self) -> None:
        """Another session is about to be opened."""
        self._notes = {}

    def grown(self) -> None:
        """A record came in."""
        if self._folds.turns != self._turn:
            self._done += self._current
            self._turn = self._folds.turns
            self._current = []
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

    def arrived(self, signal: TextArrived) -> None:
        """A piece of a reply came in."""
        try:
            now = self._folds.conversation.last()
        except Exception:  # noqa: BLE001  `_now` shows an entry in its place
            return
        id = talk.reply_id(signal.turn, talk.replies(now) + 1)
        if all(entry.id != id for entry in self._current):
            self._current.append(Entry(id, "persona", self._persona))
        self._transcript.stream(id, signal.text, title=self._persona)

    def note(self, text: str, tone: Tone = "plain") -> None:
        """A line of the screen's own."""
        notes = self._notes.setdefault(self._turn, [])
        notes.append(Entry(f"{self._turn}:note:{len(notes)}", "note", text=text, tone=tone))
        self.grown()

    def waiting(self, texts: list[str]) -> None:
        """Words that wait for the session to open."""
        entries = [Entry(f"0:waits:{place}", "person", text=text) for place, text in enumerate(texts)]
        self._transcript.set_entries([*self._done, *self._current, *entries])

    def _now(self) -> list[Entry]:
        try:
            said = talk.latest(self._folds, self._persona)
        except Exception as error:  # noqa: BLE001  the next turn may be shown again
            said = [self._failed(f"turn {self._turn} of the conversation", error)]
        return [*said, *self._notes.get(self._turn, [])]
