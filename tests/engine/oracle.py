"""Judges what tools really did by the log alone: no code of the engine, of policy or of approvals decides anything here.

A run of a tool with effects is right when the policy in force at its start lets it run, and, where that asks (or
somebody was asked anyway), when a matching answer that nobody else used stands between the question and the start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    AutonomyChanged,
    ContractLoaded,
    Event,
    GatePassed,
    GrantRevoked,
    Record,
    SessionForked,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    VerdictReached,
)

STRICTNESS = ("allow", "ask", "deny")


@dataclass(frozen=True)
class Law:
    """What a policy says, in numbers: amounts above `asks` need a person, above `denies` nobody may pay them; all starts
    of a session together stay within `most`. `asks_note` is whether even a note needs a person.
    """

    name: str
    digest: str
    asks: float
    denies: float
    most: float
    asks_note: bool = False


@dataclass(frozen=True)
class Ran:
    """A tool with effects was entered. `seen` is how many records the log had, `synced` how many were on disk."""

    tool: str
    arguments: Mapping[str, Any]
    key: str
    seen: int
    synced: int
    stops: tuple[tuple[str, str], ...]


@dataclass
class Case:
    """Everything there is to judge by."""

    records: Sequence[Record]
    ran: Sequence[Ran]
    laws: Mapping[str, Law]
    autonomy: int
    session: str
    found: list[str] = field(default_factory=list)
    _used: dict[int, int] = field(default_factory=dict)
    _starts: dict[int, int] = field(default_factory=dict)

    def violations(self) -> list[str]:
        for run in self.ran:
            for wrong in _wrongs(self, run):
                self.found.append(f"{run.key} {run.tool} {dict(run.arguments)}: {wrong}")
        return self.found


def _wrongs(case: Case, run: Ran) -> Iterator[str]:
    session, _, step = run.key.partition("/")
    if session != case.session:
        yield "the key is of another session"
    start = _last(case.records[: run.seen], ToolStarted, step)
    if start is None:
        yield "it ran without a start in the log"
        return
    event = start.event
    assert isinstance(event, ToolStarted)
    if (event.tool, event.arguments) != (run.tool, dict(run.arguments)):
        yield f"it started as {event.tool} {event.arguments}"
    if run.synced <= start.seq:
        yield "its start was not on disk"
    if any(isinstance(r.event, ToolReturned) and r.event.step == step for r in case.records[: run.seen]):
        yield "it had returned before"
    if any(_ends(r, event.turn) for r in case.records[: run.seen]):
        yield "its turn was over"
    yield from _stopped(run, step, session)
    yield from _entered_once(case, run, start, event)
    yield from _permitted(case, start, event)


def _ends(record: Record, turn: int) -> bool:
    return isinstance(record.event, TurnFinished | TurnAbandoned) and record.event.turn == turn


def _stopped(run: Ran, step: str, session: str) -> Iterator[str]:
    for scope, target in run.stops:
        turn = f"{session}/{step.partition('/')[0]}"
        head, star, tail = target.partition("*")
        tool = run.tool.startswith(head) and run.tool.endswith(tail) if star else run.tool == target
        if (
            scope == "everything"
            or (scope == "turn" and target == turn)
            or (scope == "tool" and tool)
            or (scope == "call" and target == f"{session}/{step}")
        ):
            yield f"a stop of {scope} {target} was pressed"


def _entered_once(case: Case, run: Ran, start: Record, event: ToolStarted) -> Iterator[str]:
    case._starts[start.seq] = case._starts.get(start.seq, 0) + 1
    if event.effects == "once" and case._starts[start.seq] > 1:
        yield "one start was used for two runs"


def _permitted(case: Case, start: Record, event: ToolStarted) -> Iterator[str]:
    """What law and log say about a start, however often the tool was entered for it."""
    before = case.records[: start.seq]
    loaded = _last(before, ContractLoaded)
    assert loaded is not None and isinstance(loaded.event, ContractLoaded)
    law = case.laws[loaded.event.digests["policy"]]
    need, why = _says(case, law, start, event)
    if need == "deny":
        yield f"policy {law.name} denies it: {why}"
        return
    # What a person put in the place of a call is decided by itself, whatever policy says of the call that the model made.
    edited = any(_edits(r.event, event) for r in before)
    verdict = _last(
        [
            r
            for r in before
            if isinstance(r.event, VerdictReached)
            and _of_call(r.event.step, "verdict:tool.call", event)
            and not (edited and r.event.step.endswith(f":{event.call}"))
        ],
        VerdictReached,
    )
    if verdict is None or not isinstance(verdict.event, VerdictReached):
        yield "no verdict stands before it"
    elif verdict.event.effect == "deny":
        yield "its last verdict denies it"
    elif verdict.event.policy_digest != law.digest:
        yield f"its last verdict is not by policy {law.name}, which was in force"
    again = any(isinstance(r.event, ToolStarted) and r.event.step == event.step for r in before)
    repeat = again and event.effects == "once"
    asked = [r for r in before if isinstance(r.event, ApprovalRequested) and _of_call(r.event.step, "ask", event)]
    asked = [r for r in asked if not r.event.step.endswith(".stop") and (not repeat or ".unknown" in r.event.step)]
    if not asked:
        if need == "ask":
            yield f"policy {law.name} asks ({why}), and nobody was asked"
        elif repeat:
            yield "it was begun a second time, and nobody was asked"
        return
    if need == "allow" and not repeat and any(_makes_void(r.event, event) for r in before[asked[-1].seq :]):
        return  # what was asked about under another policy or autonomy, or of another call, and now is not
    last, since = _confirmed(case, asked[-1], start)
    yield from _approved(case, law, loaded.event, last, since, start, event)


def _makes_void(event: Event, started: ToolStarted) -> bool:
    """Whether a question that was put before this is not about what is in force, or about the call, any more."""
    return _edits(event, started) or isinstance(event, ContractLoaded | AutonomyChanged)


def _edits(event: Event, started: ToolStarted) -> bool:
    """Whether a person put another call in the place of this one at its gate."""
    here = started.step.replace("/tool:", "/gate:tool:")
    return isinstance(event, GatePassed) and event.action == "edit" and event.step == here


def _confirmed(case: Case, asked: Record, start: Record) -> tuple[Record, int]:
    """The question after the last edit, and the record since which its answer counts.

    It may stand before the edit: the same edit made once more under the same policy asks the same question.
    """
    since = asked.seq
    while True:
        given = _last(case.records[since + 1 : start.seq], ApprovalGiven, asked.event.step)
        if given is None or not isinstance(given.event, ApprovalGiven) or given.event.decision != "edit":
            return asked, since
        head, _, number = asked.event.step.rpartition("/ask:")[2].partition(".")
        round_ = int(number) + 1 if number.isdecimal() else 1  # what was edited at the gate comes before the first
        step = f"{asked.event.step.rpartition('/ask:')[0]}/ask:{head}.{round_}"
        following = _last(case.records[: start.seq], ApprovalRequested, step)
        if following is None:
            return asked, since
        asked, since = following, given.seq


def _approved(
    case: Case, law: Law, contract: ContractLoaded, asked: Record, since: int, start: Record, event: ToolStarted
) -> Iterator[str]:
    """The answer to the last question about this call lets it run, as it ran, this once."""
    question = asked.event
    assert isinstance(question, ApprovalRequested)
    between = case.records[max(asked.seq, since) + 1 : start.seq]
    given = _last(between, ApprovalGiven, question.step)
    if given is None or not isinstance(given.event, ApprovalGiven):
        yield f"the question {question.step} has no answer"
        return
    answer = given.event
    if answer.decision != "allow":
        yield f"the answer to {question.step} was {answer.decision}"
    if (question.card.call.tool, question.card.call.arguments) != (event.tool, event.arguments):
        yield f"another call was approved: {question.card.call.tool} {question.card.call.arguments}"
    if question.policy_digest != law.digest:
        yield "the question was put under another policy"
    bound = [case.session, asked.commitments["card"], law.digest, contract.digests.get("tools", "")]
    if answer.binds != hashlib.sha256(json.dumps(bound, separators=(",", ":")).encode()).hexdigest():
        yield "the answer binds to something else"
    if case._used.setdefault(given.seq, start.seq) != start.seq:
        yield "its approval was used before"
    if answer.established.startswith("grant "):
        yield from _leave(case, answer, given, question, event)
    else:
        yield from _in_time(case, asked, given)


def _in_time(case: Case, asked: Record, given: Record) -> Iterator[str]:
    """The answer came before the deadline that counted when it came."""
    assert isinstance(asked.event, ApprovalRequested)
    until = asked.event.deadline
    for record in case.records[asked.seq + 1 : given.seq]:
        if isinstance(record.event, ApprovalPassedOn) and record.event.step == asked.event.step:
            until = record.event.deadline
    if until is not None and _moment(given.at) >= _moment(until):
        yield f"the answer came at {given.at}, and the deadline was {until}"


def _leave(
    case: Case, answer: ApprovalGiven, given: Record, question: ApprovalRequested, event: ToolStarted
) -> Iterator[str]:
    """Leave that was in force for this very call when it answered; more than one may have been given at a step."""
    place = answer.established.removeprefix("grant ")
    if question.step.rpartition("/ask:")[2].count(".") or question.card.reason:
        yield "leave answered a question that is put every time"
    wrongs = [
        list(_leave_wrongs(case, leave, given, question, event))
        for leave in case.records[: given.seq]
        if isinstance(leave.event, ApprovalGiven) and leave.event.step == place
    ]
    yield from min(wrongs, key=len, default=[f"there is no leave {place}"])


def _leave_wrongs(
    case: Case, given: Record, used: Record, question: ApprovalRequested, event: ToolStarted
) -> Iterator[str]:
    leave = given.event
    assert isinstance(leave, ApprovalGiven)
    place = leave.step
    first = _last(case.records[: given.seq], ApprovalRequested, place)
    assert first is not None and isinstance(first.event, ApprovalRequested)
    after = case.records[given.seq + 1 : used.seq]
    if leave.decision != "allow" or leave.scope == "once":
        yield f"{place} gave no leave"
    if leave.scope == "turn" and (leave.turn != event.turn or any(_ends(r, event.turn) for r in after)):
        yield f"leave {place} was for turn {leave.turn}"
    if leave.expires is None or _moment(used.at) >= _moment(leave.expires):
        yield f"leave {place} expired at {leave.expires}"
    if any(isinstance(r.event, GrantRevoked) and r.event.grant == place for r in after):
        yield f"leave {place} was revoked"
    if any(isinstance(r.event, SessionForked) for r in after):
        yield f"leave {place} was given in the session this was forked from"
    if first.event.policy_digest != question.policy_digest:
        yield f"leave {place} was given under another policy"
    if first.event.tool != event.tool or first.event.rule != question.rule:
        yield f"leave {place} was given for {first.event.tool} by {first.event.rule}, not by {question.rule}"
    for clause in leave.when:
        name, sign, limit = clause.split()
        if sign != "<=" or not event.arguments[name.removeprefix("args.")] <= float(limit):
            yield f"leave {place} is for {clause}"


def _says(case: Case, law: Law, start: Record, event: ToolStarted) -> tuple[str, str]:
    """What the law says of a start at its moment: allow, ask or deny, and why."""
    level = _level(case, start)
    amount = float(event.arguments["amount"]) if event.tool == "orders.refund" else 0.0
    spent = amount + sum(_others(case, start, event))
    found = [("allow", "it is in bounds")]
    if event.tool == "orders.refund":
        if amount > law.denies:
            found.append(("deny", f"{amount} > {law.denies}"))
        elif amount > law.asks:
            found.append(("ask", f"{amount} > {law.asks}"))
        if spent > law.most:
            found.append(("deny", f"{spent} in all > {law.most}"))
    elif law.asks_note:
        found.append(("ask", "every note is asked about"))
    if level == 0:
        found.append(("deny", "autonomy 0"))
    elif level < 4 and not (level == 3 and event.tool == "orders.note"):
        found.append(("ask", f"autonomy {level}"))
    return max(found, key=lambda pair: STRICTNESS.index(pair[0]))


def _level(case: Case, start: Record) -> int:
    level, until = case.autonomy, None
    for record in case.records[: start.seq]:
        if isinstance(record.event, AutonomyChanged) and not record.event.from_next_call:
            level, until = record.event.level, record.event.expires
    return case.autonomy if until is not None and _moment(start.at) >= _moment(until) else level


def _others(case: Case, start: Record, event: ToolStarted) -> list[float]:
    """What the session's other calls have paid before this one."""
    paid: dict[str, float] = {}
    for record in case.records[: start.seq]:
        one = record.event
        if isinstance(one, ToolStarted) and one.tool == "orders.refund" and one.step != event.step:
            paid[one.step] = float(one.arguments["amount"])
    return list(paid.values())


def _of_call(step: str, kind: str, event: ToolStarted) -> bool:
    """Whether a step is of this kind and about the call of a start, in any round of its edits."""
    return f"{step}.".startswith(f"t{event.turn}/{kind}:{event.call}.")


def _last(records: Sequence[Record], kind: type[Any], step: str = "") -> Record | None:
    return next((r for r in reversed(records) if isinstance(r.event, kind) and step in ("", r.event.step)), None)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)
