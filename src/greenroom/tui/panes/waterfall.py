"""The waterfall of a turn, in the place of its events: a row a step, its line over the turn's duration beside it.

Invariant: the times are those of `views/turns/waterfall`; a row's id is its event's, so that one can go there.
"""

from __future__ import annotations

from greenroom.core.durations import short_time
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.painter import INDENT
from greenroom.tui.folds import Folds
from greenroom.tui.text.runs import Line, Run, Tint, cell, named
from greenroom.views.turns.waterfall import Bar, Look, Step, Stretch, Waterfall, drawn, room, waterfall

_STEPS: dict[Step, Tint] = {
    "recall": "person",
    "retrieve": "person",
    "generate": "persona",
    "tool": "key",
    "gate": "wait",
    "question": "wait",
    "attempt": "bad",
    "remember": "person",
    "policy": "quiet",
}
_LOOKS: dict[Look, Tint] = {"person": "wait", "first": "quiet", "tick": "quiet"}
_SAID: dict[Look, str] = {"work": "work", "first": "before the first words", "person": "waits for a person"}
_BESIDE = INDENT + 5
"""Cells of a row that are the pane's own: the gutter, the mark of what can be unfolded, the gap before the time."""


def entries(folds: Folds, turn: int, width: int) -> list[Entry]:
    """The steps of turn `turn` (from 1) over `width` cells."""
    fall = waterfall(folds.turn_records.get(turn, []))
    if not fall.bars:
        return []
    away = f" · away {short_time(fall.away)}" if fall.away else ""
    head = Entry("head", "section", f"turn {turn}", aside=f"{short_time(round(fall.duration / 1000))}{away}")
    return [head, *(_row(place, bar, fall, width) for place, bar in enumerate(fall.bars))]


def _row(place: int, bar: Bar, fall: Waterfall, width: int) -> Entry:
    label, cells = room(width - _BESIDE)
    tint: Tint = "bad" if bar.status and bar.status not in ("waits", "running", "simulated") else _STEPS[bar.step]
    line = tuple(
        Run(text, "plain" if look is None else _LOOKS.get(look, tint))
        for text, look in drawn(bar, fall.duration, cells)
    )
    head = (cell(bar.label, label - 1, tint), Run(" "), *line)
    id = f"event:{bar.seq}" if bar.seq else f"open:{place}"
    return Entry(id, "row", head=head, beside=(Run(f"{short_time(bar.took):>7}", "quiet"),), body=tuple(_body(bar)))


def _body(bar: Bar) -> list[Line]:
    lines = [named("went", bar.status, "wait")] if bar.status else []
    lines += [named("says", bar.note)] if bar.note else []
    if bar.step == "policy":
        longest = sorted(bar.stretches, key=lambda one: one.start - one.end)[:3]
        return [*lines, *(named("slowest" if not place else "", _span(one)) for place, one in enumerate(longest))]
    return [*lines, *(named(_from(one), f"{_span(one)}  {_SAID.get(one.look, '')}") for one in bar.stretches)]


def _from(one: Stretch) -> str:
    return f"+{short_time(one.start // 1000)}"


def _span(one: Stretch) -> str:
    return f"{(one.end - one.start) / 1000:.1f} ms"
