"""One model call of a turn: the prompt composed from the log, the reply masked, its calls numbered.

Invariant: the log never holds a model's words that an output or tool rule would have masked.
"""

from __future__ import annotations

from greenroom.core.events import AttemptFailed, ReplyGenerated
from greenroom.core.inert import inert_line
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.signals import TextArrived
from greenroom.core.values import ToolCall
from greenroom.engine.contract import Contract
from greenroom.engine.kept import NOT_KEPT, kept, unread
from greenroom.engine.model_call.streaming import StreamGuard
from greenroom.engine.room import Room, about_call
from greenroom.engine.stopping import must_go_on
from greenroom.engine.waiting import attended
from greenroom.models.port import AttemptProblem
from greenroom.policy.port import Question
from greenroom.views.prompt.transcript import Transcript, compose

AGAIN = "dead letter"
"""In the place of a model's name, where a person put an earlier call once more."""
PERSON = "a person"
"""In the place of a model's name, where a person put words in the place of its own."""
_LONGEST_NAME = 100
"""Characters of a name that a model made up; a real tool's name is shorter."""


def request_for(contract: Contract, state: Transcript) -> ModelRequest:
    """What the model is given when the log says `state`."""
    return ModelRequest(
        model=contract.model,
        messages=compose(state, contract.system, contract.voice),
        tools=contract.tools,
        params=dict(contract.persona.model.params),
    )


async def generate(room: Room, turn: int, number: int, request: ModelRequest) -> ReplyGenerated:
    """The turn's reply of this number, from the log or from the model.

    Raises:
        ServiceUnavailable: no model answered; the attempts are in the log.
        KillSwitchThrown: the turn or everything was stopped.
    """
    step = f"t{turn}/generate:{number}"

    async def act() -> ReplyGenerated:
        if number == 1 and (call := room.again.get(turn)) is not None:
            return _again(room, turn, step, call)
        if (words := room.stand_in.get(step)) is not None:
            return ReplyGenerated(step=step, turn=turn, model=PERSON, text=_masked_text(room, words))
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
                message=_masked_text(room, problem.message),
                retry_in_milliseconds=None if wait is None else round(wait * 1000),
            )
        )

    reply = await attended(
        lambda: room.outside.model.generate(request, on_text, on_failure), lambda: must_go_on(room, turn)
    )
    assert reply is not None  # what is looked for raises
    guard.finish()
    took = round((clock.monotonic() - started) * 1000)
    return ReplyGenerated(
        step=step,
        turn=turn,
        model=reply.model,
        text=_masked_text(room, reply.text, spoken=bool(reply.calls)),
        reasoning=_masked_text(room, reply.reasoning),
        calls=_numbered(room, reply),
        finish=reply.finish,
        usage=reply.usage,
        milliseconds=took,
        first_token_milliseconds=first[0] if first else None,
    )


def _again(room: Room, turn: int, step: str, call: ToolCall) -> ReplyGenerated:
    """In a model's place: the call that a person wants to be asked about once more."""
    calls = _numbered(room, ModelReply(model=AGAIN, calls=(call,)))
    return ReplyGenerated(step=step, turn=turn, model=AGAIN, calls=calls, finish="calls")


def _masked_text(room: Room, text: str, *, spoken: bool = False) -> str:
    """Text as it may be kept. What is `spoken` beside calls gets no output verdict later, so it is held back here."""
    if not text:
        return text
    verdict, masked = room.admit(
        Question(hook="output", payload={"text": text}, origin="model", session=room.facts.now())
    )
    if unread(verdict):
        return NOT_KEPT
    return f"‹held back: {verdict.rule}›" if spoken and verdict.blocks else str(masked.get("text", text))


def _numbered(room: Room, reply: ModelReply) -> tuple[ToolCall, ...]:
    """The calls in reply order, numbered through the session, with what a redact rule finds masked."""
    made = sum(len(message.calls) for turn in room.transcript.all() for message in turn.exchange)
    return tuple(
        _masked_call(room, call).model_copy(update={"id": f"c{made + place}"})
        for place, call in enumerate(reply.calls, 1)
    )


def _masked_call(room: Room, call: ToolCall) -> ToolCall:
    """The call as it may be kept. A name that no tool has is a model's own words, like everything else in it."""
    payload = kept(room, about_call(room, call, words=(call.tool, call.vendor_id, call.problem)))
    if payload is None:
        return ToolCall(
            id="", tool=_named(room, call.tool, NOT_KEPT), problem="the call is too large or deep to be checked"
        )
    name, vendor_id, problem = payload["words"]
    return ToolCall(
        id="",
        tool=_named(room, call.tool, name),
        arguments=payload["args"],
        vendor_id=inert_line(vendor_id, _LONGEST_NAME),
        problem=problem,
    )


def _named(room: Room, name: str, otherwise: str) -> str:
    """A tool's name if there is such a tool, else what may be kept of the name."""
    if room.contract.spec(name):
        return name
    shown = inert_line(otherwise, _LONGEST_NAME)
    return f"‹{shown}›" if room.contract.spec(shown) else shown  # `orders.refund ` is no tool, and must not become one
