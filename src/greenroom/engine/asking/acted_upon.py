"""Answers about words that a log has acted upon: what a model has read, or a person was shown, is not asked about again.

A branch of a session puts its open questions once more, because an answer holds for the session it was given in. What came
of an answer before the branch began is its past, and no answer could take it back.
Invariant: an answer stands only for the very words, under the very policy, that it was given about.
"""

from __future__ import annotations

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    ContextSelected,
    Event,
    MemoriesRecalled,
    ReplyGenerated,
    ReplyReleased,
)
from greenroom.core.values import Card
from greenroom.engine.room import Room

_RELEASED = (ReplyReleased, "release")
_SELECTED = (ContextSelected, "select")
_BEYOND: dict[str, tuple[tuple[type[Event], str], ...]] = {
    "input": ((MemoriesRecalled, "recall"), _RELEASED),
    "memory.read": (_SELECTED,),
    "retrieval": (_SELECTED,),
    "prompt": ((ReplyGenerated, "generate:{number}"), _RELEASED),
    "output": (_RELEASED,),
}
"""By hook, what comes of words that may go on, and of those that a turn goes on or ends without."""


def acted_upon(room: Room, turn: int, step: str, card: Card) -> ApprovalGiven | None:
    """The answer at this step, if it is about this card and the turn has gone on with it; in a replay, unless the
    question was put once more in this life.
    """
    if card.hook not in _BEYOND or _put_again(room, step):
        return None
    asked, given = room.steps.record_of(ApprovalRequested, step), room.steps.record_of(ApprovalGiven, step)
    if asked is None or given is None or given.seq < asked.seq or not isinstance(asked.event, ApprovalRequested):
        return None
    number = step.rpartition(":")[2].partition(".")[0]
    came = (room.steps.record_of(kind, f"t{turn}/{at.format(number=number)}") for kind, at in _BEYOND[card.hook])
    if not any(done is not None and done.seq > given.seq for done in came) or not _same(asked.event.card, card):
        return None
    return given.event if isinstance(given.event, ApprovalGiven) else None


def _put_again(room: Room, step: str) -> bool:
    governed = room.steps.governed
    if governed is not None:
        return governed.puts(step)
    return room.steps.anew(ApprovalRequested, step) or room.steps.anew(ApprovalGiven, step)


def _same(before: Card, now: Card) -> bool:
    policy = before.verdict.policy_digest == now.verdict.policy_digest
    return policy and (before.call, before.reason) == (now.call, now.reason)
