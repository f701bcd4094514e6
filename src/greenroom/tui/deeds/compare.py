"""The deeds that set variants beside one another: the open session with its siblings, or with one that is named.

Invariant: as in `doing`: every method returns at once, and an error becomes a line. Nothing is run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.person import person
from greenroom.tui.rehearsal import Rehearsal, Wanted

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.engine.contract import Contract
    from greenroom.tui.workbench import Workbench
    from greenroom.views.comparison.comparison import Side


class CompareDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    def compare(self, other: str = "") -> None:
        """The open session beside its variants, or beside the one that is named; where it has none, ask which."""
        session = self.rehearsal.session
        if session is None:
            self.bench.tell("nothing is open that could be compared", "warning")
        else:
            self._work(self._compare(session.id, tuple(session.records), other))

    async def _compare(self, here: str, records: Sequence[Record], other: str) -> None:
        from greenroom.assembly.variants.lineage import variants
        from greenroom.views.comparison.comparison import Side

        try:
            names = [other] if other else await asyncio.to_thread(variants, self.bench.workspace, here)
            others = [await asyncio.to_thread(self._read, name) for name in names if name != here]
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        if others:
            self.show([Side(here, records), *others])
        else:
            await self._ask(here)

    async def _ask(self, here: str) -> None:
        from greenroom.assembly import sessions
        from greenroom.tui.sheets.lists import SessionsSheet

        found = await asyncio.to_thread(sessions, self.bench.workspace)
        others = [one for one in found if one.id != here and one.turns]
        if not others:
            self.bench.tell("there is no other session to compare with", "warning")
            return
        sheet = SessionsSheet(others, "", title="Compare with which session?", does="compare")
        self.bench.push_screen(sheet, lambda chosen: self.compare(chosen) if chosen else None)

    def _read(self, name: str) -> Side:
        from greenroom.assembly import read_session, session_id
        from greenroom.views.comparison.comparison import Side

        id = session_id(self.bench.workspace, name)
        return Side(id, read_session(self.bench.workspace, id))

    def show(self, sides: Sequence[Side], *, turn: int | None = None, chosen: int = 0) -> None:
        """Set sides beside one another; the one that is picked becomes the open session."""
        from greenroom.tui.compare.sheet import CompareSheet

        here = self.rehearsal.session.id if self.rehearsal.session else ""
        sheet = CompareSheet(sides, here=here, turn=turn, chosen=chosen, fixture=self._fixture)
        self.bench.push_screen(sheet, lambda picked: self._picked(picked, sides))

    def _picked(self, picked: str | None, sides: Sequence[Side]) -> None:
        """Go on with what was picked."""
        if not picked:
            return
        others = tuple(side.session for side in sides if side.session != picked)
        session = self.rehearsal.session
        if session is not None and session.id == picked:
            self.bench.arrangement.write()
            self._work(self._prefer(picked, others))
        else:
            wanted = Wanted(session=picked, mode=self.bench.step_mode, latest=False)
            self.bench.doing.begin(wanted, lambda: self._prefer(picked, others))

    async def _prefer(self, picked: str, others: tuple[str, ...]) -> None:
        """Say so in the log of what was picked; the others stay as they are."""
        await self.rehearsal.prefer(others, person())
        self.bench.tell(f"going on with {picked}; {', '.join(others)} stay{'s' if len(others) == 1 else ''} as before")

    def _fixture(self, side: Side) -> None:
        self._work(self._export(side), "compare-fixture")

    async def _export(self, side: Side) -> None:
        """The export sheet over a side, under what it was recorded under."""
        from greenroom.tui.sheets.export_name import free_name
        from greenroom.tui.sheets.export_sheet import ExportSheet

        try:
            contract = await asyncio.to_thread(_contract_of, side)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        name = free_name(self.bench.workspace, side.records)
        sheet = ExportSheet(self.bench.workspace, side.records, contract, name)
        self.bench.push_screen(sheet, lambda command: self.bench.doing.sheets.exported(command, sheet))

    def _work(self, work: Coroutine[object, object, None], group: str = "compare") -> None:
        self.bench.run_worker(self.bench.mishaps.through(work), group=group, exclusive=True)


def _contract_of(side: Side) -> Contract:
    from greenroom.assembly.past.recorded import recorded_contract

    return recorded_contract(side.records)
