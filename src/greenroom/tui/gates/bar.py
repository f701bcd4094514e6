"""The two rows shown while a turn waits at a gate: where, why and what is about to happen, and what a person can do.

Invariant: it is in view exactly while a gate waits, and what it shows of the turn is harmless and on one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content, Span
from textual.widgets import Static

from greenroom.core.inert import inert_line
from greenroom.tui.frame.hints import Hint, hint_row

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending

IN_COMPOSER: tuple[str, ...] = ("input", "output")
"""Gates whose words are edited where people write; the others have a sheet."""
_ABOUT: dict[str, str] = {
    "input": "your words go in",
    "recall": "these memories go in",
    "retrieve": "these passages go in",
    "prompt": "the model is asked",
    "tool": "this call is next",
    "result": "the model reads this",
    "output": "the reply is shown",
    "remember": "this is kept",
}
_EDIT: dict[str, str] = {
    "input": "edit",
    "recall": "choose, edit",
    "retrieve": "choose, edit",
    "prompt": "edit the messages",
    "tool": "edit the call",
    "result": "edit the result",
    "output": "edit",
    "remember": "choose, edit",
}
_ENOUGH = 40
"""Columns that must be left for what is about to happen where words before it say what that is."""
_SKIP = ("recall", "retrieve", "tool", "remember")


class GateBar(Static):
    """Shows what waits."""

    DEFAULT_CSS = """
    GateBar { display: none; height: 2; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    GateBar.-waiting { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self.pending: Pending | None = None
        self.editing = False

    @property
    def step(self) -> str:
        """The step that waits, '' if none does."""
        return self.pending.step if self.pending is not None else ""

    def show(self, pending: Pending | None, *, editing: bool = False) -> None:
        """A gate waits, or (None) none does."""
        if (pending, editing) != (self.pending, self.editing):
            self.pending, self.editing = pending, editing
            self.set_class(pending is not None, "-waiting")
            self.refresh()

    def render(self) -> Content:
        """Where it waits and why, then the keys."""
        if self.pending is None:
            return Content("")
        room = max((self.size.width or 80) - 2, 20)
        return Content("\n").join(
            [_what(self.pending, room), hint_row(_keys(self.pending, editing=self.editing), room)]
        )


def _what(pending: Pending, room: int) -> Content:
    title = f"‖ {pending.gate} "
    room -= len(title)
    because = (
        inert_line(f"● {pending.condition}", max(room // 2, room - len(pending.about) - 2)) if pending.condition else ""
    )
    left = max(room - len(because) - (2 if because else 0), 10)
    lead = f"{_ABOUT.get(pending.gate, '')}: "
    fits = len(lead) + len(pending.about) <= left or left - len(lead) >= _ENOUGH
    about = inert_line(lead + pending.about if fits else pending.about, left)
    text = title + about + (" " * max(room - len(about) - len(because), 1) + because if because else "")
    spans = [Span(0, len(title), "$warning bold")]
    if because:
        spans.append(Span(len(text) - len(because), len(text), "$error"))
    return Content(text, spans)


def _keys(pending: Pending, *, editing: bool) -> list[Hint]:
    if editing:
        return [Hint("enter", "go on with these words"), Hint("escape", "leave them")]
    hints = [Hint("f5", "go on"), Hint("f8", "step"), Hint("ctrl+x e", _EDIT.get(pending.gate, "edit"))]
    if pending.gate == "tool":
        hints.append(Hint("ctrl+x S", "simulate"))
    if pending.gate in _SKIP:
        hints.append(Hint("ctrl+x K", "skip"))
    return [*hints, Hint("ctrl+x a", "abandon"), Hint("ctrl+x B", "breakpoints")]
