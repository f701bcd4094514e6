"""What a recorded session decided and why: each verdict on the very text it was about, and what people answered.

Invariant: everything comes from the session's log and the ledger; nothing of the workspace is read or run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.core.canonical import short
from greenroom.core.errors import UsageError
from greenroom.core.events import Record, VerdictReached
from greenroom.core.inert import inert_line
from greenroom.core.values import Json, Origin
from greenroom.log.said import who
from greenroom.policy.explain import explain, value_text
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals
from greenroom.views.turns import verdicts
from greenroom.views.turns.verdicts import Decided

if TYPE_CHECKING:
    from greenroom.assembly.past.proof import Proof
    from greenroom.log.audit import Approval
    from greenroom.regression.flips import Decision
    from greenroom.views.people.approvals import Asked
    from greenroom.workspace.layout import Workspace

_FROM: dict[Origin, str] = {
    "user": "the person",
    "memory": "a memory",
    "passage": "a document of the workspace",
    "tool": "a tool's result",
    "web": "the web: text of strangers",
    "model": "the model",
    "persona": "the persona's own prompt",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A recorded verdict. `decision` is it with the question it answered, where the log still tells."""

    turn: int
    decided: Decided
    decision: Decision | None
    answers: tuple[Approval, ...]
    open: Asked | None


async def explain_session(workspace: Workspace, about: str) -> Answer[tuple[Explained, ...]]:
    """`last`: every verdict in which a rule had a say; `last:41`: that of record 41.

    Raises:
        UsageError: there is no such session, or no such verdict.
        LogDamaged: the session does not verify.
    """
    from greenroom.assembly import read_session
    from greenroom.assembly.past.proof import prove_session
    from greenroom.assembly.past.recorded import judged_again

    word, _, event = about.partition(":")
    records = await asyncio.to_thread(read_session, workspace, word)
    proof = await asyncio.to_thread(prove_session, workspace, word)
    judged = await asyncio.to_thread(judged_again, records)
    wanted = _chosen(records, event)
    decisions = {one.record: one for one in judged.decisions}
    questions = fold_all(approvals.fold, approvals.EMPTY, records).open
    found = tuple(_explained(turn, one, decisions, proof, questions) for turn, one in wanted)
    words = {r.event.turn: r.event.words for r in records if r.event.kind == "turn_started"}
    lines = [line for one in found for line in _lines(one, proof)] if event else list(_by_turn(found, words, proof))
    if not found:
        lines = ["no rule had a say in this session, and nothing was found or held back"]
    notes = [f"some texts cannot be shown: {judged.problem}"] if any(one.decision is None for one in found) else []
    return answer(found, lines, [_data(one, proof) for one in found], notes=notes)


def _chosen(records: Sequence[Record], event: str) -> list[tuple[int, Decided]]:
    """The verdicts worth showing, or the one that a record is or is about."""
    turns = fold_all(verdicts.fold, verdicts.EMPTY, records).all()
    if not event:
        return [(turn.turn, one) for turn in turns for one in turn.worth_showing()]
    every = [(turn.turn, one) for turn in turns for one in turn.decided]
    if event.isdigit() and int(event) < len(records):
        number = int(event)
        about = _about(records[number])
        for turn, one in reversed(every):
            if one.seq == number or (about and one.seq < number and one.step.startswith(about)):
                return [(turn, one)]
    known = ", ".join(str(one.seq) for turn in turns for one in turn.worth_showing())
    raise UsageError(
        f"record {event} is no verdict", hint=f"those worth a look: {known or 'none'}", code="verdict.unknown"
    )


def _about(record: Record) -> str:
    """The beginning of the step of the verdict on the call that a record is about, '' if it is about none."""
    call = getattr(record.event, "call", "")
    return (
        f"t{record.event.turn}/verdict:tool.call:{call}"
        if call and not isinstance(record.event, VerdictReached)
        else ""
    )


def _explained(
    turn: int, one: Decided, decisions: Mapping[int, Decision], proof: Proof, questions: Sequence[Asked]
) -> Explained:
    key = one.step.rpartition(":")[2]
    step = f"t{turn}/ask:{key}"
    answers = tuple(a for a in proof.audit.approvals if a.answer.step == step)
    return Explained(turn, one, decisions.get(one.seq), answers, next((a for a in questions if a.step == step), None))


def _by_turn(found: Sequence[Explained], words: Mapping[int, str], proof: Proof) -> Iterator[str]:
    turn = 0
    for one in found:
        if one.turn != turn:
            yield from ([""] if turn else [])
            turn = one.turn
            yield f"turn {turn}: {inert_line(words.get(turn, ''), 100)}"
        yield ""
        yield from ("  " + line for line in _lines(one, proof))


def _lines(one: Explained, proof: Proof) -> Iterator[str]:
    decided, question = one.decided, one.decision.question if one.decision else None
    subject = f" · {inert_line(decided.subject, 80)}" if decided.subject else ""
    yield f"record {decided.seq} · {decided.hook}{subject}"
    yield from explain(decided.verdict, question.payload if question else None)
    if question is not None:
        yield f"text from: {_FROM[question.origin]}"
        for name, origins in question.args_from.items():
            yield f"  {inert_line(name)} repeats words of: {', '.join(_FROM[origin] for origin in origins) or 'nobody'}"
        if question.session.taint:
            yield f"the session held text from: {', '.join(_FROM[origin] for origin in question.session.taint)}"
    for given in one.answers:
        yield from _answered(given, proof)
    if one.open is not None:
        until = f", until {one.open.deadline}" if one.open.deadline else ""
        yield f"asked at record {one.open.seq}: {inert_line(one.open.role)}{until}; not answered yet"


def _answered(one: Approval, proof: Proof) -> Iterator[str]:
    """Who was asked, who answered, how that is known, and what the answer is tied to."""
    if one.question is not None and one.asked is not None:
        yield f"asked at record {one.asked.seq}: {inert_line(one.question.role)}"
    given = one.answer
    reason = f": {inert_line(given.reason, 200)}" if given.reason else ""
    yield f"answered at record {one.given.seq}: {given.decision} by {inert_line(who(given))}{reason}"
    if given.arguments is not None:
        yield f"  changed to: {value_text(given.arguments)}"
    tied = "bound to" if proof.fits(one) else "NOT BOUND to"
    anchored = "anchored in the ledger" if one.anchored else "not anchored"
    yield f"  {tied} card {one.code} and policy {short(one.policy_digest)}; {anchored}"


def _data(one: Explained, proof: Proof) -> dict[str, Json]:
    question = one.decision.question if one.decision else None
    return {
        "record": one.decided.seq,
        "turn": one.turn,
        "hook": one.decided.hook,
        "subject": one.decided.subject,
        "verdict": one.decided.verdict.model_dump(mode="json"),
        "payload": question.payload if question else None,
        "origin": question.origin if question else None,
        "args_from": {name: list(origins) for name, origins in question.args_from.items()} if question else {},
        "taint": list(question.session.taint) if question else [],
        "answers": [
            {
                "record": given.given.seq,
                "asked": given.asked.seq if given.asked else None,
                "role": given.question.role if given.question else "",
                "decision": given.answer.decision,
                "approver": given.answer.approver,
                "established": given.answer.established,
                "reason": given.answer.reason,
                "card": given.commitment,
                "policy": given.policy_digest,
                "bound": proof.fits(given),
                "anchored": given.anchored,
            }
            for given in one.answers
        ],
        "open": one.open.seq if one.open else None,
    }
