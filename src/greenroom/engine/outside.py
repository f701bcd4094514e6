"""The world a turn may reach, in one value: whoever builds a session chooses what is behind each port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from greenroom.approval.port import Approver, Brake, NoBrake
from greenroom.core.clock import Clock
from greenroom.core.ids import Ids
from greenroom.core.values import Memory
from greenroom.memory.port import MemoryStore
from greenroom.models.port import Model
from greenroom.retrieval.port import Retriever
from greenroom.tools.port import Tools


class Held(Protocol):
    """What a variant remembers beside the memory store, until a person goes on with it."""

    async def settle(self, memories: Iterable[Memory]) -> None:
        """Put these into the store; from here on what is remembered goes there at once."""
        ...


class DayBook(Protocol):
    """What the workspace's other sessions have added to the limited sums of a day."""

    def sums(self, day: str) -> Mapping[str, float]:
        """By key (`tool:args.path:day`) for a day such as `2026-11-20`, from what is on disk now."""
        ...

    def turn_to_spend(self) -> AbstractContextManager[object]:
        """Held by one session at a time, from reading the sums to having its own call on disk."""
        ...


class NoDayBook:
    """No other session counts: replays, where a recording says what did, and tests."""

    def sums(self, day: str) -> Mapping[str, float]:
        return {}

    def turn_to_spend(self) -> AbstractContextManager[object]:
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was made anew from files that were written meanwhile; None leaves the port as it is.

    `sources` names what `model` and `tools` were made from, so that the same is not made twice.
    """

    model: Model | None = None
    tools: Tools | None = None
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Outside:
    """Everything that is not a pure function of the log.

    `sources` names what `model` and `tools` were made from; `left` are ports that others stand in for now, closed with
    the rest because a call may still be under way in them. `instant`: scripted models do not wait.
    """

    model: Model
    tools: Tools
    retriever: Retriever
    memory: MemoryStore
    approver: Approver
    clock: Clock
    ids: Ids
    brake: Brake = field(default_factory=NoBrake)
    day: DayBook = field(default_factory=NoDayBook)
    held: Held | None = None
    sources: dict[str, str] = field(default_factory=dict)
    instant: bool = False
    left: list[Model | Tools] = field(default_factory=list)

    def renew(self, renewed: Renewed) -> None:
        """Have these stand behind their ports from the next call on."""
        if renewed.model is not None:
            self.left.append(self.model)
            self.model = renewed.model
            self.sources["model"] = renewed.sources.get("model", "")
        if renewed.tools is not None:
            self.left.append(self.tools)
            self.tools = renewed.tools
            self.sources["tools"] = renewed.sources.get("tools", "")

    async def aclose(self) -> None:
        """Let go of everything, in the order it could be waiting on."""
        for part in (self.tools, self.model, *self.left, self.memory, self.retriever):
            await part.aclose()
