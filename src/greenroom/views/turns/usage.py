"""What a session has cost in tokens, money and time, by turn and in all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.core.events import AttemptFailed, Record, ReplyGenerated, ToolReturned, TurnFinished, TurnStarted
from greenroom.core.values import Usage
from greenroom.views.fold import Turns, by_turn, told_by


@dataclass(frozen=True, slots=True)
class UsageTurn:
    """A turn's cost. Milliseconds of models and tools are theirs alone; `total_milliseconds` is both as
    the turn ended with them; waiting for a person costs nothing.
    """

    turn: int
    model: str = ""
    usage: Usage = Usage()
    model_calls: int = 0
    failed_attempts: int = 0
    tool_calls: int = 0
    model_milliseconds: int = 0
    first_token_milliseconds: int | None = None
    tool_milliseconds: int = 0
    total_milliseconds: int = 0


UsageView = Turns[UsageTurn]
EMPTY: UsageView = Turns()


def total(state: UsageView) -> Usage:
    """The session's usage so far."""
    used = [turn.usage for turn in state.all()]
    return Usage(
        input_tokens=sum(one.input_tokens for one in used),
        output_tokens=sum(one.output_tokens for one in used),
        micro_usd=sum(one.micro_usd for one in used),
    )


@told_by(ReplyGenerated)
def spent(state: Usage, record: Record) -> Usage:
    """The same sum as a fold of its own, for whoever wants no turn of it."""
    return state.plus(record.event.usage) if isinstance(record.event, ReplyGenerated) else state


def _start(record: Record, event: TurnStarted) -> UsageTurn:
    return UsageTurn(event.turn)


def _grow(state: UsageTurn, record: Record) -> UsageTurn:
    match record.event:
        case ReplyGenerated() as event:
            first = state.first_token_milliseconds
            return replace(
                state,
                model=event.model,
                usage=state.usage.plus(event.usage),
                model_calls=state.model_calls + 1,
                model_milliseconds=state.model_milliseconds + event.milliseconds,
                first_token_milliseconds=event.first_token_milliseconds if first is None else first,
            )
        case AttemptFailed():
            return replace(state, failed_attempts=state.failed_attempts + 1)
        case ToolReturned(milliseconds=milliseconds):
            return replace(
                state, tool_calls=state.tool_calls + 1, tool_milliseconds=state.tool_milliseconds + milliseconds
            )
        case TurnFinished(milliseconds=milliseconds):
            return replace(state, total_milliseconds=milliseconds)
        case _:
            return state


fold = by_turn(_start, _grow, AttemptFailed, ReplyGenerated, ToolReturned, TurnFinished)
