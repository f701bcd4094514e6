"""The Trace pane: every event of the session in one line, and the selected one whole, as JSON.

Invariant: rows come from `views/timeline`; a record is immutable, so its entry is made once, and its JSON only when it
is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from greenroom.core.canonical import short
from greenroom.core.clock import parse_stamp
from greenroom.core.events import Record
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.text.runs import Line, Run, Tint, cell, named
from greenroom.tui.travel.event_pane import number_of
from greenroom.views.timeline import row
from greenroom.views.travel.finding import Query, text_of

_TINTS: dict[str, Tint] = {
    "turn_started": "person",
    "reply_generated": "persona",
    "reply_released": "persona",
    "approval_requested": "wait",
    "approval_given": "wait",
    "gate_paused": "wait",
    "tool_started": "key",
    "tool_returned": "key",
    "attempt_failed": "bad",
    "turn_interrupted": "bad",
    "turn_abandoned": "bad",
    "turn_finished": "good",
}


class Trace:
    """Makes the entries of a session, each once; the lists only grow. `sought` is what is looked for, `only` whether
    the others are left out, `found` the numbers of the events that are meant.
    """

    def __init__(self) -> None:
        self.sought = Query()
        self.only = True
        self.found: list[int] = []
        self._entries: list[Entry] = []
        self._meant: list[Entry] = []
        self._seen = self._searched = 0
        self._turn = -1
        self._begun: datetime | None = None
        self._texts: dict[int, str] = {}

    def entries(self, folds: Folds) -> list[Entry]:
        """Every event there is by now, also while the screen shows an earlier one, under the heads of their turns."""
        whole = folds.whole
        for place in range(self._seen, len(whole.records)):
            record = whole.records[place]
            turn = whole.turn_at(place)
            if turn != self._turn or self._begun is None:
                self._turn, self._begun = turn, parse_stamp(record.at)
                self._entries.append(_head(record, turn))
            self._entries.append(_row(record, self._begun))
            self._seen = place + 1
        if self.sought.parts:
            self._search(whole.records)
        return self._meant if self.sought.parts and self.only else self._entries

    def seek(self, sought: Query, *, only: bool) -> None:
        """Look for these from now on; with `only`, show nothing else."""
        self.only = only
        if sought != self.sought:
            self.sought, self._searched = sought, 0
            self.found, self._meant = [], []

    def _search(self, records: Sequence[Record]) -> None:
        """Go through the entries that were not searched yet."""
        head: Entry | None = None
        for entry in self._entries[self._searched :]:
            if entry.kind == "section":
                head = entry
                continue
            seq = number_of(entry)
            if self.sought.holds(records[seq - records[0].seq], self._text):
                if head is not None:
                    self._meant.append(head)
                head = None
                self._meant.append(entry)
                self.found.append(seq)
        self._searched = len(self._entries)

    def _text(self, record: Record) -> str:
        text = self._texts.get(record.seq)
        if text is None:
            text = self._texts[record.seq] = text_of(record)
        return text


class _Body(Sequence[Line]):
    """The lines of a record under its row, made when somebody looks at them."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @cached_property
    def _lines(self) -> list[Line]:
        return _body(self._record)

    def __len__(self) -> int:
        return len(self._lines)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, place: Any) -> Any:
        return self._lines[place]


def _head(record: Record, turn: int) -> Entry:
    title = f"turn {turn}" if turn else "before the first turn"
    return Entry(f"turn:{turn}:{record.seq}", "section", title, aside=f"{record.at[11:19]}   ms")


@cache
def _kind(kind: str) -> Run:
    return cell(kind.replace("_", " "), 19, _TINTS.get(kind, "plain"))


def _row(record: Record, begun: datetime) -> Entry:
    after = round((parse_stamp(record.at) - begun).total_seconds() * 1000)
    head = (Run(f"{record.seq:>4}  ", "quiet"), _kind(record.event.kind), Run(row(record).text, "quiet"))
    return Entry(f"event:{record.seq}", "row", head=head, beside=(Run(f"{after:>6}", "quiet"),), body=_Body(record))


def _body(record: Record) -> list[Line]:
    event = record.event.model_dump(mode="json", exclude={"kind", "turn"}, exclude_defaults=True)
    lines = [
        named("at", record.at, "quiet"),
        named("chain", f"{short(record.prev)} → {short(record.hash)}", "quiet"),
    ]
    text = json.dumps(event, ensure_ascii=False, indent=2)
    return [*lines, *((Run(part),) for part in text.split("\n"))]
