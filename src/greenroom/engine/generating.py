"""One model call of a turn: the prompt composed from the log, the reply masked, its calls numbered.

Invariant: the log never holds a model's words that an output or tool rule would have masked.
"""

from __future__ import annotations

from greenroom.core.events import AttemptFailed, ReplyGenerated
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.signals import TextArrived
from greenroom.core.values import ToolCall
from greenroom.engine.contract import Contract
from greenroom.engine.room import Room, spec_of
from greenroom.engine.streaming import StreamGuard
from greenroom.models.port import AttemptProblem
from greenroom.policy.port import Question
from greenroom.views.transcript import Transcript, compose


def request_for(contract: Contract, state: Transcript) -> ModelRequest:
    """What the model is given when the log says `state`."""
    return ModelRequest(
        model=contract.model,
        messages=compose(state, contract.system, contract.voice),
        tools=contract.tools,
        params=dict(contract.persona.model.params),
    )


async def generate(room: Room, turn: int, number: int) -> ReplyGenerated:
    """The turn's reply of this number, from the log or from the model.

    Raises:
        ServiceUnavailable: no model answered; the attempts are in the log.
    """
    step = f"t{turn}/generate:{number}"
    request = request_for(room.contract, room.transcript)

    async def act() -> ReplyGenerated:
        return await _ask_model(room, turn, step, request)

    return await room.steps.once(ReplyGenerated, step, request, act)


async def _ask_model(room: Room, turn: int, step: str, request: ModelRequest) -> ReplyGenerated:
    clock = room.outside.clock
    started = clock.monotonic()
    first: list[int] = []
    guard = StreamGuard(
        room.contract.policy,
        room.facts.now(),
        lambda text: room.steps.bus.tell(TextArrived(turn, step, text)),
    )

    def on_text(text: str, reasoning: bool) -> None:
        if not first:
            first.append(round((clock.monotonic() - started) * 1000))
        if not reasoning:
            guard.feed(text)

    def on_failure(problem: AttemptProblem) -> None:
        wait = problem.retry_in_seconds
        room.steps.note(
            AttemptFailed(
                step=step,
                turn=turn,
                model=problem.model,
                attempt=problem.attempt,
                problem=problem.problem,
                hint=problem.hint,
                message=problem.message,
                retry_in_milliseconds=None if wait is None else round(wait * 1000),
            )
        )

    reply = await room.outside.model.generate(request, on_text, on_failure)
    guard.finish()
    took = round((clock.monotonic() - started) * 1000)
    return ReplyGenerated(
        step=step,
        turn=turn,
        model=reply.model,
        text=_masked_text(room, reply.text),
        reasoning=_masked_text(room, reply.reasoning),
        calls=_numbered(room, reply),
        finish=reply.finish,
        usage=reply.usage,
        milliseconds=took,
        first_token_milliseconds=first[0] if first else None,
    )


def _masked_text(room: Room, text: str) -> str:
    if not text:
        return text
    _, payload = room.admit(Question(hook="output", payload={"text": text}, origin="model", session=room.facts.now()))
    return str(payload.get("text", text))


def _numbered(room: Room, reply: ModelReply) -> tuple[ToolCall, ...]:
    """The calls in reply order, numbered through the session, with what a redact rule finds masked."""
    made = sum(len(message.calls) for turn in room.transcript.all() for message in turn.exchange)
    return tuple(
        _masked_call(room, call).model_copy(update={"id": f"c{made + place}"})
        for place, call in enumerate(reply.calls, 1)
    )


def _masked_call(room: Room, call: ToolCall) -> ToolCall:
    question = Question(
        hook="tool.call",
        subject=call.tool,
        payload={"args": call.arguments},
        origin="model",
        tool=spec_of(room, call.tool),
        session=room.facts.now(),
    )
    _, payload = room.admit(question)
    arguments = payload.get("args")
    return call.model_copy(update={"arguments": arguments}) if isinstance(arguments, dict) else call
