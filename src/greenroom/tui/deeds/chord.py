"""ctrl+x and the key after it: the second stroke means a deed, wherever the focus is.

Invariant: the stroke after ctrl+x is a chord's and nothing else's; one that means nothing says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.tui.conversation.composer import Composer
from greenroom.tui.deeds.table import by_chord
from greenroom.tui.sheets.sheet import Sheet

if TYPE_CHECKING:
    from greenroom.tui.workbench import Workbench


class Chord:
    """The chords of one workbench. `waiting` says that the second stroke is to come."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.waiting = False

    def begin(self) -> None:
        """Wait for the second stroke, and say what there is."""
        self.waiting = True
        self._bench.hint()

    def finish(self, key: str) -> None:
        """The second stroke."""
        self.waiting = False
        self._bench.hint()
        if key == "ctrl+e":
            screen = self._bench.screen
            (screen if isinstance(screen, Sheet) else self._bench.query_one(Composer)).edit_outside()
        elif deed := by_chord(key):
            self._bench.do_action(deed.action)
        elif key != "escape":
            self._bench.tell("ctrl+x and that key mean nothing; f1 lists all keys", "warning")
