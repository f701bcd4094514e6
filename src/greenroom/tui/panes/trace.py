"""The Trace pane: every event of a turn in one line, and the selected one whole, as JSON.

Invariant: rows come from `views/timeline`; a record is immutable, so its entry is made once.
"""

from __future__ import annotations

import json
from datetime import datetime

from greenroom.core.canonical import short
from greenroom.core.clock import parse_stamp
from greenroom.core.events import Record
from greenroom.tui.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.runs import Line, Run, Tint, cell, named
from greenroom.views.timeline import row

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
    """Makes the entries of records, each once."""

    def __init__(self) -> None:
        self._made: dict[int, Entry] = {}

    def entries(self, folds: Folds, turn: int) -> list[Entry]:
        """The events of turn `turn`; 0 is what came before the first."""
        records = folds.turn_records.get(turn, [])
        if not records:
            return []
        begun = parse_stamp(records[0].at)
        title = f"turn {turn}" if turn else "before the first turn"
        head = Entry(f"turn:{turn}", "section", title, aside=f"{len(records)} events   ms")
        return [head, *(self._entry(record, begun) for record in records)]

    def _entry(self, record: Record, begun: datetime) -> Entry:
        made = self._made.get(record.seq)
        if made is None:
            made = self._made[record.seq] = _row(record, begun)
        return made


def seq_of(entry: Entry | None) -> int | None:
    """The record an entry of the pane stands for."""
    return int(entry.id[6:]) if entry is not None and entry.id.startswith("event:") else None


def _row(record: Record, begun: datetime) -> Entry:
    line = row(record)
    after = round((parse_stamp(record.at) - begun).total_seconds() * 1000)
    head = (
        cell(str(line.seq), 4, "quiet", right=True),
        Run("  "),
        cell(line.kind.replace("_", " "), 18, _TINTS.get(line.kind, "plain")),
        Run(" "),
        Run(line.text, "quiet"),
    )
    return Entry(
        f"event:{line.seq}", "row", head=head, beside=(Run(f"{after:>6}", "quiet"),), body=tuple(_body(record))
    )


def _body(record: Record) -> list[Line]:
    event = record.event.model_dump(mode="json", exclude={"kind", "turn"}, exclude_defaults=True)
    lines = [
        named("at", record.at, "quiet"),
        named("chain", f"{short(record.prev)} → {short(record.hash)}", "quiet"),
    ]
    text = json.dumps(event, ensure_ascii=False, indent=2)
    return [*lines, *((Run(part),) for part in text.split("\n"))]
