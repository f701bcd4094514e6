"""What a person did in the turns that are said again and does not come again by itself, in a line each. Pure.

Invariant: nothing that a person did is dropped in silence: it is repeated, with a mark of where it was kept from, or told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from greenroom.core.events import ApprovalGiven, ApprovalRequested, AutonomyChanged, GatePassed, Record, TurnStarted
from greenroom.core.inert import inert_line

STEPPED_IN = ("edit", "simulate", "skip", "abandon")
_NAME = 40
_DONE = {"edit": "edited", "simulate": "simulated", "skip": "skipped", "abandon": "given up"}
_COMMAND_LINE = "command line"


def unrepeated(
    parent: Sequence[Record], turns: Collection[int], here: Sequence[Record], again: Collection[int] = ()
) -> tuple[str, ...]:
    """What of a person's deeds in these `turns` of the parent the variant `here` does not have.

    `again` are the parent's records that were done again without a mark.
    """
    kept = {record.event.kept_from for record in here if isinstance(record.event, GatePassed | ApprovalGiven)}
    return tuple(_told(parent, frozenset(turns), kept | {*again}, here))


def _told(
    parent: Sequence[Record], turns: Collection[int], kept: Collection[int | None], here: Sequence[Record]
) -> Iterator[str]:
    asked = {r.event.step: r.event for r in parent if isinstance(r.event, ApprovalRequested)}
    levels = {r.event.level for r in here if isinstance(r.event, AutonomyChanged)}
    now = 0
    for record in parent:
        if record.seq in kept:
            continue
        match record.event:
            case TurnStarted(turn=now):
                pass
            case GatePassed(turn=turn, gate=gate, action=action, by=by) if turn in turns and action in STEPPED_IN:
                who = inert_line(by, _NAME) or "a person"
                yield (
                    f"turn {turn}: what {who} {_DONE[action]} at the {gate} gate was not repeated, "
                    "because something else waited there, or nothing"
                )
            case ApprovalGiven() as event if event.turn in turns and event.established != _COMMAND_LINE:
                yield _answer(event, asked.get(event.step))
            case AutonomyChanged(level=level) if now + 1 in turns and level not in levels:
                yield f"turn {now + 1}: the level of autonomy {level} that was set before it was not set again"
            case _:
                pass


def _answer(event: ApprovalGiven, asked: ApprovalRequested | None) -> str:
    who = inert_line(event.approver, _NAME) or "a person"
    about = f" to {inert_line(asked.card.call.tool, _NAME)}" if asked is not None and asked.card.call.tool else ""
    return (
        f"turn {event.turn}: the answer of {who}{about} ({event.decision}) was not repeated: it was to another question"
    )
