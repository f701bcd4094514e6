"""Approvals that cover more than one call: which are in force, and which a person took back.

Invariant: a grant is what its approval in the log says; nothing is remembered anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GrantRevoked,
    Record,
    SessionForked,
    TurnAbandoned,
    TurnFinished,
)
from greenroom.core.values import Card, Scope, Verdict
from greenroom.views.fold import told_by


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave for later calls of `tool` that no other rules than `rules` ask about and for which all of `when` holds.

    `risk` is the most it covers, `autonomy` the least it counts at: a lower level wants more questions. `ended` says why it no longer counts ('' while it does; `expires` is a stamp).
    """

    step: str
    seq: int
    turn: int
    at: str
    scope: Scope
    tool: str
    rules: frozenset[str]
    risk: int
    autonomy: int
    policy_digest: str
    when: tuple[str, ...]
    by: str
    established: str
    expires: str | None = None
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """All grants of a session, oldest first. `asked` are the cards of the questions still open, by step."""

    all: tuple[Grant, ...] = ()
    asked: tuple[tuple[str, Card], ...] = ()

    def in_force(self, now: str) -> tuple[Grant, ...]:
        """Those that count at a moment (a stamp)."""
        return tuple(one for one in self.all if not one.ended and (one.expires is None or now < one.expires))


EMPTY = Grants()


@told_by(ApprovalGiven, ApprovalRequested, GrantRevoked, SessionForked, TurnAbandoned, TurnFinished)
def fold(state: Grants, record: Record) -> Grants:
    match record.event:
        case ApprovalRequested(step=step, card=card):
            return replace(state, asked=(*(pair for pair in state.asked if pair[0] != step), (step, card)))
        case ApprovalGiven() as event:
            asked = next((card for step, card in state.asked if step == event.step), None)
            state = replace(state, asked=tuple(pair for pair in state.asked if pair[0] != event.step))
            if asked is None or event.scope == "once" or event.decision != "allow":
                return state
            return replace(state, all=(*state.all, _grant(record, event, asked)))
        case GrantRevoked(grant=step, by=by):
            return _ended(state, f"revoked by {by}" if by else "revoked", lambda one: one.step == step)
        case SessionForked():
            return _ended(state, "it was given in the session this one was forked from", lambda one: True)
        case TurnFinished(turn=turn) | TurnAbandoned(turn=turn):
            return _ended(state, "its turn ended", lambda one: one.scope == "turn" and one.turn == turn)
        case _:
            return state


def coverable(card: Card) -> bool:
    """Whether a grant can answer a question of this kind: a rule's about a call, as the model made it."""
    return card.hook == "tool.call" and not card.reason and card.verdict.effect == "require_approval"


def asking(verdict: Verdict) -> frozenset[str]:
    """The rules that want a person to be asked, the deciding one among them."""
    fired = {one.rule for one in verdict.fired if one.effect == "require_approval" and not one.observed}
    return frozenset(fired | {verdict.rule})


def _grant(record: Record, event: ApprovalGiven, card: Card) -> Grant:
    return Grant(
        step=event.step,
        seq=record.seq,
        turn=event.turn,
        at=record.at,
        scope=event.scope,
        tool=card.call.tool,
        rules=asking(card.verdict),
        risk=card.verdict.risk,
        autonomy=card.verdict.autonomy,
        policy_digest=card.verdict.policy_digest,
        when=event.when,
        by=event.approver,
        established=event.established,
        expires=event.expires,
    )


def _ended(state: Grants, why: str, which: Callable[[Grant], bool]) -> Grants:
    return replace(
        state, all=tuple(replace(one, ended=why) if which(one) and not one.ended else one for one in state.all)
    )
