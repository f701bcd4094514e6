"""The prompt of a model call on its way out: composed from the log, judged as a whole where a rule speaks of prompts.

Invariant: a model is never sent more than the verdict on its prompt let through.
"""

from __future__ import annotations

from greenroom.core.messages import ModelRequest
from greenroom.core.values import Json
from greenroom.engine.generating import request_for
from greenroom.engine.permitting import Permitted, permit
from greenroom.engine.room import Room
from greenroom.policy.port import Question


async def prompt(room: Room, turn: int, number: int) -> tuple[ModelRequest, Permitted | None]:
    """What the turn's model call of this number is given, and the verdict on it where any rule watches prompts.

    Raises:
        WaitingForPerson, TurnStopped: as `permit`.
    """
    request = request_for(room.contract, room.transcript)
    if not room.contract.policy.watches("prompt"):
        return request, None
    messages: list[Json] = [{"role": one.role, "source": one.source, "text": one.text} for one in request.messages]
    question = Question(
        hook="prompt",
        subject=request.model,
        payload={"messages": messages},
        origin="persona",
        session=room.facts.now(),
    )
    permitted = await permit(room, turn, question, item=str(number), place=number)
    texts = [str(one["text"]) for one in permitted.payload["messages"]]
    changed = tuple(
        message.model_copy(update={"text": text}) for message, text in zip(request.messages, texts, strict=True)
    )
    return request.model_copy(update={"messages": changed}), permitted
