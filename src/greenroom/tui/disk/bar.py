"""The rows that name what is wrong on disk, under the header, until it is put right.

Invariant: one row a file, at most three; there is no row where nothing is wrong, and no text in it is obeyed.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content, Span
from textual.widgets import Static

from greenroom.core.inert import inert_line

_ROWS = 3


class DiskBar(Static):
    """Draws the problems; the reload of what is sound went on without them."""

    DEFAULT_CSS = """
    DiskBar { display: none; height: auto; max-height: 3; background: $error 15%; color: $foreground; padding: 0 1;
        text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._rows: tuple[tuple[str, str], ...] = ()

    def show(self, problems: Sequence[str], untrusted: str = "") -> None:
        """Show these from now on."""
        rows = [(" not trusted ", untrusted)] if untrusted else []
        rows += [(" broken ", problem) for problem in problems]
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self.display = bool(rows)
            self.refresh(layout=True)

    def render(self) -> Content:
        """A row each; where there is no room for all, the last says how many more."""
        shown = list(self._rows if len(self._rows) <= _ROWS else self._rows[: _ROWS - 1])
        if more := len(self._rows) - len(shown):
            shown.append((" broken ", f"and {more} more"))
        text, spans = "", list[Span]()
        for place, (label, problem) in enumerate(shown):
            text += "\n" if place else ""
            spans.append(Span(len(text), len(text) + len(label), "bold reverse $error"))
            text += f"{label} {inert_line(problem)}"
        return Content(text, spans)
