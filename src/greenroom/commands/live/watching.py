"""The files under a live session, as one face looks at them: what was saved is taken over, and what is to be told of it.

Invariant: a file is read only when it rests, or when somebody waits for it; what is wrong is told once, and stays known
until it is put right.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.commands.live.actions import Live
from greenroom.commands.live.reloading import KINDS, Reloaded, take
from greenroom.core.inert import inert_line
from greenroom.views.governing import mark
from greenroom.workspace.watched import Kind, Seen, snapshot
from greenroom.workspace.watched import changed as written

if TYPE_CHECKING:
    from greenroom.core.events import ContractLoaded
    from greenroom.engine.contract import Contract

KEPT = "not reloaded, what was read before still holds"
_NAMED, _LONGEST = 3, 1_000


@dataclass(frozen=True, slots=True)
class News:
    """What a look brought: what was taken over, the problems nobody was told of yet, and whether all is well again."""

    done: Reloaded
    fresh: tuple[str, ...] = ()
    mended: bool = False

    def lines(self) -> list[str]:
        """As a face without a screen says it."""
        said = [f"{KEPT}: {problem}" for problem in self.fresh]
        if self.done.line:
            said.append(f"reloaded: {self.done.line}")
        elif self.mended:
            said.append("read again: what is on disk is in force")
        return [inert_line(line, _LONGEST) for line in said]


class Disk:
    """Looks for one session. `problems` has a line for each broken file; `untrusted` says what nobody trusted, or ''."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._seen: Seen | None = None
        self._moving: Seen | None = None
        self._reading = asyncio.Lock()
        self.problems: tuple[str, ...] = ()
        self.untrusted = ""
        self.contract: Contract = live.session.awaited

    async def look(self, *, settle: bool = False, all_of_it: bool = False) -> News | None:
        """Take over what was written since the last look; None where nothing was.

        With `settle` only what two looks found alike is read: an editor may be in the middle of writing. With
        `all_of_it` everything is read, whether it was written or not.

        Raises:
            DiskFailed: the store or the ledger could not be written.
        """
        async with self._reading:
            now = await asyncio.to_thread(snapshot, self._live.workspace)
            before, self._seen = self._seen or now, self._seen or now
            if now == before and not all_of_it:
                return None
            if settle and now != self._moving:
                self._moving = now
                return None
            self._seen = now
            return await self._taken(written(self._live.workspace, before, now), all_of_it=all_of_it)

    async def _taken(self, files: dict[str, Kind], *, all_of_it: bool) -> News:
        known = (*self.problems, *filter(None, [self.untrusted]))
        done = await take(self._live, KINDS if known or all_of_it else tuple(files.values()))
        self.problems = done.problems
        self.untrusted = (self.untrusted or self._not_trusted(files)) if done.untrusted else ""
        self.contract = done.contract or self._live.session.awaited
        now = (*self.problems, *filter(None, [self.untrusted]))
        return News(done, tuple(one for one in now if one not in known), bool(known) and not now)

    def _not_trusted(self, files: dict[str, Kind]) -> str:
        root = f"{self._live.workspace.root}{os.sep}"
        names = sorted(path.removeprefix(root) for path, kind in files.items() if kind in ("tools", "settings"))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        what = f"{', '.join(names[:_NAMED])}{more}" if names else "what this workspace runs or reaches"
        return f"{what}: not what was trusted, so nothing is reloaded until it is: greenroom trust"


def against(ran: ContractLoaded | None, disk: Contract, *, waits: bool = False) -> str:
    """`ran 1.3.0 #a1b2 · disk #c3d4`; '' where no turn ran yet, or the last one ran under the very same."""
    if ran is None or (ran.digests, ran.model) == (disk.digests, disk.model):
        return ""
    version = f"{disk.persona.version} " if disk.persona.version != ran.version else ""
    rest = ", waits for the turn's end" if waits else ""
    return f"ran {ran.version} #{mark(ran.digests, ran.model)} · disk {version}#{mark(disk.digests, disk.model)}{rest}"
