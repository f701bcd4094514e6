"""One turn, on one page: read it aloud and it is section 5 of the design.

Invariant: the same log and the same words lead to the same next event; everything that is not a pure function of
them goes through `steps`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from greenroom.core.clock import stamp
from greenroom.core.events import (
    MemoriesProposed,
    MemoryWritten,
    ReplyGenerated,
    ReplyReleased,
    TurnFinished,
    VerdictReached,
)
from greenroom.core.signals import StageEntered
from greenroom.core.values import Effect, Json, Memory
from greenroom.detectors.masks import same_but_numbers
from greenroom.engine.about import about_keeping, about_text
from greenroom.engine.asking.permitting import permit
from greenroom.engine.calls.carry_out import call_tools
from greenroom.engine.context import gather
from greenroom.engine.gates.pauses import of_memories, of_text
from greenroom.engine.gates.pending import Pending
from greenroom.engine.limits import Budget
from greenroom.engine.looks import FIRST
from greenroom.engine.model_call.generating import generate
from greenroom.engine.model_call.prompting import prompt
from greenroom.engine.room import Room
from greenroom.engine.stopping import must_go_on
from greenroom.memory.propose import propose
from greenroom.views.prompt.edited import edited_items


async def run_turn(room: Room, turn: int, words: str, budget: Budget) -> TurnFinished:
    """Carry the turn from the person's words to its end, from wherever the log has it.

    Raises:
        WaitingForPerson, ServiceUnavailable, KillSwitchThrown, Divergence, DiskFailed: the turn stays open and can be
            resumed.
        TurnStopped, TurnGivenUp: a person ended it.
    """
    words = await _edited(room, turn, "input", words)
    taken = await permit(room, turn, about_text("input", words, room.facts.now()))
    if taken.refused:
        return _finish(room, turn, budget, f"I can't take that in. {taken.refused}", "refused")

    _enter(room, turn, "recalling and retrieving")
    await gather(room, turn, words)
    while not (limit := budget.exceeded()):
        _enter(room, turn, "generating")
        request, sent = await prompt(room, turn, budget.replies + 1)
        if sent is not None and sent.refused:
            return _finish(room, turn, budget, f"I can't ask a model that. {sent.refused}", "refused")
        reply = await generate(room, turn, budget.replies + 1, request)
        if not reply.calls:
            return await _answer(room, turn, words, reply, budget)
        _enter(room, turn, "calling " + ", ".join(call.tool for call in reply.calls))
        await call_tools(room, turn, reply.calls, budget)
    return _finish(room, turn, budget, f"I have to stop here: this turn has reached {limit}.", "limited")


async def _answer(room: Room, turn: int, words: str, reply: ReplyGenerated, budget: Budget) -> TurnFinished:
    text = await _edited(room, turn, "output", reply.text)
    said = await permit(room, turn, about_text("output", text, room.facts.now()))
    if said.refused:
        return _finish(room, turn, budget, f"I can't say that. {said.refused}", "refused", said.verdict.effect)
    shown = str(said.payload["text"])
    _release(room, turn, shown, said.verdict.effect, changed=shown != text)
    await _remember(room, turn, words)
    return _finished(room, turn, budget, "answered")


async def _remember(room: Room, turn: int, words: str) -> None:
    segments = room.contract.persona.memory.write
    if not segments:
        await _to_keep(room, turn, ())
        return
    step = f"t{turn}/propose"
    segment = segments[0]

    async def act() -> MemoriesProposed:
        now = room.outside.clock.now()
        days = room.contract.retention_days.get(segment)
        memories = propose(
            words,
            segment=segment,
            subject=room.contract.subject,
            record=f"{room.steps.log.session}:t{turn}",
            created=stamp(now),
            expires=stamp(now + timedelta(days=days)) if days else None,
            known=_recalled(room),
        )
        return MemoriesProposed(step=step, turn=turn, memories=memories)

    proposed = await room.steps.once(MemoriesProposed, step, [words, segment], act)
    for place, memory in enumerate(await _to_keep(room, turn, proposed.memories), 1):
        await _keep(room, turn, memory, place)


async def _to_keep(room: Room, turn: int, proposed: tuple[Memory, ...]) -> tuple[Memory, ...]:
    """What goes on from the gate to be kept."""

    def look(step: str) -> Pending:
        questions = tuple(about_keeping(memory, room.facts.now()) for memory in proposed)
        return of_memories(room, step, turn, "remember", proposed, questions)

    first = proposed[0].id if proposed else ""
    passed = await room.gates.wait(
        "remember", turn, look, beyond=[(VerdictReached, f"t{turn}/verdict:memory.write:{first}")]
    )
    if passed is not None and passed.action == "skip":
        return ()
    return edited_items(proposed, passed.edit, passed.by) if passed and passed.action == "edit" else proposed


def _recalled(room: Room) -> tuple[Memory, ...]:
    now = room.transcript.last()
    return now.memories if now else ()


async def _keep(room: Room, turn: int, memory: Memory, place: int) -> None:
    step = f"t{turn}/write:{memory.id}"
    if room.steps.find(MemoryWritten, step) is not None:
        return  # in an earlier life, when its masks may have had other numbers
    await room.steps.look(FIRST, f"t{turn}/verdict:memory.write:{memory.id}")
    question = about_keeping(memory, room.facts.now())
    verdict, masked = room.admit(question)
    about = question.model_copy(update={"payload": _as_before(room, turn, memory, masked)})
    permitted = await permit(room, turn, about, item=memory.id, place=place)
    if permitted.refused or verdict.effect == "deny":
        return
    must_go_on(room, turn)
    kept = memory.model_copy(update={"text": str(permitted.payload.get("text", memory.text))})

    async def act() -> MemoryWritten:
        superseded = await room.outside.memory.write(kept)
        return MemoryWritten(
            step=step, turn=turn, memory_id=kept.id, segment=kept.segment, superseded=superseded, memory=kept
        )

    await room.steps.once(MemoryWritten, step, kept, act)


def _as_before(room: Room, turn: int, memory: Memory, masked: dict[str, Json]) -> dict[str, Json]:
    """A memory with the masks it had when it was judged before, in an earlier life or in what is replayed.

    Only the process that gave out a number knows its value; with another number it would be another question.
    """
    for text in room.steps.judged_before(turn, memory):
        if same_but_numbers(text, masked.get("text")):
            return {**masked, "text": text}
    return masked


async def _edited(room: Room, turn: int, gate: Literal["input", "output"], text: str) -> str:
    """The text as it leaves its gate: a person may have put other words in its place."""

    def look(step: str) -> Pending:
        return of_text(room, step, turn, gate, about_text(gate, text, room.facts.now()))

    passed = await room.gates.wait(gate, turn, look, beyond=[(VerdictReached, f"t{turn}/verdict:{gate}")])
    return passed.edit if passed is not None and isinstance(passed.edit, str) and passed.edit else text


def _release(room: Room, turn: int, text: str, effect: Effect, *, changed: bool) -> None:
    step = f"t{turn}/release"

    def release() -> ReplyReleased:
        room.steps.must_come(ReplyReleased, step)  # not where a life before had released it: this one may end later
        return ReplyReleased(step=step, turn=turn, text=text, effect=effect, changed=changed)

    room.steps.decide(ReplyReleased, step, [text, effect], release)


def _finish(
    room: Room,
    turn: int,
    budget: Budget,
    text: str,
    outcome: Literal["refused", "limited"],
    effect: Effect = "deny",
) -> TurnFinished:
    """End a turn with Greenroom's own words instead of the model's."""
    _release(room, turn, text, effect, changed=True)
    return _finished(room, turn, budget, outcome)


def _finished(
    room: Room, turn: int, budget: Budget, outcome: Literal["answered", "refused", "limited"]
) -> TurnFinished:
    event = TurnFinished(
        step=f"t{turn}/finish", turn=turn, outcome=outcome, usage=budget.usage, milliseconds=budget.milliseconds
    )
    room.steps.must_come(TurnFinished, event.step)
    return room.steps.note(event, sync=True)


def _enter(room: Room, turn: int, stage: str) -> None:
    room.steps.bus.tell(StageEntered(turn, stage))
