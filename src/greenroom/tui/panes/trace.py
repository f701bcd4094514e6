"""The Trace pane: every event of the session in one line, and the selected one whole, as JSON.

Invariant: rows come from `views/timeline`; a record is immutable, so its entry is made once, and its JSON only when it
is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

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
    """Makes the entries of a session, each once; the list only grows."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._seen = 0
        self._turn = -1
        self._begun = ""

    def entries(self, folds: Folds) -> list[Entry]:
        """Every event there is by now, also while the screen shows an earlier one, under the heads of their turns."""
        whole = folds.whole
        for place in range(self._seen, len(whole.records)):
            record = whole.records[place]
            turn = whole.turn_at(place)
            if turn != self._turn:
                self._turn, self._begun = turn, record.at
                title = f"turn {turn}" if turn else "before the first turn"
                self._entries.append(Entry(f"turn:{turn}", "section", title, aside=f"{record.at[11:19]}   ms"))
            self._entries.append(_row(record, parse_stamp(self._begun)))
            self._seen = place + 1
        return self._entries


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


def entry_id(record: Record) -> str:
    """The id of the entry that stands for a record."""
    return f"event:{record.seq}"


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
    return Entry(entry_id(record), "row", head=head, beside=(Run(f"{after:>6}", "quiet"),), body=_Body(record))


def _body(record: Record) -> list[Line]:
    event = record.event.model_dump(mode="json", exclude={"kind", "turn"}, exclude_defaults=True)
    lines = [
        named("at", record.at, "quiet"),
        named("chain", f"{short(record.prev)} → {short(record.hash)}", "quiet"),
    ]
    text = json.dumps(event, ensure_ascii=False, indent=2)
    return [*lines, *((Run(part),) for part in text.split("\n"))]
