"""The files under the screen's session: looked at five times a second beside the loop, read when they rest, and told of.

Invariant: one look at a time, and it never takes more than a small share of it; a broken file is named in the bar until
it is sound again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError

if TYPE_CHECKING:
    from greenroom.commands.live.watching import Disk, News
    from greenroom.core.events import ContractLoaded
    from greenroom.engine.contract import Contract
    from greenroom.tui.workbench import Workbench
    from greenroom.views.governing import Governing
    from greenroom.workspace.watched import Seen

SECONDS = 0.2
"""Between two looks: what is saved rests for one of them, and is read and shown well within a second."""
_SHARE, _MOST = 20, 0.5
"""After a look that took long, as in a workspace of thousands of documents, so many times that long is waited, but not
more than this many seconds.
"""


class DiskWatch:
    """Looks for one workbench, from `begin` on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._disk: Disk | None = None
        self._looking = False
        self._next = 0.0
        self._timed = False
        self.looks = 0
        self._beside: list[tuple[int, str]] = []
        self._closed: Seen | None = None
        self._moving: Seen | None = None
        self._records = 0
        self._governing: Governing | None = None

    def begin(self) -> None:
        """Look at the session that is open now."""
        self._disk, self._records, self._governing = None, 0, None
        self._looking, self._next, self.looks = False, 0.0, 0
        self._beside = []
        self._show()
        if not self._timed:
            self._timed = True
            self._bench.set_interval(SECONDS, self.look)
        self.look()

    def look(self) -> None:
        """Look now, unless a look is under way."""
        loop = asyncio.get_running_loop()
        if self._bench.is_running and not self._looking and loop.time() >= self._next:
            self._looking = True
            self._bench.run_worker(self._bench.mishaps.through(lambda: self._looked(settle=True)), group="watch")

    async def reload(self) -> None:
        """Read everything again now, and say so also where nothing changed."""
        await self._looked(settle=False)

    async def _looked(self, *, settle: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            if (disk := await self._opened()) is None:
                await self._mended()
                self.looks += 1
                return
            started = loop.time()
            news = await disk.look(settle=settle, all_of_it=not settle)
            self.looks += 1
            if news is not None:
                self._tell(news, told_when_same=not settle)
            else:
                self._next = loop.time() + min(_SHARE * (loop.time() - started), _MOST) - SECONDS
        except GreenroomError as error:
            self._bench.tell(error.line(), "error")
        finally:
            self._looking = False

    async def _opened(self) -> Disk | None:
        """What looks for the session that is open; its imports are kept off the first paint."""
        session = self._bench.rehearsal.session
        if session is None:
            return None
        if self._disk is None:
            from greenroom.commands.live.actions import Live
            from greenroom.commands.live.watching import Disk
            from greenroom.tui.person import ESTABLISHED

            self._disk = Disk(Live(self._bench.workspace, session, ESTABLISHED))
        return self._disk

    async def _mended(self) -> None:
        """Where nothing could be opened, because a file is broken or not trusted: try again once something was written."""
        bench = self._bench
        if bench.opening or bench.rehearsal.closing or bench.rehearsal.read_only == "read-only":
            return
        from greenroom.workspace.watched import snapshot

        now = await asyncio.to_thread(snapshot, bench.workspace)
        before, self._closed = self._closed or now, self._closed or now
        if now not in (before, self._moving):
            self._moving = now
        elif now != before:
            self._closed = self._moving = None
            bench.doing.begin(bench.wanted, writing=False)  # nobody asked for it, so nobody is sent to the composer

    def _tell(self, news: News, *, told_when_same: bool) -> None:
        from greenroom.commands.live.watching import KEPT

        self._beside += [(len(self.governing.turns), one) for one in news.done.beside]
        watching, feed, line = self._bench.watching, self._bench.feed, news.done.line
        for problem in news.fresh:
            self._bench.tell(f"{KEPT}: {problem}", "error")
        if line:
            watching.flips = news.done.flips
            feed.note(f"Reloaded: {line}{'; /flips shows which' if watching.flips else ''}", "good")
        elif news.mended:
            feed.note("Read again: what is on disk is in force", "good")
        if not news.fresh and (line or news.mended or told_when_same):
            self._bench.tell(
                self._to_do(line)
                or ("still so: see the rows under the header" if self._wrong else "read again: nothing changed")
            )
        self._show()
        self._bench.redraw_soon()

    def _to_do(self, line: str) -> str:
        """What a reload is good for, once something was said; `line` is in the conversation."""
        if line and self._bench.rehearsal.folds.turns:
            what = "it again from here" if self._bench.scrub.past else "the last turn again"
            return f"reloaded: ctrl+r says {what} under it, f7 shows what changed"
        return line

    def _show(self) -> None:
        from greenroom.tui.disk.bar import DiskBar
        from greenroom.tui.frame.header import Header

        screen = self._bench.screen_stack[0]
        bar = next(iter(screen.query(DiskBar)), None)
        if bar is None and self._wrong:
            bar = DiskBar()
            screen.mount(bar, after=screen.query_one(Header))
        if bar is not None:
            bar.show(self.problems, self._disk.untrusted if self._disk is not None else "")

    @property
    def _wrong(self) -> bool:
        return self._disk is not None and bool(self._disk.problems or self._disk.untrusted)

    @property
    def problems(self) -> tuple[str, ...]:
        """A line for each file that is broken."""
        return self._disk.problems if self._disk is not None else ()

    @property
    def contract(self) -> Contract | None:
        """What is on disk, as far as it could be read."""
        session = self._bench.rehearsal.session
        if self._disk is None:
            return session.awaited if session is not None else None
        return self._disk.contract

    @property
    def beside(self) -> tuple[str, ...]:
        """What was taken over since the last turn that is no part of the contract: documents, scripts, code of tools."""
        turns = len(self.governing.turns)
        return tuple(line for turn, line in self._beside if turn == turns)

    @property
    def ran(self) -> ContractLoaded | None:
        """What the last turn ran under."""
        return self.governing.ran

    @property
    def governing(self) -> Governing:
        """What each turn of the session that is open ran under."""
        from greenroom.views import governing

        session, state = self._bench.rehearsal.session, self._governing or governing.EMPTY
        records = session.records if session is not None else ()
        for place in range(self._records, len(records)):
            state = governing.fold(state, records[place])
        self._records, self._governing = len(records), state
        return state

    @property
    def said(self) -> str:
        """What the header says: what ran against what is on disk; '' where it is the same."""
        session = self._bench.rehearsal.session
        if self._disk is None or session is None:
            return ""
        from greenroom.commands.live.watching import against

        return against(self.ran, self._disk.contract, waits=session.awaited is not session.contract)
