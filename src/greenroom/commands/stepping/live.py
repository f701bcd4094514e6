"""Breakpoints inside a live session: `/break CONDITION`, `/break toggle 2`, `/break remove 2`.

Invariant: what is added here is kept with the workspace; where that cannot be, it counts for this session all the same.
"""

from __future__ import annotations

from typing import Any

from greenroom.commands.answer import Answer
from greenroom.commands.live.actions import Live
from greenroom.commands.stepping.breakpoints import changed, checked, told
from greenroom.core.values import Breakpoint
from greenroom.workspace.breakpoint_file import save, saved


def break_at(live: Live, words: str) -> Answer[Any]:
    """Add one, switch one, remove one, or list them.

    Raises:
        UsageError: the condition cannot be used, or there is no such breakpoint.
        FileInvalid: the workspace's file is broken; what was added counts for this session.
    """
    first, _, rest = words.partition(" ")
    now = live.session.gates.breakpoints.all
    if not words or words == "list":
        return told(now)
    wish, when = (first, rest.strip()) if first in ("toggle", "remove") else ("add", checked(words))
    after = changed(now, wish, when)
    live.session.set_breakpoints(after)
    _keep(live, now, after)
    return told(after)


def _keep(live: Live, before: tuple[Breakpoint, ...], after: list[Breakpoint]) -> None:
    """Have the workspace's file follow: what is new is added, what is gone or switched there is so too."""
    kept = {one.when for one in saved(live.workspace)}
    was = {one.when for one in before}
    wanted = [one for one in after if one.when in kept or one.when not in was]
    save(live.workspace, lambda _: wanted)
