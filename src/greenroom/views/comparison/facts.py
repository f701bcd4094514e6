"""What one turn came to, as far as two runs of a situation can differ in it.

Invariant: times, random ids and hashes are in no `told`: two runs that went alike have equal ones. An empty one is as
good as none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from greenroom.core.canonical import canonical
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    GatePaused,
    Record,
    ReplyGenerated,
    ReplyReleased,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
)
from greenroom.core.values import Effect, Hook, Json
from greenroom.views.fold import fold_all
from greenroom.views.turns import memory, retrieval, tools, usage, verdicts

_HOOKS = get_args(Hook)
_UNORDERED = ("memory.read", "retrieval", "memory.write")


class Question(NamedTuple):
    """Who was asked about what, and what the answer was ('' while there is none)."""

    about: str
    role: str
    decision: str = ""
    reason: str = ""
    scope: str = "once"
    approver: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        return self.about, self.role, self.decision, self.reason, self.scope


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call. `arguments` are those it ran with, `edited` says that a person changed the model's."""

    tool: str
    arguments: dict[str, Json]
    status: str
    output: Json = None
    error: str = ""
    simulated: bool = False
    edited: bool = False
    milliseconds: int = 0
    asked: tuple[Question, ...] = ()

    @property
    def key(self) -> str:
        """Equal for the same call."""
        return f"{self.tool} {canonical(self.arguments).decode()}"

    @property
    def told(self) -> tuple[object, ...]:
        result = canonical([self.output, self.error, self.simulated, self.edited])
        return self.key, self.status, result, tuple(question.told for question in self.asked)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict. `subject` is what it was about; `plain` where no rule had a say and nothing was held back."""

    hook: str
    subject: str
    effect: Effect
    rule: str
    why: str = ""
    risk: int = 0
    plain: bool = False

    @property
    def key(self) -> str:
        return f"{self.hook} {self.subject}"

    @property
    def told(self) -> tuple[str, ...]:
        """Nothing of a plain one: that a passage was let through says no more than the passage."""
        return () if self.plain else (self.hook, self.subject, self.effect, self.rule)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. `cited` is its number in the prompt, None where it was dropped for `reason`."""

    id: str
    label: str
    rank: int
    cited: int | None
    score: float
    text: str
    reason: str = ""

    @property
    def told(self) -> tuple[object, ...]:
        """Nothing of one that was dropped: the model saw as little of it as of one that was not found."""
        return () if self.cited is None else (self.id, self.cited, self.text)


@dataclass(frozen=True, slots=True)
class Kept:
    """A memory that was recalled or proposed, and what became of it."""

    place: str
    segment: str
    name: str
    text: str
    fate: str

    @property
    def key(self) -> str:
        return f"{self.place} {self.segment} {self.name or self.text}"

    @property
    def told(self) -> tuple[str, ...]:
        return self.place, self.segment, self.name, self.text, self.fate


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """A turn. `asides` is what the model said before its calls; `asked` are the questions that were about no call.

    `edits` are a person's changes at gates. `governed` is the record number of the contract that held.
    """

    turn: int
    seq: int
    said: str
    reply: str = ""
    asides: str = ""
    outcome: str = "unfinished"
    calls: tuple[Call, ...] = ()
    asked: tuple[Question, ...] = ()
    decisions: tuple[Decision, ...] = ()
    hits: tuple[Hit, ...] = ()
    memories: tuple[Kept, ...] = ()
    edits: tuple[str, ...] = ()
    cost: usage.UsageTurn = field(default_factory=lambda: usage.UsageTurn(0))
    governed: int = -1


def turn_facts(records: Sequence[Record], governed: int = -1) -> TurnFacts:
    """The facts of one turn from its records, the first of which began it."""
    started = records[0].event
    if not isinstance(started, TurnStarted):
        raise ValueError("a turn begins with what was said")
    said, reply, outcome = started.words, "", "unfinished"
    asides: list[str] = []
    edits: list[str] = []
    for record in records:
        match record.event:
            case GatePassed(gate="input", edit=str(words)):
                said = words
                edits.append("input: edited")
            case GatePassed(gate=gate, action="edit" | "abandon" as action):
                edits.append(f"{gate}: {action}")
            case ReplyGenerated(text=text, calls=calls) if calls and text:
                asides.append(text)
            case ReplyReleased(text=text):
                reply = text
            case _:
                outcome = _standing(record, outcome)
    return TurnFacts(
        turn=started.turn,
        seq=records[0].seq,
        said=said,
        reply=reply,
        asides="\n\n".join(asides),
        outcome=outcome,
        calls=_calls(records),
        asked=tuple(one for hook, one in _questions(records) if hook != "tool.call"),
        decisions=_decisions(records),
        hits=_hits(records),
        memories=_memories(records),
        edits=tuple(edits),
        cost=fold_all(usage.fold, usage.EMPTY, records).all()[0],
        governed=governed,
    )


def _standing(record: Record, before: str) -> str:
    match record.event:
        case TurnFinished(outcome=outcome):
            return outcome
        case TurnInterrupted():
            return "interrupted"
        case TurnAbandoned():
            return "abandoned"
        case TurnResumed():
            return "unfinished"
        case GatePaused(gate=gate):
            return f"paused at {gate}"
        case _:
            return before


def _calls(records: Sequence[Record]) -> tuple[Call, ...]:
    asked: dict[str, list[Question]] = {}
    for hook, question in _questions(records):
        if hook == "tool.call":
            asked.setdefault(question.about, []).append(question)
    return tuple(
        Call(
            tool=view.call.tool,
            arguments=view.call.arguments if view.ran_with is None else view.ran_with,
            status="simulated" if view.simulated else view.status,
            output=view.output,
            error=view.error,
            simulated=view.simulated,
            edited=view.ran_with is not None and view.ran_with != view.call.arguments,
            milliseconds=view.milliseconds,
            asked=tuple(one._replace(about=view.call.tool) for one in asked.get(view.call.id, ())),
        )
        for view in fold_all(tools.fold, tools.EMPTY, records).all()[0].calls
    )


def _questions(records: Sequence[Record]) -> list[tuple[str, Question]]:
    """Every question with its hook, in the order they were asked."""
    found: dict[str, tuple[str, Question]] = {}
    for record in records:
        match record.event:
            case ApprovalRequested(step=step, hook=hook, call=call, role=role, tool=tool):
                found[f"{step} {len(found)}"] = hook, Question(call if hook == "tool.call" else f"{hook} {tool}", role)
            case ApprovalGiven(step=step) as given:
                name = next((key for key in reversed(found) if key.rpartition(" ")[0] == step), "")
                if name:
                    about, asked = found[name]
                    answer = {"decision": given.decision, "reason": given.reason, "scope": given.scope}
                    found[name] = about, asked._replace(**answer, approver=given.approver)
            case _:
                pass
    return list(found.values())


def _decisions(records: Sequence[Record]) -> tuple[Decision, ...]:
    turn = fold_all(verdicts.fold, verdicts.EMPTY, records).all()[0]
    shown = {one.seq for one in turn.worth_showing()}
    decided = sorted(turn.decided, key=lambda one: one.subject if one.hook in _UNORDERED else "")
    decided.sort(key=lambda one: _HOOKS.index(one.hook))
    return tuple(
        Decision(
            one.hook,
            one.subject,
            one.verdict.effect,
            one.verdict.rule,
            one.verdict.why,
            one.verdict.risk,
            plain=one.seq not in shown,
        )
        for one in decided
    )


def _hits(records: Sequence[Record]) -> tuple[Hit, ...]:
    return tuple(
        Hit(
            hit.passage.id,
            hit.passage.label,
            hit.rank,
            hit.cited,
            hit.passage.score,
            hit.passage.text,
            hit.reason,
        )
        for hit in fold_all(retrieval.fold, retrieval.EMPTY, records).all()[0].hits
    )


def _memories(records: Sequence[Record]) -> tuple[Kept, ...]:
    turn = fold_all(memory.fold, memory.EMPTY, records).all()[0]
    found = [("recalled", one) for one in turn.recalled] + [("proposed", one) for one in turn.proposed]
    return tuple(Kept(place, one.memory.segment, one.memory.key, one.memory.text, one.fate) for place, one in found)
