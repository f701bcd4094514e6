"""The deeds that fork: where the person looks, with the words that stand there to be changed, and the tree of forks.

Invariant: as in `doing`: every method returns at once, and an error becomes a line. The session that is left keeps its
bytes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.deeds.rerun import RerunDeeds
from greenroom.tui.panes.side import Pane
from greenroom.tui.rehearsal import Rehearsal
from greenroom.tui.travel.event_pane import seq_of

if TYPE_CHECKING:
    from greenroom.engine.session import Session
    from greenroom.tui.branches.point import Point
    from greenroom.tui.workbench import Workbench
    from greenroom.views.branches.lineage import Line


class ForkDeeds:
    """These deeds of one workbench; `variants` has what they share with reruns."""

    def __init__(self, bench: Workbench, variants: RerunDeeds) -> None:
        self.bench = bench
        self._variants = variants

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    def fork(self) -> None:
        """Fork where the person looks: at an event of Trace, at an entry of the conversation, at the moment shown.

        Where a gate waits it is there: the branch waits at it too, and so does this session once it is opened again.
        """
        from greenroom.tui.branches.point import Point, at_entry, at_record
        from greenroom.tui.branches.words_sheet import WordsSheet

        session = self.rehearsal.session
        if session is None or not session.records:
            self.bench.tell("nothing is open that could be forked", "warning")
            return
        if not self._variants.branching and session.waiting_gate():
            self._variants.branch(self._fork(session, Point(session.records[-1].seq, 0, "event"), ""))
            return
        if self._variants.under_way():
            return
        records = session.records
        point = at_record(records, seq) if (seq := self._event()) is not None else at_entry(records, self._entry())
        if point.kind == "event":
            self._variants.branch(self._fork(session, point, ""))
            return
        sheet = WordsSheet(point.title, point.words, point.beneath, "say it there")
        self.bench.push_screen(sheet, lambda words: self._worded(session, point, words or ""))

    def _event(self) -> int | None:
        """The number of the event that is meant: the one selected in Trace, or the last one shown of the past."""
        focused = self.bench.focused
        if isinstance(focused, Pane) and (seq := seq_of(focused.selected)) is not None:
            return seq
        return self.bench.scrub.folds.records[-1].seq if self.bench.scrub.past else None

    def _entry(self) -> str:
        selected = self.bench.query_one("#conversation", Transcript).selected
        return selected.id if selected is not None and isinstance(self.bench.focused, Transcript) else ""

    def _worded(self, session: Session, point: Point, words: str) -> None:
        if not words:
            return
        if point.kind == "reply":
            from greenroom.assembly.variants.rerunning import Change

            change = Change(replies={point.turn: words})
            self._variants.branch(self._variants.run(session, change, point.turn, point.turn))
        else:
            self._variants.branch(self._fork(session, point, words))

    async def _fork(self, session: Session, point: Point, words: str) -> None:
        from greenroom.assembly import fork_session
        from greenroom.assembly.variants.rerunning import branching_point

        source, at = session.id, point.at
        if point.kind == "words":
            source, at = branching_point(self.bench.workspace, session.id, session.records, point.turn)
        try:
            child = await fork_session(self.bench.workspace, source, at, trusted=self._variants.trusted)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
            return
        waits = bool(session.waiting_gate())
        self._variants.show(child)
        await self.rehearsal.let_go(session)
        self._variants.changed()
        await self.rehearsal.warm()
        if waits:
            self.bench.tell(f"a branch that waits at this gate; {session.id} waits there too")
            await self.rehearsal.resume()
        elif words:
            await self.rehearsal.turn(words)
            self._variants.changed()
        elif self.rehearsal.unfinished:
            self.bench.tell("the turn is not over here: /resume goes on, /abandon gives it up", "warning")

    # the tree -----------------------------------------------------------------------------------------------------

    def tree(self) -> None:
        """The tree that the open session is in."""
        session = self.rehearsal.session
        if session is None:
            self.bench.tell("nothing is open", "warning")
        else:
            self._variants.work(self._tree(session.id), "tree")

    async def _tree(self, here: str) -> None:
        from greenroom.assembly.variants.lineage import session_lines
        from greenroom.tui.branches.tree_sheet import TreeSheet
        from greenroom.views.branches.lineage import trees

        def read() -> tuple[Line, ...]:
            lines = session_lines(self.bench.workspace)
            return trees(lines, here) if any(line.id == here for line in lines) else ()

        found = await asyncio.to_thread(read)
        if len(found) < 2:
            self.bench.tell("not forked yet: f forks where you look, ^r says the last turn again")
            return
        self.bench.push_screen(TreeSheet(found, here), self._chosen)

    def _chosen(self, id: str | None) -> None:
        if id and self.rehearsal.session and id == self.rehearsal.session.id:
            self.bench.arrangement.write()
        elif id:
            self._variants.open(id)
