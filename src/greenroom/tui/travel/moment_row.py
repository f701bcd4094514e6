"""The one-row question which moment of the session to go to.

Invariant: it is seen only while a person answers it; leaving it gives the focus back to where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input


class MomentRow(Input):
    """Takes an event's number, a turn or a time; enter goes there."""

    DEFAULT_CSS = """
    MomentRow { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    MomentRow.-open { display: block; }
    MomentRow:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False, id="moment.leave")]

    def __init__(self, go: Callable[[str], None], *, id: str | None = None) -> None:
        super().__init__(placeholder="Go to: 214, t3, 14:05, or now", compact=True, id=id)
        self._go = go
        self._before: Widget | None = None

    def open(self) -> None:
        """Show the line and take the focus: the person asked for it."""
        if not self.has_class("-open"):
            self._before = self.screen.focused
        self.add_class("-open")
        self.value = ""
        self.focus()

    @on(Input.Submitted)
    def _chosen(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()
        if event.value.strip():
            self._go(event.value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()

    def action_leave(self) -> None:
        """Back, without going anywhere."""
        self.remove_class("-open")
        if self._before is not None and self._before.is_attached:
            self._before.focus()
