"""The first half of a turn: what is remembered, what is looked up, and which of it the model may read."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.events import ContextSelected, MemoriesRecalled, PassagesRetrieved, VerdictReached
from greenroom.core.values import GateReply, Memory, Passage
from greenroom.engine.about import about_memory, about_passage
from greenroom.engine.asking.permitting import permit
from greenroom.engine.gates.pauses import of_memories, of_passages
from greenroom.engine.gates.pending import Pending
from greenroom.engine.room import Room
from greenroom.memory.port import MemoryQuery
from greenroom.retrieval.port import PassageQuery
from greenroom.retrieval.select import choose
from greenroom.views.prompt.edited import DROPPED, SKIPPED, Item, edited_items


async def gather(room: Room, turn: int, words: str) -> ContextSelected:
    """Recall and retrieve, let a person look, give each item a verdict, and record what goes into the prompt."""
    recalled, left_out = await _recalled(room, turn, await _recall(room, turn, words))
    chosen, dropped = await _chosen(room, turn, await _retrieve(room, turn, words), recalled)
    dropped |= left_out
    facts = room.facts.now()
    memories = []
    for place, memory in enumerate(recalled, 1):
        read = await permit(room, turn, about_memory(memory, facts), item=memory.id, place=place)
        if read.refused:
            dropped[memory.id] = f"policy: {read.verdict.rule}"
        else:
            memories.append(memory.id)
    passages = []
    for place, passage in enumerate(chosen, 1):
        used = await permit(room, turn, about_passage(passage, facts), item=passage.id, place=place)
        if used.refused:
            dropped[passage.id] = f"policy: {used.verdict.rule}"
        else:
            passages.append(passage.id)
    step = f"t{turn}/select"

    def select() -> ContextSelected:
        room.steps.must_come(ContextSelected, step)  # from here on the session has read it
        return ContextSelected(
            step=step, turn=turn, memories=tuple(memories), passages=tuple(passages), dropped=dropped
        )

    return room.steps.decide(ContextSelected, step, [memories, passages, dropped], select)


async def _recalled(room: Room, turn: int, found: MemoriesRecalled) -> tuple[tuple[Memory, ...], dict[str, str]]:
    """The memories that go on from the gate, and why others do not."""

    def look(step: str) -> Pending:
        facts = room.facts.now()
        questions = tuple(about_memory(memory, facts) for memory in found.memories)
        return of_memories(room, step, turn, "recall", found.memories, questions)

    passed = await room.gates.wait("recall", turn, look, beyond=[(PassagesRetrieved, f"t{turn}/retrieve")])
    return _passed(passed, found.memories, found.memories)


async def _chosen(
    room: Room, turn: int, found: PassagesRetrieved, recalled: Sequence[Memory]
) -> tuple[tuple[Passage, ...], dict[str, str]]:
    """The passages that go on, as selection has it or a person at the gate, and why others do not. `recalled` are the
    memories that are judged before them.
    """
    wanted = room.contract.persona.knowledge
    ids, dropped = choose(
        found.candidates, top_k=wanted.top_k, min_score=wanted.min_score, budget_chars=wanted.budget_chars
    )

    def look(step: str) -> Pending:
        facts = room.facts.now()
        questions = tuple(about_passage(passage, facts) for passage in found.candidates)
        return of_passages(room, step, turn, found.candidates, ids, questions)

    by_id = {passage.id: passage for passage in found.candidates}
    judged = [*(f"memory.read:{one.id}" for one in recalled[:1]), *(f"retrieval:{key}" for key in ids[:1])]
    beyond = [(VerdictReached, f"t{turn}/verdict:{one}") for one in judged]
    passed = await room.gates.wait("retrieve", turn, look, beyond=[*beyond, (ContextSelected, f"t{turn}/select")])
    going, left_out = _passed(passed, found.candidates, tuple([by_id[key] for key in ids]))
    gone = {passage.id for passage in going}
    return going, {**{key: why for key, why in dropped.items() if key not in gone}, **left_out}


def _passed(
    passed: GateReply | None, found: tuple[Item, ...], chosen: tuple[Item, ...]
) -> tuple[tuple[Item, ...], dict[str, str]]:
    """What goes on of what was found, where `chosen` would have if nobody had done anything at the gate."""
    if passed is not None and passed.action == "skip":
        return (), {one.id: SKIPPED for one in chosen}
    if passed is None or passed.action != "edit":
        return chosen, {}
    going = edited_items(found, passed.edit, passed.by)
    ids = {one.id for one in going}
    return going, {one.id: DROPPED for one in chosen if one.id not in ids}


async def _recall(room: Room, turn: int, words: str) -> MemoriesRecalled:
    segments = tuple(room.contract.persona.memory.read)
    step = f"t{turn}/recall"
    query = MemoryQuery(text=words, segments=segments, subject=room.contract.subject, session=room.steps.log.session)

    async def act() -> MemoriesRecalled:
        recalled = await room.outside.memory.recall(query) if segments else ()
        memories = tuple(_masked_memory(room, memory) for memory in recalled)
        return MemoriesRecalled(step=step, turn=turn, query=words, memories=memories)

    inputs = {name: value for name, value in query if name != "session"}
    return await room.steps.once(MemoriesRecalled, step, inputs, act)


async def _retrieve(room: Room, turn: int, words: str) -> PassagesRetrieved:
    collections = tuple(room.contract.persona.knowledge.collections)
    step = f"t{turn}/retrieve"
    query = PassageQuery(text=words, collections=collections)

    async def act() -> PassagesRetrieved:
        if not collections:
            return PassagesRetrieved(step=step, turn=turn, query=words)
        found = await room.outside.retriever.retrieve(query)
        candidates = tuple(_masked(room, passage) for passage in found.candidates)
        return PassagesRetrieved(step=step, turn=turn, query=words, legs=found.legs, candidates=candidates)

    return await room.steps.once(PassagesRetrieved, step, dict(query), act)


def _masked(room: Room, passage: Passage) -> Passage:
    """The passage as policy lets it be kept: what a redact rule finds is masked before it is logged."""
    question = about_passage(passage, room.facts.now())
    _, payload = room.admit(question)
    changed = {name: payload[name] for name in ("text", "source", "heading") if payload[name] != getattr(passage, name)}
    if "source" in changed:  # an id is made of the file's name
        _, named = room.admit(question.model_copy(update={"payload": {"text": passage.id}}))
        changed["id"] = named["text"]
    return passage.model_copy(update=changed) if changed else passage


def _masked_memory(room: Room, memory: Memory) -> Memory:
    """The same for a memory: it may have been kept when the policy was another one."""
    _, payload = room.admit(about_memory(memory, room.facts.now()))
    changed = {name: payload[name] for name in ("text", "key") if payload[name] != getattr(memory, name)}
    return memory.model_copy(update=changed) if changed else memory
