"""The deeds that say turns again: rerun the last turn, rerun with changes, a swipe from variant to variant.

Invariant: as in `doing`: every method returns at once, and an error becomes a line. The session that is left keeps its
bytes; a variant that was interrupted is what the screen shows then, and can be resumed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.rehearsal import Rehearsal, Wanted

if TYPE_CHECKING:
    from greenroom.assembly.variants.rerunning import Change, Rerun
    from greenroom.core.events import Record
    from greenroom.engine.session import Session
    from greenroom.tui.branches.rerun_sheet import Asked
    from greenroom.tui.workbench import Workbench


class RerunDeeds:
    """These deeds of one workbench. `beside` are the variants of the open session, itself among them; `instant` says
    that scripted models do not wait, `branching` that a branch is about to take the place of what is open.
    """

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.beside: tuple[str, ...] = ()
        self.instant = False
        self.branching = False

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    @property
    def trusted(self) -> bool | None:
        """What is known of the workspace's trust; None asks the person's file."""
        return None if self.bench.trusting else True

    # rerun --------------------------------------------------------------------------------------------------------

    def rerun(self) -> None:
        """The last turn under what is on disk now; where that is what it ran under, the model is asked anew.

        In the past, the turn that is looked at and what was said after it.
        """
        from greenroom.assembly.variants.rerunning import Change

        if len(self.bench.screen_stack) > 1:
            self._from_sheet()
        elif (session := self._ready()) is not None:
            turn = max(self.bench.turn_shown, 1) if self.bench.scrub.past else self.rehearsal.folds.turns
            self.branch(self._under_disk(session, Change(), turn))

    def _from_sheet(self) -> None:
        """Over a sheet the key is the sheet's: the one that shows what changed on disk is left for it."""
        from greenroom.tui.disk.sheet import DiskSheet

        if isinstance(self.bench.screen, DiskSheet):
            self.bench.screen.action_rerun()

    async def _under_disk(self, session: Session, change: Change, turn: int) -> None:
        from dataclasses import replace

        from greenroom.assembly.variants.rerunning import nothing_changed

        try:
            same = await asyncio.to_thread(
                nothing_changed, self.bench.workspace, tuple(session.records), turn, self.trusted
            )
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        await self.run(session, replace(change, regenerate=same), turn)

    def say_again(self, change: Change, turn: int) -> None:
        """One turn under a change that somebody chose, beside what it was."""
        session = self._ready()
        if session is not None:
            self.branch(self.run(session, change, turn, turn))

    def rerun_with(self) -> None:
        """Ask what is to be other, with everything filled in, from the turn on that the person looks at."""
        session = self._ready()
        if session is None:
            return
        from greenroom.tui.branches.rerun_sheet import RerunSheet, shown_parameters

        persona = session.contract.persona
        words = _words_by_turn(session.records)
        turn = self.bench.turn_shown if self.bench.turn_shown in words else max(words)
        filled = {
            "since": str(turn),
            "persona": persona.id,
            "model": session.contract.model,
            "parameters": shown_parameters(persona.model.params),
            "words": words[turn],
        }
        self.bench.push_screen(RerunSheet(filled, words, self.bench.workspace.root), self._asked)

    def _asked(self, asked: Asked | None) -> None:
        session = self._ready() if asked is not None else None
        if asked is not None and session is not None:
            self.branch(self.run(session, asked.change, asked.since))

    async def run(self, session: Session, change: Change, since: int, until: int | None = None) -> None:
        """Carry a rerun out before the person's eyes, and set it beside what it varies."""
        from greenroom.approval.mailbox import Mailbox
        from greenroom.assembly.variants.rerunning import rerun_session

        opened: list[Session] = []

        def take(variant: Session) -> None:
            opened.append(variant)
            self.show(variant)
            self.bench.tell("said again in a branch: esc interrupts")

        try:
            done = await rerun_session(
                self.bench.workspace,
                session.id,
                change,
                since=since,
                until=until,
                approver=Mailbox(),
                on_open=take,
                instant=self.instant,
                trusted=self.trusted,
            )
        except GreenroomError as error:
            await self._broken_off(session, opened, error.line())
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.rehearsal.closing or (task is not None and task.cancelling()):
                raise
            await self._broken_off(session, opened, "interrupted: /resume goes on with the variant")
        else:
            await session.aclose()
            self._compare(session, done, since)

    async def _broken_off(self, session: Session, opened: Sequence[Session], why: str) -> None:
        """Say why, and open what there is: the variant as far as it came, else what was open before."""
        if not opened:
            self.bench.tell(why, "error")
            return
        await session.aclose()
        self.bench.doing.begin(Wanted(session=opened[0].id, mode=self.bench.step_mode, latest=False))
        self.bench.tell(why, "warning")

    def show(self, branch: Session) -> None:
        """Have a branch behind the screen; whoever opened it lets go of what was there."""
        self.branching = False
        self.bench.watching.rest()
        self.bench.feed.clear()
        self.rehearsal.take(branch)
        self.bench.opened()

    def _compare(self, session: Session, done: Rerun, turn: int) -> None:
        from greenroom.views.comparison.comparison import Side

        kept, redone = len(done.kept), len(done.redone)
        self.bench.feed.note(f"Said again: {kept} steps kept, {redone} redone.", "quiet")
        for line in done.told:
            self.bench.feed.note(line, "quiet")
        self.bench.tell("left and right in the conversation go from variant to variant")
        self.changed()
        self.bench.redraw()  # the row of keys is to be right when the sheet is left
        sides = [Side(session.id, tuple(session.records)), Side(done.session.id, tuple(done.session.records))]
        self.bench.doing.compare.show(sides, turn=turn, chosen=1)

    def open(self, id: str, *, writing: bool = True) -> None:
        """Another branch behind the screen."""
        self.bench.doing.begin(Wanted(session=id, mode=self.bench.step_mode, latest=False), writing=writing)

    # variants -----------------------------------------------------------------------------------------------------

    def swipe(self, by: int) -> bool:
        """The variant before or after this one; says whether there is any."""
        session = self.rehearsal.session
        if session is None or session.id not in self.beside or len(self.beside) < 2 or self.rehearsal.running:
            return False
        place = self.beside.index(session.id) + by
        if 0 <= place < len(self.beside):
            self.open(self.beside[place], writing=False)  # the same key again is the next variant
        else:
            self.bench.tell("that was the last variant" if by > 0 else "that was the first one", "info")
        return True

    def changed(self) -> None:
        """Another session is open, or it has another variant: find out which stand beside it."""
        session = self.rehearsal.session
        if session is not None:
            self.bench.run_worker(self.bench.mishaps.through(self._look(session)), group="variants", exclusive=True)

    async def _look(self, session: Session) -> None:
        from greenroom.assembly.variants.lineage import beside

        at, names = await asyncio.to_thread(beside, self.bench.workspace, session.id)
        if self.rehearsal.session is not session:
            return
        self.beside = names
        if len(names) > 1 and session.id in names:
            turn = _turn_after(session.records, at)
            self.bench.feed.variant(turn, f"variant {names.index(session.id) + 1} of {len(names)}")

    def _ready(self) -> Session | None:
        """The open session, if something was said in it and nothing is under way."""
        session = self.rehearsal.session
        if session is None or not self.rehearsal.folds.turns:
            self.bench.tell("nothing was said yet that could be said again", "warning")
            return None
        return None if self.under_way() else session

    def under_way(self) -> bool:
        """Whether something has to come to its end first; says so."""
        if self.branching:
            self.bench.tell("a branch is being opened", "warning")
        elif self.rehearsal.running:
            self.bench.tell("the turn is running: esc interrupts it first", "warning")
        return self.branching or self.rehearsal.running

    def branch(self, work: Coroutine[object, object, None]) -> None:
        """Make a branch; until it is there nothing else is begun in what is open. What is typed goes to the composer."""
        self.branching = True
        self.bench.arrangement.write()
        self.work(self._until_there(work))

    async def _until_there(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        finally:
            self.branching = False

    def work(self, work: Coroutine[object, object, None], group: str = "turn") -> None:
        self.bench.run_worker(self.bench.mishaps.through(work), group=group)


def _words_by_turn(records: Sequence[Record]) -> dict[int, str]:
    from greenroom.core.events import TurnStarted

    return {r.event.turn: r.event.words for r in records if isinstance(r.event, TurnStarted)}


def _turn_after(records: Sequence[Record], at: int) -> int:
    """The first turn that began after a record."""
    from greenroom.core.events import TurnStarted

    return next((r.event.turn for r in records[at + 1 :] if isinstance(r.event, TurnStarted)), 0)
