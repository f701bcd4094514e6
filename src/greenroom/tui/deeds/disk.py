"""The deeds about what is on disk: what changed there since the last turn, that turn again, and to go on as it is there.

Invariant: as in `doing`: it returns at once; what is told apart is told apart beside the screen.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.tui.deeds.table import DEEDS

if TYPE_CHECKING:
    from greenroom.regression.stale.contract_difference import Section
    from greenroom.tui.workbench import Workbench


class DiskDeeds:
    """This deed of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def disk(self) -> None:
        """What differs between what the last turn ran under and the disk; once more, and it is put away."""
        from greenroom.tui.disk.sheet import DiskSheet

        if isinstance(self.bench.screen, DiskSheet):
            self.bench.screen.dismiss("")
            return
        if self.bench.rehearsal.session is None:
            self.bench.tell("nothing is open", "warning")
            return
        self.bench.run_worker(self.bench.mishaps.through(self._disk()), group="lines", exclusive=True)

    def let_go(self) -> None:
        """Have a variant go on as on disk, not under what it was made with."""
        if self.bench.rehearsal.session is None:
            self.bench.tell("nothing is open", "warning")
            return
        self.bench.run_worker(self.bench.mishaps.through(self._let_go()), group="lines", exclusive=True)

    async def _let_go(self) -> None:
        from greenroom.commands.session.own import let_go
        from greenroom.core.errors import GreenroomError

        session = self.bench.rehearsal.session
        assert session is not None
        try:
            done = await let_go(self.bench.workspace, session)
        except GreenroomError as error:
            self.bench.tell(error.line(), "warning")
            return
        self.bench.feed.note(f"{done.value[:1].upper()}{done.value[1:]}.", "quiet")
        self.bench.redraw_soon()

    async def _disk(self) -> None:
        from greenroom.commands.session.disk import contract_reading, ran_reading
        from greenroom.regression.stale.contract_difference import difference
        from greenroom.tui.disk.sheet import DiskSheet

        watch = self.bench.watching.disk
        state, contract = watch.governing, watch.contract
        ran = state.ran
        if contract is None or ran is None:
            found: tuple[Section, ...] = ()
            title = "On disk: no turn ran yet that it could be set against"
        else:
            before, after = ran_reading(state, ran), contract_reading(contract)
            found = await asyncio.to_thread(difference, before, after)
            title = f"On disk since turn {len(state.turns)}: {watch.said or 'the same contract'}"
        self.bench.push_screen(DiskSheet(title, found, watch.problems, watch.beside), self._left)

    def _left(self, said: str | None) -> None:
        from greenroom.tui.disk.sheet import RERUN

        if said == RERUN:
            self.rerun()

    def rerun(self) -> None:
        """Run the last turn again, by the deed that has ctrl+r."""
        deed = next((deed for deed in DEEDS if deed.key == "ctrl+r"), None)
        if deed is not None:
            self.bench.do_action(deed.action)
