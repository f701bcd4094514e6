"""Memories looked through and forgotten, outside any session.

Invariant: the same store and the same code as a turn uses; nothing is cached here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.ids import RandomIds
from greenroom.core.values import Memory
from greenroom.memory.store_memory import StoreMemory
from greenroom.store.store import Store
from greenroom.workspace.layout import Workspace


async def list_memories(asked: Invocation) -> Answer[tuple[Memory, ...]]:
    """What stands, newest first."""
    async with _memories(asked.workspace()) as store:
        found = await store.every(asked.text("segment") or None, asked.text("subject") or None)
    return _shown(found, "nothing is remembered")


async def search(asked: Invocation) -> Answer[tuple[Memory, ...]]:
    """Memories that share words with the query, the most relevant first."""
    async with _memories(asked.workspace()) as store:
        found = await store.search(" ".join(asked.words("query")))
    return _shown(found, "no memory shares a word with that")


async def forget(asked: Invocation) -> Answer[str]:
    """Remove one for good.

    Raises:
        UsageError: there is none with that id.
    """
    name = asked.text("memory")
    async with _memories(asked.workspace()) as store:
        if not await store.forget(name):
            raise UsageError(f"there is no memory {name}", hint="greenroom memory list", code="memory.unknown")
    notes = ("sessions that quoted it keep their own copy in their logs",)
    return answer(name, [f"{name}: forgotten"], {"memory": name, "forgotten": True}, notes=notes)


@asynccontextmanager
async def _memories(workspace: Workspace) -> AsyncIterator[StoreMemory]:
    workspace.make_state()
    store = Store.open(workspace.state)
    try:
        yield StoreMemory(store, SystemClock(), RandomIds())
    finally:
        store.close()


def _shown(found: tuple[Memory, ...], otherwise: str) -> Answer[tuple[Memory, ...]]:
    rows = [(one.id, one.segment, one.subject, one.key, one.created[:10], one.text) for one in found]
    heads = ("memory", "segment", "subject", "key", "since", "text")
    data = [one.model_dump(mode="json") for one in found]
    return answer(found, table(heads, rows), data, notes=() if found else (otherwise,))
