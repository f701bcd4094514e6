"""What a variant remembers: held beside the memory store until a person goes on with the variant.

Invariant: the store of the workspace is not changed by a variant that nobody chose, and a variant does not recall
what any other session of its tree came to remember after the point where their ways part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from greenroom.core.events import (
    MemoriesRecalled,
    MemoryForgotten,
    MemoryWritten,
    Record,
    RerunStarted,
    VariantChosen,
)
from greenroom.core.values import Memory
from greenroom.memory.plain_memory import PlainMemory
from greenroom.memory.port import MemoryQuery, MemoryStore
from greenroom.memory.same import replaced

if TYPE_CHECKING:
    from greenroom.engine.room import Room


async def choose(room: Room, turn: int) -> None:
    """Before a turn that is not said again: what an undecided variant has kept goes into the store, and the log says so."""
    records = room.steps.log.records
    if room.steps.replaying or room.steps.repeats(turn) or undecided(records) is None:
        return
    await go_on_with(room)


async def go_on_with(room: Room, over: Sequence[str] = (), by: str = "") -> None:
    """A person goes on with this session and not with `over`: what it has kept goes into the store, and the log says so."""
    memories = held(room.steps.log.records)
    if room.outside.held is not None:
        await room.outside.held.settle(memories)  # before it is said: writing one twice changes nothing
    kept = tuple(memory.id for memory in memories)
    room.steps.note(VariantChosen(memories=kept, over=tuple(over), by=by), sync=True)


class HeldMemory:
    """A `MemoryStore` in front of the real one: reads from both, writes beside it.

    `hidden` are ids that others of its tree wrote after the point; `restored` what those took the place of; `held` what this
    variant has kept so far.
    """

    def __init__(
        self, real: MemoryStore, held: Iterable[Memory], hidden: Collection[str], restored: Iterable[Memory] = ()
    ) -> None:
        self._real = real
        self._hidden = set(hidden)
        self._mine = PlainMemory([*restored, *held])
        self._chosen = False

    async def recall(self, query: MemoryQuery) -> tuple[Memory, ...]:
        """What stands for this variant, most relevant first."""
        found = await self._real.recall(query)
        if self._chosen:
            return found
        mine = await self._mine.recall(query)
        taken = {id(old) for new in mine if (old := replaced(new, found)) is not None}
        others = [one for one in found if one.id not in self._hidden and id(one) not in taken]
        return tuple(sorted([*mine, *others], key=lambda one: -(one.score or 0.0))[: query.limit])

    async def write(self, memory: Memory) -> str:
        """Keep it for this variant; returns the id of what it stands in place of here."""
        if self._chosen:
            return await self._real.write(memory)
        query = MemoryQuery(text=memory.text, segments=(memory.segment,), subject=memory.subject, limit=100)
        found = [one for one in await self._real.recall(query) if one.id not in self._hidden]
        old = replaced(memory, found)
        return await self._mine.write(memory) or (old.id if old is not None else "")

    async def forget(self, memory_id: str) -> bool:
        """Remove it wherever it is: a person's word counts at once."""
        mine = await self._mine.forget(memory_id)
        return await self._real.forget(memory_id) or mine

    async def settle(self, memories: Iterable[Memory]) -> None:
        """The variant was chosen: from here on everything is in the real store, these first."""
        for memory in memories:
            await self._real.write(memory)
        self._chosen = True

    async def aclose(self) -> None:
        await self._real.aclose()


def undecided(records: Sequence[Record]) -> int | None:
    """The record from which on a session is a variant that nobody has gone on with; None if it is none."""
    first: int | None = None
    for record in records:
        kind = type(record.event)
        if kind is RerunStarted and first is None:
            first = record.seq
        elif kind is VariantChosen:
            first = None
    return first


def held(records: Sequence[Record]) -> tuple[Memory, ...]:
    """What an undecided variant has kept, in order; what was forgotten since is not among it."""
    first = undecided(records)
    if first is None:
        return ()
    gone = {r.event.memory_id for r in records[first:] if isinstance(r.event, MemoryForgotten)}
    written = (r.event for r in records[first:] if isinstance(r.event, MemoryWritten))
    return tuple(event.memory for event in written if event.memory_id not in gone)


def same_memories(
    parent: Sequence[Record],
    here: Sequence[Record],
    turn: int,
    turns: Mapping[int, int],
    recalled: Collection[Memory],
) -> bool:
    """Whether what the parent recalled in `turn` is what this variant would: both came to keep the same before it, and
    nothing of it was forgotten since.
    """
    forgotten = {r.event.memory_id for r in (*parent, *here) if isinstance(r.event, MemoryForgotten)}
    if any(memory.id in forgotten for memory in recalled):
        return False
    first = min(turns.values())
    return _kept(parent, range(first, turn)) == _kept(here, [one for one, there in turns.items() if there < turn])


def _kept(records: Sequence[Record], turns: Collection[int]) -> list[tuple[str, str, str]]:
    written = (r.event for r in records if isinstance(r.event, MemoryWritten) and r.event.turn in turns)
    return [(event.memory.segment, event.memory.key, event.memory.text) for event in written]


def hidden(here: Sequence[Record], others: Iterable[Sequence[Record]]) -> tuple[frozenset[str], tuple[Memory, ...]]:
    """The ids that `others` of its tree wrote and this variant did not, and what those took the place of, as far as a log
    has it. What a person had forgotten stays so in every branch.
    """
    shared = {r.event.memory_id for r in here if isinstance(r.event, MemoryWritten)}
    known: dict[str, Memory] = {}
    later: set[str] = set()
    gone: set[str] = set()
    replaced_ids: list[str] = []
    for record in (record for log in (here, *others) for record in log):
        match record.event:
            case MemoriesRecalled(memories=memories):
                known.update((memory.id, memory) for memory in memories)
            case MemoryWritten(memory=memory, memory_id=key, superseded=old):
                known[key] = memory
                if key not in shared:
                    later.add(key)
                    replaced_ids.append(old)
            case MemoryForgotten(memory_id=key):
                gone.add(key)
            case _:
                pass
    back = [known[key] for key in dict.fromkeys(replaced_ids) if key in known and key not in later | gone]
    return frozenset(later), tuple(back)
