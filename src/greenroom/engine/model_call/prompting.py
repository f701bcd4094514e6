"""The prompt of a model call on its way out: composed from the log, judged as a whole where a rule speaks of prompts.

Invariant: a model is never sent more than the verdict on its prompt let through.
"""

from __future__ import annotations

from greenroom.core.events import VerdictReached
from greenroom.core.messages import ModelRequest
from greenroom.engine.about import about_prompt
from greenroom.engine.asking.permitting import Permitted, permit
from greenroom.engine.gates.pauses import of_prompt
from greenroom.engine.gates.pending import Pending
from greenroom.engine.gates.stepping import before_reply
from greenroom.engine.looks import FIRST
from greenroom.engine.model_call.generating import request_for
from greenroom.engine.room import Room
from greenroom.policy.port import Question
from greenroom.views.prompt.edited import edited_messages


async def prompt(room: Room, turn: int, number: int) -> tuple[ModelRequest, Permitted | None]:
    """What the turn's model call of this number is given, and the verdict on it where any rule watches prompts.

    Raises:
        WaitingForPerson, TurnStopped, TurnGivenUp: as `permit` and the gate.
    """
    request = await _edited(room, turn, number, request_for(room.contract, room.transcript))
    if not await _watched(room, turn, number):
        return request, None
    room.steps.composed(f"t{turn}/generate:{number}", request.messages)
    permitted = await permit(room, turn, _about(room, request), item=str(number), place=number)
    texts = [str(one["text"]) for one in permitted.payload["messages"]]
    changed = tuple(
        message.model_copy(update={"text": text}) for message, text in zip(request.messages, texts, strict=True)
    )
    return request.model_copy(update={"messages": changed}), permitted


async def _watched(room: Room, turn: int, number: int) -> bool:
    """Whether any rule watches prompts; in a replay of a turn in which the policy changed, whether one did when this was sent."""
    step = f"t{turn}/verdict:prompt:{number}"
    await room.steps.look(FIRST, step)
    governed = room.steps.governed
    if governed is not None and governed.passes_unjudged(step) and room.steps.find(VerdictReached, step) is None:
        return False
    return room.contract.policy.watches("prompt")


async def _edited(room: Room, turn: int, number: int, request: ModelRequest) -> ModelRequest:
    """The request as it leaves its gate: a person may have changed some of its messages, for this one call."""

    def look(step: str) -> Pending:
        return of_prompt(room, step, turn, number, request, _about(room, request))

    passed = await room.gates.wait("prompt", turn, look, f":{number}", beyond=before_reply(turn, number))
    if passed is None or passed.action != "edit":
        return request
    return request.model_copy(update={"messages": edited_messages(request.messages, passed.edit)})


def _about(room: Room, request: ModelRequest) -> Question:
    return about_prompt(request.model, request.messages, room.facts.now())
