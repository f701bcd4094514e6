"""The one row under the header while the screen shows the past: which event, where that is, and the way back.

Invariant: it is in view exactly while the screen shows another moment than now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content, Span
from textual.widgets import Static

from greenroom.core.inert import inert_line

_BACK = "now: ctrl+x N"
_LEAST = 8
"""Cells below which the line of the session says nothing."""
_MOST = 48


@dataclass(frozen=True, slots=True)
class Position:
    """The event the screen shows last, among all there are. `fresh` counts those that came while looking back."""

    seq: int
    last: int
    turn: int
    kind: str
    fresh: int = 0
    asks: bool = False


class ScrubBar(Static):
    """Draws a `Position`. A click on its line goes to the event there; one on the way back goes to now."""

    DEFAULT_CSS = """
    ScrubBar { display: none; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ScrubBar.-past { display: block; }
    """

    def __init__(self, go: Callable[[int | None], None], *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._go = go
        self._position: Position | None = None
        self._line = (0, 0)

    @property
    def position(self) -> Position | None:
        """What is shown; None while the screen shows now."""
        return self._position

    def show(self, position: Position | None) -> None:
        """Show this from now on."""
        if position != self._position:
            self._position = position
            self.set_class(position is not None, "-past")
            self.refresh()

    def render(self) -> Content:
        """The row at the present width."""
        if self._position is None:
            return Content("")
        row, self._line = bar_row(self._position, max((self.size.width or 80) - 2, 10))
        return row

    def on_click(self, event: events.Click) -> None:
        """Go where the pointer is."""
        start, end = self._line
        at = event.x - 1
        if self._position is None:
            return
        if start <= at < end:
            self._go(round(self._position.last * (at - start) / max(end - start - 1, 1)))
        elif at >= end:
            self._go(None)


def bar_row(position: Position, width: int) -> tuple[Content, tuple[int, int]]:
    """The row, and from which cell to which its line goes; what matters least gives way."""
    at = f"◂ at event {_number(position.seq)} of {_number(position.last)}"
    turn = f" · turn {position.turn}" if position.turn else ""
    kind = f" · {inert_line(position.kind, 24).replace('_', ' ')}"
    fresh = f" · {_number(position.fresh)} new" if position.fresh > 0 else ""
    asks = " · a question waits" if position.asks else ""
    end = f"  {_BACK}"
    left = at + turn + kind + fresh + asks
    for given_up in (kind, turn, asks):
        if cell_len(left) + len(end) + _LEAST + 3 <= width or not given_up:
            break
        left = left.replace(given_up, "", 1)
    room = min(width - cell_len(left) - len(end) - 2, _MOST)
    line = _line(position, room) if room >= _LEAST else ""
    space = " " * max(width - cell_len(left) - len(line) - len(end), 1)
    text = left + space + line + end
    start = len(left) + len(space)
    knob = start + line.index("●") if line else start
    spans = [
        Span(0, len(at), "$accent bold"),
        Span(len(at), len(left), "$quiet"),
        Span(start, knob, "$accent"),
        Span(knob, knob + bool(line), "$accent bold"),
        Span(knob + bool(line), start + len(line), "$line"),
        Span(len(text) - len(_BACK), len(text), "$accent"),
    ]
    return Content(text, [span for span in spans if span.start < span.end]), (start, start + len(line))


def _line(position: Position, cells: int) -> str:
    knob = round((cells - 1) * position.seq / max(position.last, 1))
    return "━" * knob + "●" + "─" * (cells - 1 - knob)


def _number(count: int) -> str:
    """`1 032`: thousands apart, and the gap does not break."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")
