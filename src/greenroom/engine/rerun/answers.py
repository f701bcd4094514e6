"""A person's recorded answer in a rerun: good for the very call and question it was given to, and for nothing else.

Invariant: an answer is taken only if its binding is what `approval.binding` makes of the new question under the
recorded salt; what leave it gave beyond that question stays in the session it was given in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greenroom.approval.binding import bind
from greenroom.core.canonical import clean_json
from greenroom.core.chain import committed
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Event, Record, SessionForked, SessionOpened
from greenroom.core.values import Card
from greenroom.engine.contract import Contract
from greenroom.engine.rerun.calls import TOOLS, whole

ByStep = Mapping[tuple[type[Event], str], Record]


class Answers:
    """The answers of a session that is varied."""

    def __init__(self, records: Sequence[Record], by_step: ByStep) -> None:
        self._by_step = by_step
        self._owners = [(r.seq, r.event.session) for r in records if isinstance(r.event, SessionOpened | SessionForked)]

    def to(self, recorded_step: str, card: Card, contract: Contract) -> Record | None:
        """The answer given at a recorded step, if it is to this very question; None where it is not, or there is none."""
        asked = self._by_step.get((ApprovalRequested, recorded_step))
        given = self._by_step.get((ApprovalGiven, recorded_step))
        if asked is None or given is None or given.seq < asked.seq or not (whole(asked) and whole(given)):
            return None
        if not isinstance(asked.event, ApprovalRequested) or not isinstance(given.event, ApprovalGiven):
            return None
        commitment = asked.commitments.get("card", "")
        salt = asked.salts.get(commitment, "")
        if not salt or not committed(commitment, salt, _as_committed(card, asked.event.card)):
            return None
        binds = bind(self._owner(asked), commitment, contract.policy.digest, contract.digests.get(TOOLS, ""))
        return given if binds == given.event.binds else None

    def _owner(self, record: Record) -> str:
        """The session that a record was written in: what a fork begins with is its parent's."""
        return next((name for seq, name in reversed(self._owners) if seq <= record.seq), "")


def as_kept(record: Record, step: str, call: str) -> ApprovalGiven:
    """The answer as the rerun has it: to this one question."""
    event = record.event
    assert isinstance(event, ApprovalGiven)
    return event.model_copy(
        update={"step": step, "call": call, "scope": "once", "when": (), "expires": None, "kept_from": record.seq}
    )


def _as_committed(card: Card, recorded: Card) -> object:
    """A card as the log commits to one. A call's number says where it stood among others, not what it is."""
    call = card.call.model_copy(update={"id": recorded.call.id, "vendor_id": recorded.call.vendor_id})
    return clean_json(card.model_copy(update={"call": call}).model_dump(mode="json", exclude_defaults=True))
