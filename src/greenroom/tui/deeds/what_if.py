"""The deed that asks what a turn would have had otherwise, and the one that says it again so.

Invariant: as in `doing`: every method returns at once, and an error becomes a line. Looking runs and writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.regression.what_if import Otherwise
    from greenroom.tui.workbench import Workbench


class WhatIfDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def what_if(self) -> None:
        """The turn that the panes show, with passages left out and other settings of retrieval."""
        from greenroom.tui.branches.what_if_sheet import WhatIfSheet

        session, turn = self.bench.rehearsal.session, self.bench.turn_shown
        if session is None or not turn:
            self.bench.tell("nothing was said yet that could have been otherwise", "warning")
            return
        knowledge = session.contract.persona.knowledge
        self.bench.push_screen(WhatIfSheet(self.bench.workspace, tuple(session.records), turn, knowledge, self._run))

    def _run(self, turn: int, otherwise: Otherwise) -> None:
        """Say it again so, beside what it was."""
        from greenroom.assembly.variants.rerunning import Change

        without = {turn: tuple(otherwise.without)} if otherwise.without else {}
        self.bench.doing.variants.say_again(Change(knowledge=otherwise.settings, without=without), turn)
