"""Stories full of private words: in what a model calls for, what tools give back, what people put in and answer with.

Invariant: as in `chaos`, a seed is a story.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, ToolCall, ToolResult
from greenroom.models.port import OnFailure, OnText
from greenroom.retrieval.port import Found, PassageQuery
from tests.engine import chaos_whole
from tests.engine.chaos_whole import Whole, WholeStory, WholeWorld
from tests.engine.chaos_world import Process
from tests.engine.stage import OnePassage

PRIVATE = (
    "mara.lindt@post.example",
    "kim@post.example",
    "write to lee@post.example, or call +49 341 5550123",
    "+49 341 5550123",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "nothing private",
    "",
)


@dataclass
class PrivateWorld(WholeWorld):
    """What outlives a process in which words are private."""

    def life(self) -> Process:
        return Private(self)

    def words(self) -> str:
        said = self.dice.choice(chaos_whole.WORDS)
        return said if self.dice.random() < 0.5 else f"{said} {self.dice.choice(PRIVATE)}"


class Private(Whole):
    """A life whose calls, results and replies hold private words."""

    def documents(self) -> OnePassage:
        return Letters(self.world.dice)

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        reply = await super().generate(request, on_text, on_failure)
        if not reply.calls:
            return reply.model_copy(update={"text": f"{reply.text} {self.world.dice.choice(PRIVATE)}"})
        return reply.model_copy(update={"calls": tuple(self._addressed(call) for call in reply.calls)})

    def _addressed(self, call: ToolCall) -> ToolCall:
        if self.world.dice.random() < 0.4:
            return call
        return call.model_copy(update={"arguments": {**call.arguments, **addressed(self.world.dice)}})

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        result = await super().call(call, idempotency_key)
        return result.model_copy(update={"output": {**result.output, "sent": self.world.dice.choice(PRIVATE)}})


class Letters(OnePassage):
    """Documents that have private words in them, others each time they are looked in."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    async def retrieve(self, query: PassageQuery) -> Found:
        found = await super().retrieve(query)
        letters = [
            one.model_copy(update={"id": f"{one.id}.{at}", "text": f"{one.text} {PRIVATE[at]}"})
            for one in found.candidates
            for at in [self._dice.randrange(len(PRIVATE))]
        ]
        return found.model_copy(update={"candidates": tuple(letters)})


class PrivateStory(WholeStory):
    """What one seed does to such a session."""

    def __init__(self, seed: int, deeds: Any, rest: str, world: PrivateWorld | None = None) -> None:
        made = world or PrivateWorld(random.Random(seed), modes=("run", "tools", "step", "step"), rest=rest)
        super().__init__(seed, deeds, made)

    def _give(self, step: str, reply: ApprovalReply) -> None:
        dice, arguments = self.world.dice, reply.arguments
        if reply.decision == "simulate":
            reply = reply.model_copy(update={"result": {"paid": dice.choice(PRIVATE)}})
        elif arguments is not None and dice.random() < 0.5:
            text = {"text": f"In other words: {dice.choice(PRIVATE)}"}
            more = text if "text" in arguments else addressed(dice)
            reply = reply.model_copy(update={"arguments": {**arguments, **more}})
        elif reply.decision == "deny":
            reply = reply.model_copy(update={"reason": f"ask {dice.choice(PRIVATE)}"})
        super()._give(step, reply)


def addressed(dice: random.Random) -> dict[str, Any]:
    """What is private in a call's arguments."""
    return {"to": dice.choice(PRIVATE), "cc": [dice.choice(PRIVATE), {"why": dice.choice(PRIVATE)}]}
