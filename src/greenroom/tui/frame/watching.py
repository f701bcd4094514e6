"""What changes outside the screen: the kill switch in any process, and by `disk_watch` files in any editor.

Invariant: what is stopped is said within a second, whoever stopped it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.disk.watch import DiskWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.approval.kill_switch import KillSwitch
    from greenroom.core.values import Stop
    from greenroom.regression.flips import Flip
    from greenroom.tui.workbench import Workbench
    from greenroom.workspace.layout import Workspace

SECONDS = 1.0


class Watch:
    """Watches for one workbench, from `begin` on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._switch: KillSwitch | None = None
        self.disk = DiskWatch(bench)
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
        self.disk.begin()
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

    def _heed(self, stops: tuple[Stop, ...]) -> None:
        from greenroom.tui.sheets.stop_sheet import StopSheet

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

    async def reload(self) -> None:
        """Take over what is on disk now, and say so also where nothing changed."""
        await self.disk.reload()


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
