"""Dead letters: questions about calls that nobody answered, and calls whose outcome nobody knows.

Invariant: a letter stays until a person lets it be or has its call put again; nothing on this list acts by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    ContractLoaded,
    DeadLetterDiscarded,
    Record,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Card, ToolCall, ToolSpec, Verdict
from greenroom.views.fold import told_by

Kind = Literal["expired", "orphaned", "unknown"]
DEADLINE = "deadline"
"""The approver of an answer that nobody gave in time."""

AGAIN = "again:"
"""How the origin of a turn begins that puts a letter's call once more; the letter's step follows."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them. `step` names it, `at` is when it died (a stamp), `role` who was asked last, `why` says it in a line."""

    step: str
    kind: Kind
    at: str
    turn: int
    card: Card
    why: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    """What the open turn has shown so far of one call."""

    call: str
    card: Card | None = None
    step: str = ""
    role: str = ""
    asked: bool = False
    verdict: Verdict | None = None
    started: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """All that are not settled, oldest first. The rest is what the fold needs of the open turn."""

    letters: tuple[DeadLetter, ...] = ()
    calls: tuple[_Open, ...] = ()
    specs: tuple[ToolSpec, ...] = ()

    def letter(self, step: str) -> DeadLetter | None:
        """The letter of this step, or None."""
        return next((one for one in self.letters if one.step == step), None)


EMPTY = DeadLetters()


@told_by(
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    ContractLoaded,
    DeadLetterDiscarded,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
def fold(state: DeadLetters, record: Record) -> DeadLetters:
    match record.event:
        case VerdictReached(hook=hook) if hook != "tool.call":  # most records are such
            return state
        case ContractLoaded() as event:
            return replace(state, specs=_specs(event) or state.specs)
        case TurnStarted(origin=origin):
            return replace(_without(state, origin.removeprefix(AGAIN)) if origin.startswith(AGAIN) else state, calls=())
        case TurnAbandoned() | TurnFinished():
            return _orphaned(state, record)
        case DeadLetterDiscarded(letter=step):
            return _without(state, step)
        case _:
            return _of_call(state, record)


def _of_call(state: DeadLetters, record: Record) -> DeadLetters:
    match record.event:
        case VerdictReached(hook="tool.call", step=step, verdict=verdict):
            return _changed(state, _call_in(step), lambda one: replace(one, verdict=verdict))
        case ApprovalRequested(hook="tool.call", call=call, step=step, card=card, role=role):
            return _changed(state, call, lambda one: replace(one, card=card, step=step, role=role, asked=True))
        case ApprovalPassedOn(action="escalate", call=call, role=role):
            return _changed(state, call, lambda one: replace(one, role=role))
        case ApprovalGiven() as event:
            return _answered(state, record, event)
        case ToolStarted(call=call, tool=tool, arguments=arguments):
            started = ToolCall(id=call, tool=tool, arguments=arguments)
            return _changed(state, call, lambda one: replace(one, started=started, asked=False))
        case ToolReturned() as event:
            state = _changed(state, event.call, lambda one: replace(one, asked=False))
            return _unknown(state, record, event) if event.status == "unknown" else state
        case _:
            return state


def _answered(state: DeadLetters, record: Record, event: ApprovalGiven) -> DeadLetters:
    one = _open(state, event.call)
    state = _changed(state, event.call, lambda each: replace(each, asked=False)) if one else state
    if one is None or one.card is None or one.step != event.step or event.approver != DEADLINE:
        return state
    why = f"no {one.role or 'person'} answered in time"
    return _with(state, DeadLetter(one.step, "expired", record.at, event.turn, one.card, why, one.role))


def _orphaned(state: DeadLetters, record: Record) -> DeadLetters:
    """The questions that the end of a turn leaves without anybody to answer to."""
    ended = "was given up" if isinstance(record.event, TurnAbandoned) else "ended"
    for one in state.calls:
        if one.asked and one.card is not None:
            why = f"its turn {ended} while the question was open"
            state = _with(
                state, DeadLetter(one.step, "orphaned", record.at, record.event.turn, one.card, why, one.role)
            )
    return replace(state, calls=())


def _unknown(state: DeadLetters, record: Record, event: ToolReturned) -> DeadLetters:
    one = _open(state, event.call) or _Open(event.call)
    call = one.started or (one.card.call if one.card else ToolCall(id=event.call, tool=event.tool))
    spec = next((spec for spec in state.specs if spec.name == event.tool), None)
    card = one.card or Card(
        call=call,
        spec=spec or ToolSpec(name=event.tool, description="", parameters={"type": "object"}),
        verdict=one.verdict or Verdict(effect="allow", rule="", why="its verdict is not in the log"),
    )
    card = card.model_copy(update={"call": call})
    state = _without(state, one.step)  # what a person could not settle in time is this same call
    why = event.error or "what it did is unknown"
    return _with(state, DeadLetter(event.step, "unknown", record.at, event.turn, card, why, one.role))


def _call_in(step: str) -> str:
    """`c2` of `t3/verdict:tool.call:c2.1`."""
    return step.rsplit(":", 1)[-1].partition(".")[0]


def _open(state: DeadLetters, call: str) -> _Open | None:
    return next((one for one in state.calls if one.call == call), None)


def _changed(state: DeadLetters, call: str, change: Callable[[_Open], _Open]) -> DeadLetters:
    others = tuple(one for one in state.calls if one.call != call)
    return replace(state, calls=(*others, change(_open(state, call) or _Open(call))))


def _with(state: DeadLetters, letter: DeadLetter) -> DeadLetters:
    return replace(_without(state, letter.step), letters=(*_without(state, letter.step).letters, letter))


def _without(state: DeadLetters, step: str) -> DeadLetters:
    return replace(state, letters=tuple(one for one in state.letters if one.step != step))


def _specs(event: ContractLoaded) -> tuple[ToolSpec, ...]:
    """The tools of a contract, if its text is still there: it may have been loaded before, or erased."""
    text = event.texts.get(event.digests.get("tools", ""))
    try:
        return tuple(ToolSpec.model_validate(spec) for spec in json.loads(text)) if text else ()
    except ValueError:
        return ()
