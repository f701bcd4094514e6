"""A world that is not there: the ports of a replay. Whoever reaches for them has left the recording.

Invariant: nothing here does anything; only tool schemas are real, because arguments are checked against them.
"""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.errors import Divergence
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import ApprovalReply, Card, Memory, ToolCall, ToolResult, ToolSpec
from greenroom.memory.port import MemoryQuery
from greenroom.models.port import OnFailure, OnText
from greenroom.retrieval.port import Found, PassageQuery
from greenroom.tools.port import Tools


class ClosedModel:
    """A model that is only a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        raise _left("the model", "")

    async def aclose(self) -> None:
        """Nothing is held."""


class ClosedParts:
    """Tools, retrieval, memory and approver of a replay. `decided` knows calls that had no problem when they were made."""

    def __init__(self, tools: Tools, decided: Callable[[ToolCall], bool] = lambda call: False) -> None:
        self._tools = tools
        self._decided = decided

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._tools.specs()

    def problem(self, call: ToolCall) -> str:
        problem = self._tools.problem(call)
        return "" if problem and self._decided(call) else problem

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        raise _left(f"the tool {call.tool}", idempotency_key.partition("/")[2])

    async def retrieve(self, query: PassageQuery) -> Found:
        raise _left("the documents", "")

    async def warm(self) -> None:
        """Nothing starts."""

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        raise _left("memory", "")

    async def write(self, memory: Memory) -> str:
        raise _left("memory", "")

    async def forget(self, memory_id: str) -> bool:
        raise _left("memory", "")

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        raise _left("a person", step)

    async def aclose(self) -> None:
        """Nothing is held."""


def _left(what: str, step: str) -> Divergence:
    return Divergence(f"the replay asked {what} for something the recording does not have", step=step)
