"""Every decision policy took, by turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.core.events import Record, TurnStarted, VerdictReached
from greenroom.core.values import Hook, Verdict
from greenroom.views.fold import Turns, by_turn


@dataclass(frozen=True, slots=True)
class Decided:
    """One verdict and what it was about."""

    seq: int
    step: str
    hook: Hook
    subject: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VerdictTurn:
    """A turn's verdicts, in the order they were reached."""

    turn: int
    decided: tuple[Decided, ...] = ()

    def worth_showing(self) -> tuple[Decided, ...]:
        """Those in which a rule had a say, or something was held back."""
        return tuple(d for d in self.decided if d.verdict.fired or d.verdict.effect != "allow" or d.verdict.findings)


Verdicts = Turns[VerdictTurn]
EMPTY: Verdicts = Turns()


def _start(record: Record, event: TurnStarted) -> VerdictTurn:
    return VerdictTurn(event.turn)


def _grow(state: VerdictTurn, record: Record) -> VerdictTurn:
    if not isinstance(record.event, VerdictReached):
        return state
    event = record.event
    made = Decided(record.seq, event.step, event.hook, event.subject, event.verdict)
    return replace(state, decided=(*state.decided, made))


fold = by_turn(_start, _grow, VerdictReached)
