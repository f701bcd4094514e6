"""Everything one session's turns work with, and the one way they ask policy.

Invariant: what is logged, shown or sent on has passed `admit` first, so all of them see the same masked text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from greenroom.core.events import AutonomyChanged, Record, VerdictReached
from greenroom.core.values import Json, Origin, ToolCall, ToolSpec, Verdict, trusted
from greenroom.engine.contract import Contract
from greenroom.engine.facts import Facts
from greenroom.engine.gates.stepping import Gates
from greenroom.engine.looks import FIRST
from greenroom.engine.outside import Outside
from greenroom.engine.steps import Steps
from greenroom.policy.port import Question
from greenroom.views.people import grants
from greenroom.views.people.grants import Grants
from greenroom.views.prompt import transcript
from greenroom.views.prompt.provenance import provenance, sources


@dataclass(slots=True)
class Room:
    """A session's contract, world, step log, facts, the transcript so far and the leave that people gave.

    `admitted` is the last question from outside with its verdict: if nothing was masked, it is judged next as it stands.
    `again` is the call that a turn was begun for, by the turn's number; `autonomy_next` what a person set the level to
    while a turn runs, which counts from its next call on. `grants` is the leave given in the log's first `granted` records.
    `stand_in` are a person's words in the place of a model's, by step.
    """

    contract: Contract
    outside: Outside
    steps: Steps
    facts: Facts
    gates: Gates
    transcript: transcript.Transcript = transcript.EMPTY
    grants: Grants = grants.EMPTY
    granted: int = 0
    admitted: tuple[Question, Verdict] | None = None
    again: dict[int, ToolCall] = field(default_factory=dict)
    autonomy_next: AutonomyChanged | None = None
    stand_in: dict[str, str] = field(default_factory=dict)

    def see(self, record: Record) -> None:
        """Keep facts and transcript up to the log. Neither depends on a verdict, and most records are verdicts."""
        if type(record.event) is VerdictReached:
            return
        self.facts.see(record)
        self.transcript = transcript.fold(self.transcript, record)

    def rewind(self, records: Iterable[Record]) -> None:
        """Know exactly these records."""
        self.facts.clear()
        self.transcript = transcript.EMPTY
        for record in records:
            self.see(record)

    def leave(self) -> Grants:
        """All leave that people gave, by the whole log: what was revoked is so wherever a resumed turn has come to."""
        for record in self.steps.log.records[self.granted :]:
            self.grants = grants.fold(self.grants, record)
            self.granted += 1
        return self.grants

    def admit(self, question: Question) -> tuple[Verdict, dict[str, Json]]:
        """The verdict on something that came from outside, and its payload as it may be kept."""
        verdict = self.contract.policy.decide(question)
        self.admitted = (question, verdict)
        masked = verdict.payload if isinstance(verdict.payload, dict) else question.payload
        return verdict, masked

    def judge(self, turn: int, step: str, question: Question, *, again: bool = False, look: str = FIRST) -> Verdict:
        """Decide and log it. The same question under the same policy is answered from the log, unless it is put `again`.

        A replay decides nothing at a `look` that found what had been decided already.
        """
        if self.steps.governed is not None:
            again = again or self.steps.governed.reaches(step, look)
            if not again and (found := self.steps.find(VerdictReached, step)) is not None:
                return found.verdict
        inputs: list[Any] = [
            self.contract.policy.digest,
            question.hook,
            question.subject,
            question.payload,
            question.session.autonomy if question.hook == "tool.call" else None,
        ]
        if question.hook == "tool.call" and self.facts.day[0]:  # what others spent since counts in a resumed turn
            inputs.append(list(self.facts.day))
        act = partial(self._reached, turn, step, question, look)
        return self.steps.decide(VerdictReached, step, inputs, act, again=again).verdict

    def _reached(self, turn: int, step: str, question: Question, look: str) -> VerdictReached:
        self.steps.must_come(VerdictReached, step)
        verdict = self._admitted_already(question) or self.contract.policy.decide(question)
        if verdict.payload is not None:
            verdict = self.steps.as_masked(step, verdict)
        return trusted(
            VerdictReached,
            step=step,
            turn=turn,
            hook=question.hook,
            subject=question.subject,
            effect=verdict.effect,
            rule=verdict.rule,
            policy_digest=verdict.policy_digest,
            verdict=verdict,
            moment=look,
        )

    def _admitted_already(self, question: Question) -> Verdict | None:
        """The verdict of `admit`, where the same question is put again under the same policy."""
        if self.admitted is None:
            return None
        (before, verdict), self.admitted = self.admitted, None
        same = before.payload is question.payload and verdict.policy_digest == self.contract.policy.digest
        return verdict if same and before == question else None


def about_call(room: Room, call: ToolCall, without: str = "", words: tuple[str, ...] = ()) -> Question:
    """The question whether a call may be made. `without` is a step whose own reservation does not count against it,
    `words` what else the model put into the call.
    """
    payload: dict[str, Json] = {"args": call.arguments}
    if words:
        payload["words"] = list(words)
    return Question(
        hook="tool.call",
        subject=call.tool,
        payload=payload,
        origin="model",
        tool=spec_of(room, call.tool),
        session=room.facts.now(without),
        args_from=args_from(room, call) if room.contract.policy.uses("args_from") else {},
    )


def args_from(room: Room, call: ToolCall) -> dict[str, tuple[Origin, ...]]:
    """Whose words each argument of a call repeats, as far as this session has read them."""
    return provenance(call.arguments, sources(room.transcript, room.contract.system, room.contract.untrusted))


def about_result(room: Room, call: ToolCall, payload: dict[str, Json]) -> Question:
    """The question what of a call's `output` and `error` may be kept and read."""
    return Question(
        hook="tool.result",
        subject=call.tool,
        payload=payload,
        origin="tool",
        tool=spec_of(room, call.tool),
        session=room.facts.now(),
    )


def spec_of(room: Room, tool: str) -> ToolSpec:
    """The spec of a tool, or one that admits nothing if the persona does not have it."""
    found = room.contract.spec(tool)
    return found or ToolSpec(name=tool, description="unknown tool", parameters={"type": "object"})
