"""The decisions of a recorded session put to other policies: which of them would have come out otherwise.

Invariant: the session runs again exactly as it was recorded, so that both sides are asked the very same questions; what
does not run again as recorded is said and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from greenroom.core.events import Event, Record, TurnFinished, VerdictReached
from greenroom.core.values import Hook, Json, ToolSpec, Verdict
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import LogRecording, first_difference, say_again
from greenroom.engine.session import Session
from greenroom.policy.explain import asks
from greenroom.policy.port import Policy, Question
from greenroom.policy.verdict.strictness import looser


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision that comes out otherwise. `record` is that of the recorded verdict, `question` what was asked."""

    session: str
    record: int
    turn: int
    step: str
    question: Question
    before: Verdict
    after: Verdict

    @property
    def looser(self) -> bool:
        """Whether something gets through that did not before, or is stopped less firmly (see `strictness.looser`)."""
        return looser(self.after, self.before)

    def outcomes(self) -> tuple[str, str]:
        """`deny refund.finance` before and after; with who is asked, where only that is another one."""
        sides = tuple(f"{one.effect} {one.rule}" for one in (self.before, self.after))
        if sides[0] == sides[1]:
            sides = tuple(f"{one.rule}: {asks(one)}" for one in (self.before, self.after))
        return sides[0], sides[1]


@dataclass(frozen=True, slots=True)
class Flips:
    """What came of one session. `moved` decisions come to the same, only by another rule; `problem` says why its
    decisions could not be compared: then there are none.
    """

    session: str
    decisions: int = 0
    flips: tuple[Flip, ...] = ()
    moved: int = 0
    problem: str = ""


class Noted:
    """The recorded policy, with every question it is asked noted beside its verdict.

    Sums that only `others` limit are kept too, and each policy is shown those it keeps itself.
    """

    def __init__(self, policy: Policy, others: Sequence[Policy], asked: dict[int, tuple[Question, Verdict]]) -> None:
        self._policy = policy
        self._others = tuple(others)
        self._asked = asked
        self._kept: dict[int, set[str]] = {}

    @property
    def digest(self) -> str:
        return self._policy.digest

    def decide(self, question: Question) -> Verdict:
        # A copy of its own for each question: equal verdicts may be one object.
        verdict = self._policy.decide(self.as_seen_by(self._policy, question)).model_copy()
        self._asked[id(verdict)] = (question, verdict)
        return verdict

    def as_seen_by(self, policy: Policy, question: Question) -> Question:
        """The question with only those sums that `policy` limits, or that stand for other sessions."""
        own, all_kept = self._kept.get(id(policy), set()), set().union(*self._kept.values())
        foreign = all_kept - own
        if not foreign & question.session.sums.keys():
            return question
        sums = {key: amount for key, amount in question.session.sums.items() if key not in foreign}
        return question.model_copy(update={"session": question.session.model_copy(update={"sums": sums})})

    def reserves(self, tool: str, arguments: Mapping[str, Json]) -> Mapping[str, float]:
        found: dict[str, float] = {}
        for policy in (*self._others, self._policy):
            amounts = policy.reserves(tool, arguments)
            self._kept.setdefault(id(policy), set()).update(amounts)
            found |= amounts
        return found

    def may_deny(self, hook: Hook) -> bool:
        return self._policy.may_deny(hook)

    def settled(self, text: str) -> int:
        return self._policy.settled(text)

    def watches(self, hook: Hook) -> bool:
        return any(policy.watches(hook) for policy in (self._policy, *self._others))

    def uses(self, name: str) -> bool:
        return True  # so that every question says whose words it repeats

    def covers(self, question: Question, when: Sequence[str]) -> bool:
        return self._policy.covers(question, when)

    def clause_problem(self, tool: ToolSpec, when: Sequence[str]) -> str:
        return self._policy.clause_problem(tool, when)


class AsRecorded(LogRecording):
    """A log that answers by step alone: what a model was given is no matter where only the decisions are compared."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        return super().answer(kind, step, None)


Build = Callable[[Contract, LogRecording], Session]
"""A session over a log in memory, with every port closed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded verdict with the question it answered, word for word. `record` is that of the verdict."""

    record: int
    turn: int
    step: str
    question: Question
    verdict: Verdict


def _as_asked(policy: Policy, question: Question) -> Question:
    return question


@dataclass(frozen=True, slots=True)
class Judged:
    """A session run again. `problem` says why not all of it came out as recorded; `decisions` are those that did.

    `seen` is a question as a policy would have been put it: with the sums that it limits itself.
    """

    session: str
    decisions: tuple[Decision, ...] = ()
    problem: str = ""
    seen: Callable[[Policy, Question], Question] = _as_asked


async def judge_again(
    records: Sequence[Record], contracts: Mapping[int, Contract], build: Build, others: Sequence[Policy] = ()
) -> Judged:
    """Run a session again as it was recorded. `contracts` are those of its `ContractLoaded` records, by number;
    sums that only `others` limit are kept too.
    """
    name = session_of(records)
    asked: dict[int, tuple[Question, Verdict]] = {}
    noted = {at: _noted(contract, others, asked) for at, contract in contracts.items()}
    if not noted:
        return Judged(name, problem="its log does not say what governed it")
    first = next(iter(noted.values()))
    session = build(first, AsRecorded(records))
    try:
        ended = {r.event.turn for r in records if isinstance(r.event, TurnFinished)}
        stopped = await say_again(session, records, noted, ended)
        step, difference = first_difference(records, session.records)
        said = stopped.message if stopped is not None else "another event"
        problem = f"it does not replay as recorded: {said} at {step}" if difference or stopped else ""
        decisions = tuple(_as_recorded(records, session.records, asked))
    finally:
        await session.aclose()
    seen = first.policy.as_seen_by if isinstance(first.policy, Noted) else _as_asked
    return Judged(name, decisions, problem, seen)


def compare(judged: Judged, after: Policy, before: Policy | None = None) -> Flips:
    """Every decision of a session under `before` (None: what it was recorded under) and under `after`."""
    if judged.problem:
        return Flips(judged.session, problem=judged.problem)
    flips, moved = [], 0
    for one in judged.decisions:
        old = one.verdict if before is None else before.decide(judged.seen(before, one.question))
        new = after.decide(judged.seen(after, one.question))
        if looser(new, old) or looser(old, new):
            flips.append(Flip(judged.session, one.record, one.turn, one.step, one.question, old, new))
        else:
            moved += old.rule != new.rule
    return Flips(judged.session, len(judged.decisions), tuple(flips), moved)


def _as_recorded(
    records: Sequence[Record], replayed: Sequence[Record], asked: Mapping[int, tuple[Question, Verdict]]
) -> Iterator[Decision]:
    """The verdicts that were reached again as they are in the log, with what was asked."""
    known = {r.event.step: (r.seq, r.event) for r in records if isinstance(r.event, VerdictReached)}
    for record in replayed:
        event = record.event
        if not isinstance(event, VerdictReached) or event.step not in known or id(event.verdict) not in asked:
            continue
        seq, old = known[event.step]
        if (old.effect, old.rule, old.verdict.findings) == (event.effect, event.rule, event.verdict.findings):
            question, verdict = asked[id(event.verdict)]
            yield Decision(seq, event.turn, event.step, question, verdict)


def _noted(contract: Contract, others: Sequence[Policy], asked: dict[int, tuple[Question, Verdict]]) -> Contract:
    return replace(contract, policy=Noted(contract.policy, others, asked))


def session_of(records: Sequence[Record]) -> str:
    """The session a log belongs to: of a fork, its own name."""
    named = [r.event.session for r in records if r.event.kind in ("session_opened", "session_forked")]
    return named[-1] if named else ""
