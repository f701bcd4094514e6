"""The world a turn may reach, in one value: whoever builds a session chooses what is behind each port."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.approval.port import Approver
from greenroom.core.clock import Clock
from greenroom.core.ids import Ids
from greenroom.memory.port import MemoryStore
from greenroom.models.port import Model
from greenroom.retrieval.port import Retriever
from greenroom.tools.port import Tools


@dataclass(slots=True)
class Outside:
    """Everything that is not a pure function of the log."""

    model: Model
    tools: Tools
    retriever: Retriever
    memory: MemoryStore
    approver: Approver
    clock: Clock
    ids: Ids

    async def aclose(self) -> None:
        """Let go of everything, in the order it could be waiting on."""
        for part in (self.tools, self.model, self.memory, self.retriever):
            await part.aclose()
