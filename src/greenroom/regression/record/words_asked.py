"""The questions about words that a log's verdicts answered, as they were put: read from the records before each.

Invariant: one log and another telling of it give the same questions, each about its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from greenroom.core.events import (
    ApprovalGiven,
    GatePassed,
    MemoriesProposed,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Hook, Json, Memory, Passage
from greenroom.engine.about import about_keeping, about_memory, about_passage, about_prompt, about_text
from greenroom.policy.port import Question, SessionFacts
from greenroom.views.prompt import transcript
from greenroom.views.prompt.edited import edited_items, edited_messages, gate_call, in_place

_AT_GATE: dict[str, Hook] = {"recall": "memory.read", "retrieve": "retrieval", "remember": "memory.write"}


@dataclass(frozen=True, slots=True)
class Composed:
    """What a prompt is made of beside the log."""

    model: str = ""
    system: str = ""
    voice: str = ""


class WordsAsked:
    """Follows one telling of a session, record by record."""

    def __init__(self) -> None:
        self._before = transcript.EMPTY
        self._clear()

    def _clear(self) -> None:
        self._turn: list[Record] = []
        self._memories: dict[Hook, tuple[Memory, ...]] = {}
        self._passages: tuple[Passage, ...] = ()
        self._reply = ""
        self._edits: dict[str, str] = {}

    def see(self, record: Record) -> None:
        """Take a record in."""
        event = record.event
        if isinstance(event, TurnStarted):
            for one in self._turn:
                self._before = transcript.fold(self._before, one)
            self._clear()
        self._turn.append(record)
        match event:
            case MemoriesRecalled(memories=memories):
                self._memories["memory.read"] = memories
            case MemoriesProposed(memories=memories):
                self._memories["memory.write"] = memories
            case PassagesRetrieved(candidates=candidates):
                self._passages = candidates
            case ReplyGenerated(text=text):
                self._reply = text
            case GatePassed(gate="output", edit=str(text)) if text:
                self._reply = text
            case GatePassed():
                self._passed(event)
            case ApprovalGiven(decision="edit", arguments=dict(edit)) if isinstance(edit.get("text"), str):
                self._edits[event.step] = str(edit["text"])

    def _passed(self, event: GatePassed) -> None:
        hook = _AT_GATE.get(event.gate)
        if hook == "retrieval":
            self._passages = in_place(self._passages, event)
        elif hook == "memory.write" and event.action == "edit":  # questions about these are numbered as they go on
            self._memories[hook] = edited_items(self._memories.get(hook, ()), event.edit, event.by)
        elif hook is not None:
            self._memories[hook] = in_place(self._memories.get(hook, ()), event)

    def asked(self, event: VerdictReached, composed: Composed, facts: SessionFacts) -> Question | None:
        """What this verdict answered, before a rule masked any of it; None where that cannot be told."""
        item = event.step.partition(f"/verdict:{event.hook}")[2]
        match event.hook:
            case "input":
                now = self._now(self._turn).last()
                return None if now is None else about_text("input", now.words, facts)
            case "output":
                return self._edited(about_text("output", self._reply, facts), event, "ask:output", item)
            case "prompt":
                return self._prompt(event.turn, _number(item), composed, facts)
            case "memory.read":
                found = [one for one in self._memories.get("memory.read", ()) if one.id == item.removeprefix(":")]
                return about_memory(found[0], facts) if found else None
            case "retrieval":
                read = [one for one in self._passages if one.id == item.removeprefix(":")]
                return about_passage(read[0], facts) if read else None
            case "memory.write":
                return self._keeping(event, item.removeprefix(":"), facts)
        return None

    def _keeping(self, event: VerdictReached, item: str, facts: SessionFacts) -> Question | None:
        for place, memory in enumerate(self._memories.get("memory.write", ()), 1):
            if item == memory.id or item.startswith(f"{memory.id}."):
                edits = item.removeprefix(memory.id)
                return self._edited(about_keeping(memory, facts), event, f"ask:memory.write:{place}", edits)
        return None

    def _edited(self, question: Question, event: VerdictReached, asked: str, edits: str) -> Question | None:
        """The same about the words that a person put in when asked; `edits` is their number, as `.2`."""
        if not edits:
            return question
        times = _number(edits.replace(".", ":"))
        before = f".{times - 1}" if times > 1 else ""
        text = self._edits.get(f"t{event.turn}/{asked}{before}")
        if text is None:
            return None
        changed: dict[str, Json] = {**question.payload, "text": text}
        return question.model_copy(update={"payload": changed, "origin": "user"})

    def _prompt(self, turn: int, number: int, composed: Composed, facts: SessionFacts) -> Question:
        """The prompt of a model call, whose reply may be in the log already where its turn had a life before."""
        state = self._now(list(self._up_to(number)))
        messages = transcript.compose(state, composed.system, composed.voice)
        gate = f"t{turn}/gate:prompt:{number}"
        for record in self._turn:
            if isinstance(record.event, GatePassed) and record.event.step == gate and record.event.action == "edit":
                messages = edited_messages(messages, record.event.edit)
        return about_prompt(composed.model, messages, facts)

    def _up_to(self, number: int) -> Iterator[Record]:
        """The records of this turn, without what came of its model call of this number."""
        later: set[str] = set()
        for record in self._turn:
            match record.event:
                case ReplyGenerated(step=step, calls=calls) if _number(step) >= number:
                    later |= {call.id for call in calls}
                case ToolReturned(call=call) if call in later:
                    continue
                case GatePassed() as passed if gate_call(passed) in later:
                    continue
                case _:
                    yield record

    def _now(self, records: list[Record]) -> transcript.Transcript:
        state = self._before
        for record in records:
            state = transcript.fold(state, record)
        return state


def _number(step: str) -> int:
    """The number at the end of a step, as `t1/generate:2` has one; 0 where there is none."""
    last = step.rpartition(":")[2]
    return int(last) if last.isdecimal() and len(last) < 10 else 0
