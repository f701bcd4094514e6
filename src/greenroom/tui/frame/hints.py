"""The one row of keys that matter here and now.

Invariant: one row at every width; hints are given in order of importance and the last ones give way, but for the very
last, which is the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.content import Content, Span
from textual.widgets import Static

from greenroom.core.inert import inert_line


class Hint(NamedTuple):
    """A key as Textual names it (`ctrl+p`) and what it does, in a word or two."""

    key: str
    does: str


class Hints(Static):
    """Draws hints, or for a moment a notice in their place."""

    DEFAULT_CSS = """
    Hints { height: 1; background: $background; color: $quiet; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, hints: Iterable[Hint] = (), *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._hints = tuple(hints)
        self._notice = ("", "$accent")
        self._told = 0

    @property
    def hints(self) -> Sequence[Hint]:
        """All of them, whether or not they fit."""
        return self._hints

    def show(self, hints: Iterable[Hint]) -> None:
        """Show these from now on."""
        fresh = tuple(hints)
        if fresh != self._hints:
            self._hints = fresh
            self.refresh()

    def tell(self, notice: str, *, level: str = "info", seconds: float = 4.0) -> None:
        """Show one line in place of the hints for some seconds; `level` is info, warning or error."""
        color = {"warning": "$warning", "error": "$error"}.get(level, "$accent")
        self._notice = (inert_line(notice), color)
        self._told += 1
        told = self._told
        self.set_timer(seconds, lambda: self._untell(told))
        self.refresh()

    def _untell(self, told: int) -> None:
        if told == self._told:
            self._notice = ("", "$accent")
            self.refresh()

    def render(self) -> Content:
        """The row at the present width."""
        text, color = self._notice
        if text:
            return Content(text, [Span(0, len(text), color)])
        return hint_row(fitting(self._hints, (self.size.width or 80) - 2), self.size.width or 78)


def fitting(hints: Sequence[Hint], width: int) -> Sequence[Hint]:
    """The hints that go into `width` cells. The last of them, the way out or on, stays; those before it give way."""
    shown = list(hints)
    while len(shown) > 2 and hint_row(shown, 1_000).cell_length > width:
        del shown[-2]
    return shown


def hint_row(hints: Iterable[Hint], width: int) -> Content:
    """As many hints as fit into `width` cells."""
    text, spans = "", list[Span]()
    for hint in hints:
        key = key_name(hint.key)
        piece = f"{key} {inert_line(hint.does, 24)}"
        start = cell_len(text) + (2 if text else 0)
        if start + cell_len(piece) > width:
            break
        text += "  " if text else ""
        spans.append(Span(len(text), len(text) + len(key), "$accent"))
        text += piece
    return Content(text, spans)


def hint_rows(hints: Iterable[Hint], width: int) -> Content:
    """All hints, on as many rows as they need; a hint is not broken."""
    left = list(hints)
    rows: list[Content] = []
    while left:
        row = hint_row(left, width)
        taken = max(row.plain.count("  ") + 1, 1) if row.plain else 1
        rows.append(row if row.plain else hint_row(left[:1], 1_000))
        left = left[taken:]
    return Content("\n").join(rows)


def key_name(key: str) -> str:
    """`ctrl+p` as `^p`, `ctrl+x ctrl+e` as `^x ^e`, `slash` as `/`: short, as on most hint rows."""
    names = {"slash": "/", "escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "question_mark": "?"}
    names |= {"equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]"}
    return " ".join(names.get(stroke, stroke.replace("ctrl+", "^")) for stroke in inert_line(key, 40).split(" "))
