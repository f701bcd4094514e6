"""The rounds in which a call is decided about: as it came, as it was edited at its gate, and after each edit by who was asked.

Invariant: a round has the name that its verdict and its question have, whichever record its arguments came with.
"""

from __future__ import annotations

from greenroom.core.events import ApprovalGiven, GatePassed, Record, ReplyGenerated
from greenroom.core.values import Json

Round = tuple[int, str]
"""Turn and call; the arguments of the second edit of c1 stand under c1.2."""
GATE = "gate"
"""The round of a call that was edited at its gate."""
UNKNOWN = ".unknown"
"""How the round ends of the question whether a call that a crash cut off had run: no edit of its arguments answers that. A
replay has no crash, and only takes over what came of the call, or that a person ended the turn for it.
"""


def arguments_by_round(record: Record) -> dict[Round, Json]:
    """The arguments that a record brings in, to be decided about."""
    match record.event:
        case ReplyGenerated(turn=turn, calls=calls):
            return {(turn, call.id): call.arguments for call in calls}
        case ApprovalGiven(turn=turn, decision="edit", step=step, arguments=arguments) if not step.endswith(UNKNOWN):
            return {(turn, next_round(step.partition("/ask:")[2])): arguments}
        case GatePassed(turn=turn, gate="tool", action="edit", step=step, edit=arguments):
            return {(turn, f"{step.rpartition(':')[2]}.{GATE}"): arguments}
        case _:
            return {}


def next_round(asked: str) -> str:
    """The round that an edit by who was asked about another one makes."""
    call, _, edits = asked.partition(".")
    if edits == GATE:
        return f"{call}.1"
    return f"{call}.{int(edits or 0) + 1}" if not edits or edits.isdigit() else asked
