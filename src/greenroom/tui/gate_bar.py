"""The one line shown while a turn waits at a gate: where, and what a person can do about it.

Invariant: it is in view exactly while a gate waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content, Span
from textual.widgets import Static

from greenroom.tui.hints import Hint, hint_row

if TYPE_CHECKING:
    from greenroom.core.values import Gate

EDITABLE: tuple[str, ...] = ("input", "output")
_ABOUT: dict[str, str] = {
    "input": "before your words go in",
    "recall": "before memories are recalled",
    "retrieve": "before documents are searched",
    "prompt": "before the model is asked (see Prompt)",
    "result": "before the model reads a result",
    "output": "before the reply is shown",
    "remember": "before memories are kept",
    "tool": "before a tool runs",
}


def gate_of(step: str) -> Gate | None:
    """The gate of a step such as `t3/gate:prompt:1`."""
    name = step.partition("/gate:")[2].partition(":")[0]
    found: dict[str, Gate] = {
        "input": "input",
        "recall": "recall",
        "retrieve": "retrieve",
        "prompt": "prompt",
        "tool": "tool",
        "result": "result",
        "output": "output",
        "remember": "remember",
    }
    return found.get(name)


class GateBar(Static):
    """Shows the step that waits."""

    DEFAULT_CSS = """
    GateBar { display: none; height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    GateBar.-waiting { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self.step = ""
        self.editing = False

    def show(self, step: str, *, editing: bool = False) -> None:
        """A gate waits, or ('') none does."""
        if (step, editing) != (self.step, self.editing):
            self.step, self.editing = step, editing
            self.set_class(bool(step), "-waiting")
            self.refresh()

    def render(self) -> Content:
        """Where it waits, then the keys."""
        gate = gate_of(self.step)
        title = f"‖ {gate or ''} "
        about = _ABOUT.get(gate or "", "")
        if self.editing:
            hints = [Hint("enter", "go on with these words"), Hint("escape", "leave them")]
        else:
            edit = [Hint("ctrl+x e", "edit the words")] if gate in EDITABLE else []
            hints = [Hint("f5", "go on"), *edit, Hint("ctrl+x a", "abandon"), Hint("f4", "step mode")]
        keys = hint_row(hints, max((self.size.width or 78) - 2, 20))
        left = title + about
        if len(left) + len(keys.plain) + 4 > (self.size.width or 78):
            left = title
        space = max((self.size.width or 78) - 2 - len(left) - len(keys.plain), 2)
        row = Content(left + " " * space, [Span(0, len(title), "$warning bold"), Span(len(title), len(left), "$quiet")])
        return row + keys
