"""Where the panes stand: beside the conversation, over it, or nowhere, as the width and the person have it.

Invariant: at every size the composer and an open question are in view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.tui.conversation.composer import Composer
from greenroom.tui.panes.side import Side

if TYPE_CHECKING:
    from textual.geometry import Size

    from greenroom.tui.workbench import Workbench

WIDE = 120
"""Columns from which panes stand beside the conversation."""
SLIM = 16
"""Rows below which frames and margins give way."""


class Arrangement:
    """Keeps a workbench arranged."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._size: Size | None = None
        self._beside = True
        self._over = False
        self._maximised = False

    @property
    def over(self) -> bool:
        """Whether a pane covers the conversation."""
        return self._maximised or (not self._wide and self._over)

    @property
    def panes_shown(self) -> bool:
        """Whether any pane is in view."""
        return self.over or (self._wide and self._beside)

    @property
    def _wide(self) -> bool:
        return (self._size or self._bench.size).width >= WIDE

    def settle(self, size: Size | None = None) -> None:
        """Arrange for `size`, or for the one told last."""
        bench = self._bench
        self._size = size or self._size
        stage = bench.query_one("#stage")
        stage.set_class(self.panes_shown and not self.over, "-beside")
        stage.set_class(self.over, "-over")
        bench.query_one(Side).set_class(self.over, "-single")
        for part in (stage, bench.query_one(Composer)):
            part.set_class((self._size or bench.size).height < SLIM, "-slim")
        bench.redraw_soon()

    def show(self, *, shown: bool) -> None:
        """Bring the panes up or take them away."""
        self._maximised = False
        if self._wide:
            self._beside = shown
        else:
            self._over = shown
        self.settle()
        if shown and self.over:
            self._bench.call_after_refresh(self._bench.query_one(Side).active.pane.focus)
        elif not shown:
            self._bench.query_one(Composer).focus()

    def write(self) -> None:
        """Have what is typed go to the composer from here on, with the conversation in view above it."""
        if self.over:
            self._maximised = self._over = False
            self.settle()
        self._bench.query_one(Composer).focus()

    def maximise(self) -> None:
        """One pane over everything, and back."""
        side = self._bench.query_one(Side)
        name = side.active.shown
        self._maximised = not self._maximised
        self.settle()
        slot = side.open(name)
        self._bench.call_after_refresh(slot.pane.focus if self._maximised else self._bench.query_one(Composer).focus)
