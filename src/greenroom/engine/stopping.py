"""The kill switch inside a turn: asked before every model call and every side effect, and while either goes on.

Invariant: what a stop covers does not begin. A stopped turn stays open, so it can be resumed once the switch is lifted.
"""

from __future__ import annotations

from greenroom.core.errors import KillSwitchThrown
from greenroom.core.values import Stop
from greenroom.engine.room import Room
from greenroom.policy.files.rules import matching


def must_go_on(room: Room, turn: int) -> None:
    """Nothing, unless this turn is stopped.

    Raises:
        KillSwitchThrown: by a stop of this turn or of everything.
    """
    here = f"{room.steps.log.session}/t{turn}"
    for stop in room.outside.brake.stops():
        if stop.scope == "everything" or (stop.scope == "turn" and stop.target == here):
            what = "everything" if stop.scope == "everything" else "this turn"
            raise KillSwitchThrown(
                f"{stop.by or 'someone'} stopped {what}{f': {stop.reason}' if stop.reason else ''}",
                hint="greenroom stop --lift --reason WHY, then resume",
            )


def stop_of(room: Room, step: str, tool: str) -> Stop | None:
    """The stop of this very call or of its tool, if there is one. `step` is the key of the call's step."""
    here = f"{room.steps.log.session}/{step}"
    for stop in room.outside.brake.stops():
        if (stop.scope == "call" and stop.target == here) or (stop.scope == "tool" and matching(stop.target, (tool,))):
            return stop
    return None
