"""The ports of a rerun: each gives what is kept of the recorded session, and else reaches for the real thing.

Invariant: no tool with effects is entered here unless the recording says that a person allowed it in this very session.
"""

from __future__ import annotations

from typing import cast

from greenroom.core.events import MemoriesRecalled, PassagesRetrieved, ReplyGenerated
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.core.values import Memory, ToolCall, ToolResult, ToolSpec
from greenroom.engine.outside import Outside
from greenroom.engine.rerun.recording import RerunRecording
from greenroom.memory.port import MemoryQuery, MemoryStore
from greenroom.models.port import Model, OnFailure, OnText
from greenroom.retrieval.port import Found, PassageQuery, Retriever
from greenroom.tools.port import Tools


def through(recording: RerunRecording, outside: Outside) -> Outside:
    """The same world, seen through what is kept."""
    outside.model = KeptModel(recording, outside.model)
    outside.tools = KeptTools(recording, outside.tools)
    outside.retriever = KeptRetriever(recording, outside.retriever)
    outside.memory = KeptMemory(recording, outside.memory)
    return outside


class KeptModel:
    """A model whose recorded reply counts where the whole request is the same."""

    def __init__(self, recording: RerunRecording, real: Model) -> None:
        self._recording = recording
        self._real = real

    @property
    def name(self) -> str:
        return self._real.name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The reply. Raises as the real one."""
        record = self._recording.taken(ReplyGenerated)
        if record is None:
            return await self._real.generate(request, on_text, on_failure)
        event = cast(ReplyGenerated, record.event)
        on_text(event.text, False)
        return ModelReply.model_validate(
            {name: getattr(event, name) for name in ("model", "text", "reasoning", "calls", "finish", "usage")}
        )

    async def aclose(self) -> None:
        await self._real.aclose()


class KeptTools:
    """Tools whose recorded results count for the same call."""

    def __init__(self, recording: RerunRecording, real: Tools) -> None:
        self._recording = recording
        self._real = real

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._real.specs()

    def problem(self, call: ToolCall) -> str:
        return self._real.problem(call)

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """The result that is kept, or that of running it."""
        kept = self._recording.result(idempotency_key.partition("/")[2], call)
        return kept if kept is not None else await self._real.call(call, idempotency_key)

    async def aclose(self) -> None:
        await self._real.aclose()


class KeptRetriever:
    """Retrieval whose recorded candidates count for the same query over the same documents."""

    def __init__(self, recording: RerunRecording, real: Retriever) -> None:
        self._recording = recording
        self._real = real

    async def retrieve(self, query: PassageQuery) -> Found:
        """The candidates."""
        record = self._recording.taken(PassagesRetrieved)
        if record is None:
            await self._real.warm()  # what is compared with a recorded search is searched with all legs, too
            return await self._real.retrieve(query)
        event = cast(PassagesRetrieved, record.event)
        return Found(candidates=event.candidates, legs=event.legs)

    async def warm(self) -> None:
        await self._real.warm()

    async def aclose(self) -> None:
        await self._real.aclose()


class KeptMemory:
    """Memory whose recorded answer counts for the same query while both remember the same."""

    def __init__(self, recording: RerunRecording, real: MemoryStore) -> None:
        self._recording = recording
        self._real = real

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        """What is recalled."""
        record = self._recording.taken(MemoriesRecalled)
        if record is None:
            return await self._real.recall(query)
        return cast(MemoriesRecalled, record.event).memories

    async def write(self, memory: Memory) -> str:
        return await self._real.write(memory)

    async def forget(self, memory_id: str) -> bool:
        return await self._real.forget(memory_id)

    async def aclose(self) -> None:
        await self._real.aclose()
