"""Stories of a session that looks things up and remembers, at each of whose gates a person may stop, edit and skip.

Invariant: what is put in at a gate is of the form that gate takes, so that it goes on as something else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from greenroom.core.errors import UsageError
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import GateReply, StepMode, ToolCall, ToolResult
from greenroom.engine.gates.pending import Pending
from greenroom.models.port import OnFailure, OnText
from tests.engine.chaos import Story
from tests.engine.chaos_world import AMOUNTS, WHOLE, Process, World
from tests.engine.stage import ListMemory

WORDS = (
    "refund, please",
    "My name is Mara Lindt. Refund, please.",
    "My e-mail is mara.lindt@post.example, and I wear size 42.",
    "Please remember that parcels go to the neighbour.",
    "I live in Leipzig. What do you know of me?",
)
SAID = ("Done.", "Done. Write to mara.lindt@post.example.", "Refunds take five days.", "You wear size 42, Mara.")


@dataclass
class WholeWorld(World):
    """What outlives a process: also what was remembered."""

    rest: str = WHOLE
    memories: ListMemory = field(default_factory=ListMemory)

    def life(self) -> Process:
        return Whole(self)

    def words(self) -> str:
        return self.dice.choice(WORDS)


class Whole(Process):
    """A life in which words, results and replies say something about a person."""

    def memory(self) -> ListMemory:
        assert isinstance(self.world, WholeWorld)
        return self.world.memories

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        reply = await super().generate(request, on_text, on_failure)
        return reply if reply.calls else reply.model_copy(update={"text": self.world.dice.choice(SAID)})

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        result = await super().call(call, idempotency_key)
        more = self.world.dice.choice(({}, {"mail": "kim@post.example"}, {"note": "paid"}))
        return result.model_copy(update={"output": {"ok": True, **more}})


class WholeStory(Story):
    """What one seed does to such a session."""

    def __init__(self, seed: int, deeds: Any = None, world: World | None = None) -> None:
        modes: tuple[StepMode, ...] = ("run", "tools", "step", "step")
        super().__init__(seed, deeds, world or WholeWorld(random.Random(seed), modes=modes))

    def step_mode(self) -> None:
        self.process.session.set_mode(self.world.dice.choice(("run", "tools", "step")))

    def _pass_gate(self) -> None:
        dice, session = self.world.dice, self.process.session
        while (pending := session.gates.waiting()) is not None and dice.random() < 0.7:
            with suppress(UsageError):
                session.pass_gate(pending.step, at_gate(dice, pending))


def at_gate(dice: random.Random, pending: Pending) -> GateReply:
    """What a person does there."""
    deed = dice.choices(("continue", "step", "edit", "simulate", "skip", "abandon"), (10, 2, 6, 1, 1.5, 0.2))[0]
    edit: Any = None
    if deed == "edit":
        edit = _EDITS[pending.gate](dice, pending)
    elif deed == "simulate":
        edit = _result(dice, pending)
    return GateReply.model_validate({"action": deed, "edit": edit, "by": "kim", "established": "test"})


def _text(dice: random.Random, pending: Pending) -> Any:
    return dice.choice((*WORDS, *SAID))


def _rows(dice: random.Random, pending: Pending) -> Any:
    rows: Sequence[Any] = pending.value
    kept = dice.sample(rows, dice.randint(0, len(rows)))
    return [{"at": row["at"], **({"text": dice.choice(SAID)} if dice.random() < 0.3 else {})} for row in kept]


def _messages(dice: random.Random, pending: Pending) -> Any:
    row = dice.choice(pending.value)
    text = None if row["source"] not in ("input", "system") and dice.random() < 0.2 else f"{row['text']} (in short)"
    return [{"source": row["source"], "at": row["at"], "text": text}]


def _arguments(dice: random.Random, pending: Pending) -> Any:
    return {"order_id": dice.randint(1, 3), "amount": dice.choice(AMOUNTS)}


def _result(dice: random.Random, pending: Pending) -> Any:
    return dice.choice(({"output": {"ok": False}}, {"output": {"mail": "lee@post.example"}}, {"error": "it broke"}))


_EDITS: dict[str, Callable[[random.Random, Pending], Any]] = {
    "input": _text,
    "output": _text,
    "recall": _rows,
    "retrieve": _rows,
    "remember": _rows,
    "prompt": _messages,
    "tool": _arguments,
    "result": _result,
}
