"""The waterfall of a session's turns in plain lines: a step a line, where it stands in the turn's time, how long it took.

Invariant: the lines fit the width they are made for, from 40 cells on.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from greenroom.commands.answer import Answer, answer
from greenroom.core.durations import short_time
from greenroom.core.errors import UsageError
from greenroom.core.events import Record, TurnStarted
from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.views.turns.waterfall import SIGNS, Bar, Waterfall, drawn, room, waterfall

_LEAST, _MOST = 40, 120
_NOTED = 90
"""Cells from which there is room for what more there is to say of a step."""
_NOTE = 28
KEY = (
    f"{SIGNS['work']} work  {SIGNS['first']} before the first words  {SIGNS['person']} a person is asked  "
    f"{SIGNS['tick']} a verdict"
)


def waterfalls(records: Sequence[Record], turn: int | None) -> Answer[tuple[Waterfall, ...]]:
    """One for each turn, or for turn `turn`.

    Raises:
        UsageError: there is no such turn.
    """
    falls = tuple(fall for fall in map(waterfall, _turns(records)) if turn in (None, fall.turn))
    if turn is not None and not falls:
        raise UsageError(f"there is no turn {turn}")
    width = min(max(shutil.get_terminal_size((100, 24)).columns, _LEAST), _MOST)
    lines = [line for fall in falls for line in fall_lines(fall, width)]
    return answer(falls, lines or ["nothing was said yet"], [_data(fall) for fall in falls], notes=[KEY], stream=True)


def fall_lines(fall: Waterfall, width: int) -> list[str]:
    """One turn over `width` cells."""
    away = f", away {short_time(fall.away)}" if fall.away else ""
    took = f"{short_time(round(fall.duration / 1000))}{away}"
    head = f"turn {fall.turn}  {took}  "
    note = _NOTE if width >= _NOTED else 0
    rows = [_line(bar, fall, width - note, note) for bar in fall.bars]
    return [head + inert_line(fall.words, max(width - len(head), 8)), *rows, ""]


def _line(bar: Bar, fall: Waterfall, width: int, note: int) -> str:
    label, cells = room(width)
    line = "".join(text for text, _ in drawn(bar, fall.duration, cells))
    said = ", ".join(part for part in (bar.status, bar.note) if part)
    beside = f"  {inert_line(said, note - 2)}" if note else ""
    return f"{inert_line(bar.label, label - 1):<{label}}{line} {short_time(bar.took):>8}{beside}".rstrip()


def _turns(records: Sequence[Record]) -> list[list[Record]]:
    turns: list[list[Record]] = []
    for record in records:
        if isinstance(record.event, TurnStarted):
            turns.append([])
        if turns:
            turns[-1].append(record)
    return turns


def _data(fall: Waterfall) -> Json:
    return {
        "turn": fall.turn,
        "microseconds": fall.duration,
        "away_milliseconds": fall.away,
        "steps": [
            {
                "step": bar.step,
                "label": bar.label,
                "event": bar.seq,
                "status": bar.status,
                "note": bar.note,
                "milliseconds": bar.took,
                "stretches": [{"look": one.look, "start": one.start, "end": one.end} for one in bar.stretches],
            }
            for bar in fall.bars
        ],
    }
