"""Questions to people: the ones still open, and how the others were answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    Record,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
)
from greenroom.core.values import Card
from greenroom.views.fold import told_by


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `given` is None while it is open.

    `role` is who is asked by now, and `passed` how many steps of `verdict.ask.then` missed deadlines have used up;
    `record` is the hash of the record that asked, which nothing else has.
    """

    seq: int
    turn: int
    step: str
    at: str
    card: Card
    deadline: str | None = None
    given: ApprovalGiven | None = None
    role: str = "operator"
    passed: int = 0
    record: str = ""

    @property
    def code(self) -> str:
        return code_of(self.record)


@dataclass(frozen=True, slots=True)
class Approvals:
    """All questions of a session, oldest first."""

    open: tuple[Asked, ...] = ()
    answered: tuple[Asked, ...] = ()

    def question(self) -> Asked | None:
        """The one to answer next."""
        return self.open[0] if self.open else None


EMPTY = Approvals()


def asking_record(records: Sequence[Record], step: str) -> str:
    """The hash of the latest record that asks at `step`, which an answer from elsewhere is bound to; '' if none does."""
    asked = (r for r in reversed(records) if isinstance(r.event, ApprovalRequested) and r.event.step == step)
    return next((record.hash for record in asked), "")


def code_of(record: str) -> str:
    """Eight characters that name exactly one question, from the hash of the record that asked."""
    return record[:8]


@told_by(ApprovalGiven, ApprovalPassedOn, ApprovalRequested, ToolReturned, TurnAbandoned, TurnFinished)
def fold(state: Approvals, record: Record) -> Approvals:
    match record.event:
        case ApprovalRequested() as event:
            asked = Asked(
                seq=record.seq,
                turn=event.turn,
                step=event.step,
                at=record.at,
                card=event.card,
                deadline=event.deadline,
                role=event.role,
                record=record.hash,
            )
            kept = tuple(a for a in state.open if a.step != event.step)
            return replace(state, open=(*kept, asked))
        case ApprovalPassedOn() as event:
            return replace(state, open=tuple(_passed(a, event) if a.step == event.step else a for a in state.open))
        case ApprovalGiven() as event:
            now = tuple(replace(a, given=event) for a in state.open if a.step == event.step)
            kept = tuple(a for a in state.open if a.step != event.step)
            return Approvals(kept, state.answered + now)
        case ToolReturned(turn=turn, call=call):  # e.g. denied by a policy that changed while the question was open
            kept = tuple(a for a in state.open if (a.turn, a.card.call.id) != (turn, call))
            return state if len(kept) == len(state.open) else replace(state, open=kept)
        case TurnAbandoned() | TurnFinished():
            return replace(state, open=()) if state.open else state
        case _:
            return state


def _passed(asked: Asked, event: ApprovalPassedOn) -> Asked:
    role = event.role if event.action == "escalate" else asked.role
    return replace(asked, role=role, deadline=event.deadline, passed=asked.passed + 1)
