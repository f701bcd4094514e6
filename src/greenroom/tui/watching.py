"""What changes outside the screen: the kill switch in any process, policy and persona files in any editor.

Invariant: looking costs a handful of `stat` calls a second; files are read beside the event loop, one reload at a time;
a broken file changes nothing and is told once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.approval.kill_switch import KillSwitch
    from greenroom.core.values import Stop
    from greenroom.regression.flips import Flip
    from greenroom.tui.workbench import Workbench
    from greenroom.workspace.layout import Workspace

SECONDS = 1.0
_WATCHED = (".toml", ".md", ".txt")
_MOST = 2_000
"""Files looked at; a workspace with more personas than that is reloaded by hand."""
Seen = dict[str, tuple[int, int]]


class Watch:
    """Watches for one workbench, from `begin` on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._switch: KillSwitch | None = None
        self._files: Seen | None = None
        self._looking = False
        self._told = ""
        self.stops: tuple[Stop, ...] = ()
        self.flips: tuple[Flip, ...] = ()
        self.flips_shown = False

    @property
    def switch(self) -> KillSwitch:
        """The workspace's kill switch."""
        if self._switch is None:
            from greenroom.approval.kill_switch import KillSwitch

            self._switch = KillSwitch(self._bench.workspace)
        return self._switch

    @property
    def holding(self) -> bool:
        """Whether a stop holds whole turns of the session that is open."""
        session = self._bench.rehearsal.session
        mine = f"{session.id}/" if session else ""
        return any(
            one.scope == "everything" or (one.scope == "turn" and one.target.startswith(mine)) for one in self.stops
        )

    def begin(self) -> None:
        """Look once a second from now on."""
        if self._switch is None:
            self._bench.set_interval(SECONDS, self.look)
        self._files = None
        self.flips, self.flips_shown = (), False
        self.look()

    def rest(self) -> None:
        """Leave the session alone from here on: it is about to be closed."""
        for group in ("watch", "reload"):
            self._bench.workers.cancel_group(self._bench, group)

    def look(self) -> None:
        """Look now."""
        if not self._bench.is_running:
            return
        self._heed(self.switch.stops())
        session = self._bench.rehearsal.session
        if session is not None and session.autonomy[1]:
            self._bench.show_standing()  # a raised autonomy may be over by now
        if not self._looking:
            self._looking = True
            self._bench.run_worker(self._bench.mishaps.through(self._files_looked_at()), group="watch")

    def _heed(self, stops: tuple[Stop, ...]) -> None:
        from greenroom.tui.stop_sheet import StopSheet

        before, self.stops = self.stops, stops
        if stops == before:
            return
        fresh = [stop for stop in stops if stop not in before]
        gone = [stop for stop in before if stop not in stops]
        for stop in fresh:
            self._bench.feed.note(f"STOPPED {spoken(stop)}. ctrl+x ctrl+k lifts it.", "bad")
        if gone:
            self._bench.run_worker(self._bench.mishaps.through(self._lifted(gone)), group="lifted")
        if isinstance(self._bench.screen, StopSheet):
            self._bench.screen.show(stops)
        self._bench.redraw_soon()

    async def _lifted(self, gone: Sequence[Stop]) -> None:
        """Say what was lifted, by whom and why, as the ledger has it; a question it left behind is put again."""
        by_whom = await asyncio.to_thread(_lifts, self._bench.workspace)
        for stop in gone:
            self._bench.feed.note(f"No longer stopped: {spoken(stop)}", "good")
            if why := by_whom.get((stop.scope, stop.target)):
                self._bench.feed.note(f"Lifted {why}", "good")
        self._bench.tell("no longer stopped" if not self.stops else "lifted; something else is still stopped")
        self._bench.doing.safety.ask_again_after_lift()

    async def _files_looked_at(self) -> None:
        try:
            now = await asyncio.to_thread(snapshot, self._bench.workspace)
            before, self._files = self._files, now
            if before is not None and now != before and self._bench.rehearsal.session is not None:
                await self.reload()
        finally:
            self._looking = False

    async def reload(self, *, told_when_same: bool = False) -> None:
        """Take over what is on disk; a broken file leaves the last good contract in force."""
        from greenroom.commands.reloading import reload

        live = self._bench.doing.safety.live()
        if live is None:
            return
        try:
            done = await reload(live, "")
        except GreenroomError as error:
            line = f"not reloaded, what was read before still holds: {error.line()}"
            if line != self._told or told_when_same:
                self._told = line
                self._bench.tell(line, "error")
            return
        mended, self._told = bool(self._told), ""
        line = done.value.line
        if line:
            self.flips = done.value.flips
            self._bench.feed.note(f"Reloaded: {line}{'; /flips shows which' if self.flips else ''}", "good")
        if mended and not line:
            self._bench.feed.note("Read again: what is on disk is in force", "good")
        if line or told_when_same or mended:
            self._bench.tell(line or "read again: nothing changed")
        self._bench.redraw_soon()


def _lifts(workspace: Workspace) -> dict[tuple[str, str], str]:
    """`by mara: the order is put right` for what was lifted last; nothing where the ledger cannot be read."""
    from greenroom.core.clock import SystemClock
    from greenroom.ledger.ledger import Ledger

    try:
        entries = Ledger(workspace.ledger, SystemClock()).entries()
    except GreenroomError:
        return {}
    return {
        (str(one.fields["scope"]), str(one.fields["target"])): f"by {one.fields['by']}: {one.fields.get('reason', '')}"
        for one in entries
        if one.kind == "stop_lifted"
    }


def spoken(stop: Stop) -> str:
    """`tool orders.refund, by mara: wrong amounts`."""
    by = f", by {stop.by}" if stop.by else ""
    return f"{stop.scope} {stop.target}".rstrip() + by + (f": {stop.reason}" if stop.reason else "")


def snapshot(workspace: Workspace) -> Seen:
    """When each file that governs a session was last written, and its size."""
    found: Seen = {}
    paths = [workspace.settings_file, *sorted(workspace.policies.glob("*.toml"))]
    for path in (*paths, *workspace.personas.rglob("*")):
        if len(found) >= _MOST:
            break
        if path.suffix not in _WATCHED:
            continue
        try:
            stat = path.stat()
        except OSError:
            continue
        found[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return found
