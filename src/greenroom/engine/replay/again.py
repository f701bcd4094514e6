"""Running a recorded session again with nothing outside: the log answers for the world, everything else is real.

Invariant: with nothing changed a replay writes the same events; with something changed the first difference is named.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from greenroom.approval.automatic import RERUN
from greenroom.core.errors import Divergence, GreenroomError
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContextSelected,
    ContractLoaded,
    DaySumsRead,
    Event,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ReplyReleased,
    RerunStarted,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VariantChosen,
    VerdictReached,
)
from greenroom.core.messages import Message
from greenroom.core.values import Memory, Verdict
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.contract import Contract
from greenroom.engine.replay.lives import ByLife, LifeOver, Lives, by_life, given_up, judging, turn_of, words_judged
from greenroom.engine.replay.overtaken import overtaken
from greenroom.engine.session import Session
from greenroom.engine.standing import own_level_again, set_between_turns
from greenroom.engine.steps import same_inputs

CLOSED: frozenset[type[Event]] = frozenset(
    {MemoriesRecalled, PassagesRetrieved, ReplyGenerated, ToolReturned, ApprovalGiven, MemoryWritten, MemoriesProposed}
)
"""Steps that reach the world: in a replay they are answered by the recording or not at all."""

ANSWERED = CLOSED | {ToolStarted, GatePaused, GatePassed, DaySumsRead, AutonomyChanged}
REACHING = CLOSED | {ToolStarted, VerdictReached}
"""Of these, what happened in an earlier life answers too, should the replay not have come to it there."""
_INTERVENTIONS: frozenset[type[Event]] = frozenset({ApprovalGiven, GatePassed, AutonomyChanged, DaySumsRead})
_DECIDED = ApprovalRequested | ContextSelected | ReplyReleased | VerdictReached
"""What a life may have been cut off before, though it is no answer."""
_VOLATILE = {
    "inputs",
    "milliseconds",
    "first_token_milliseconds",
    "idempotency_key",
    "binds",
    "deadline",
    "policy_digest",
    "provenance",
    "moment",
}
_COMPARED_BY_CONTENT = frozenset(
    {
        "turn_started",
        "verdict_reached",
        "context_selected",
        "reply_generated",
        "approval_requested",
        "approval_given",
        "gate_passed",
        "tool_started",
        "tool_returned",
        "reply_released",
        "memory_written",
        "turn_finished",
    }
)


class LogRecording(ByLife):
    """A session's own log as the answers to its replay. Matched by step and inputs, never by position.

    Of a turn that was cut off and taken up again, each life is answered with what it came to.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._lives: Lives[Record] = Lives()
        records = tuple(records)
        asked = (r.event for r in records if isinstance(r.event, ApprovalRequested))
        self._reruns = frozenset(event.step for event in asked if event.card.reason == RERUN)
        self._given_up = {r.event.turn for r in records if isinstance(r.event, TurnAbandoned)}
        for turn in self._given_up:
            self._lives.give_up(turn)
        lives = by_life(records)
        self._masked: dict[tuple[str, int], list[Verdict]] = {}
        for record in records:
            if isinstance(record.event, VerdictReached) and record.event.verdict.payload is not None:
                self._masked.setdefault((record.event.step, lives.get(record.seq, 1)), []).append(record.event.verdict)
            if record.seq in lives:
                self._lives.lived(record.event.turn, lives[record.seq])
            if isinstance(record.event, GatePassed) and record.event.action == "abandon":
                self._lives.leave(record.event.turn, lives.get(record.seq, 1))
            if record.event.step and _answers(record.event):
                self._lives.put(type(record.event), record.event.step, lives.get(record.seq, 1), record)

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        record = self._lives.take(kind, step)
        if record is None and kind in REACHING:
            self.must_come(kind, step)
            record = self._lives.latest(kind, step)
        if record is None:
            if kind in CLOSED:
                raise Divergence(f"{step} is not in the recording", step=step)
            return None
        if inputs is not None and not same_inputs(record, inputs):
            raise Divergence(f"{step} was recorded with other inputs", step=step)
        return record.event

    def judged(self, turn: int, memory: Memory) -> str | None:
        record = self._lives.here(VerdictReached, judging(turn, memory))
        return None if record is None else next(words_judged(record), None)

    def masked(self, step: str) -> Iterable[Verdict]:
        return self._masked.get((step, self._lives.now(turn_of(step))), ())

    def composed(self, step: str, messages: Sequence[Message]) -> None:
        pass  # what is sent has the masks that it had

    def holds(self, kind: type[Event], step: str) -> bool:
        if kind is ApprovalRequested:
            return step in self._reruns
        if kind is ToolReturned or kind is ToolStarted:
            record = self._lives.latest(ToolReturned, step)
            if record is None:
                return False
            if kind is ToolStarted:
                return self._lives.latest(ToolStarted, step) is None
            if not isinstance(record.event, ToolReturned) or record.event.error != STOPPED:
                return False
            here = self._lives.here(ToolReturned, step)  # where it had been started before, it is so in that life only
            return self._lives.latest(ToolStarted, step) is None or (here is not None and not self._starts_here(step))
        if kind is GatePaused:
            return self._lives.ended(step) and self._lives.here(kind, step) is not None
        put = (
            kind is ApprovalGiven and self._lives.ended(step) and self._lives.here(ApprovalRequested, step) is not None
        )
        return put or (kind in _INTERVENTIONS and self._lives.here(kind, step) is not None)

    def _starts_here(self, step: str) -> bool:
        return self._lives.here(ToolStarted, step) is not None

    def anew(self, kind: type[Event], step: str) -> bool:
        return self._lives.anew(kind, step)

    def unasked(self, step: str, asked: str) -> bool:
        ended = self._lives.here(ToolReturned, step)
        stopped = ended is not None and isinstance(ended.event, ToolReturned) and ended.event.error == STOPPED
        return stopped and self._lives.left(turn_of(step)) and not self.anew(ApprovalGiven, asked)

    def comes_to(self, step: str) -> bool:
        return True  # what was decided in which life is in its records

    def at_once(self, step: str) -> bool:
        return False  # what governs its replay says so, by the order of its events

    def must_come(self, kind: type[Event], step: str, after: int = -1) -> None:
        if kind is TurnFinished:
            if not self._lives.in_last(turn_of(step)):
                raise LifeOver(step, self)
            if turn_of(step) in self._given_up:
                raise given_up(step)
            return
        here = self._lives.here(kind, step)
        come = here is not None and here.seq > after and (kind is not VerdictReached or self._lives.come(kind, step))
        if self._lives.ended(step) and not come:
            raise LifeOver(step, self)

    @property
    def resumes(self) -> bool:
        return self._lives.any_several()

    def next_life(self, turn: int) -> bool:
        return self._lives.next_life(turn)


def _answers(event: Event) -> bool:
    return type(event) in ANSWERED or isinstance(event, _DECIDED)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay went. `difference` is '' when it wrote the same events."""

    turns: int
    events: int
    step: str = ""
    difference: str = ""

    @property
    def same(self) -> bool:
        return not self.difference


async def replay(
    session: Session, recorded: Sequence[Record], contracts: Mapping[int, Contract] | None = None
) -> Replayed:
    """Say everything again in `session` (built on a `LogRecording` of `recorded`) and compare the logs.

    `contracts` are those of the log's `ContractLoaded` records by number, for a session whose contract changed: each
    counts from where it did.
    """
    ended = {r.event.turn for r in recorded if isinstance(r.event, TurnFinished)}
    problem = await say_again(session, recorded, contracts or {}, ended)
    step, difference = first_difference(recorded, session.records)
    if problem is not None:
        where = problem.step if isinstance(problem, Divergence) else step
        difference = f"{problem.message}{chr(10) if difference else ''}{difference}"
        step = where or step
    turns = sum(isinstance(r.event, TurnStarted) for r in recorded)
    return Replayed(turns, len(session.records), step, difference)


async def say_again(
    session: Session, recorded: Sequence[Record], contracts: Mapping[int, Contract], ended: Container[int]
) -> GreenroomError | None:
    """What was said and set, in order, each under what governed it then.

    Returns what kept a turn from its end that is in `ended`; nothing is said after that.
    """
    given_up = {r.event.turn for r in recorded if isinstance(r.event, TurnAbandoned)}
    between, forked = set_between_turns(recorded), own_level_again(recorded)
    governing, inside = session.contract, False
    stop = session.govern_again(recorded, contracts)
    try:
        for record in recorded:
            match record.event:
                case ContractLoaded():
                    governing = contracts.get(record.seq, governing)
                case AutonomyChanged() as event if record.seq in between:
                    if not inside:
                        _govern_by(session, governing)
                    session.repeat(event)
                case RerunStarted() | VariantChosen() as event:
                    session.repeat(event)
                case TurnStarted() as event:
                    inside = True
                    _govern_by(session, governing)
                    if (problem := await _turn_again(session, event, given_up)) is not None and event.turn in ended:
                        return problem
                case TurnFinished() | TurnAbandoned():
                    inside = False
                case _:
                    pass
            if record.seq in forked:
                session.repeat(AutonomyChanged(level=session.contract.persona.policy.autonomy))
    finally:
        stop()
    return None


async def _turn_again(session: Session, begun: TurnStarted, given_up: Container[int]) -> GreenroomError | None:
    """The turn said again; returns what kept it from its end."""
    try:
        await live_again(session, begun.words, begun.origin)
    except GreenroomError as error:
        if begun.turn in given_up:
            session.abandon("as recorded")
        return error
    return None


def _govern_by(session: Session, contract: Contract) -> None:
    """Between two turns: have a contract count, and its level, if it does not yet; a level that is set then is after it."""
    if contract is not session.contract:
        session.reload(contract)


async def live_again(session: Session, words: str, origin: str) -> TurnFinished | None:
    """In a replay: a turn from its start to its end, through all its lives.

    Raises as `Session.turn`, and:
        LifeOver: the turn was given up here.
    """
    try:
        return await session.turn(words, origin=origin)
    except LifeOver as cut:
        over = cut
    while over.go_on():
        try:
            return await session.resume()
        except LifeOver as cut:
            over = cut
    raise over


def first_difference(recorded: Sequence[Record], replayed: Sequence[Record]) -> tuple[str, str]:
    """The step and a short diff of the first event that differs; ('', '') if none does.

    A turn that was cut off is not compared: it may have been so close before its end that a replay comes to it.
    """
    cut_off = _unfinished(recorded)
    old, new = _comparable(recorded, cut_off), _comparable(replayed, cut_off | _unfinished(replayed))
    order = [*old, *(key for key in new if key not in old)]
    for key in order:
        if old.get(key) != new.get(key):
            return key.split(" ", 1)[0], _diff(old.get(key), new.get(key))
    return "", ""


def _comparable(records: Sequence[Record], unfinished: Container[int]) -> dict[str, Any]:
    """Each event that counts, by step and kind (the last one where a step was decided anew), without what varies."""
    answered = {r.event.step for r in records if isinstance(r.event, ApprovalGiven)}
    no_more = overtaken(records)
    return {
        f"{r.event.step or f't{r.event.turn}'} {r.event.kind}": _without_volatile(_told(r.event))
        for r in records
        if r.event.kind in _COMPARED_BY_CONTENT
        and r.event.turn not in unfinished
        and not r.event.step.endswith(UNKNOWN)  # about a crash, which a replay does not have
        and (not isinstance(r.event, ApprovalRequested) or r.event.step in answered)  # else it became void
        and r.event.step not in no_more
    }


def _told(event: Event) -> dict[str, Any]:
    """An event as it is compared. What a verdict about a result says of the level is left out: no rule reads it there
    (see `Room.judge`), and whether a level changed before a call beside it came back is a matter of milliseconds.
    """
    told = event.model_dump(mode="json")
    if isinstance(event, VerdictReached) and event.hook != "tool.call":
        del told["verdict"]["autonomy"]
    return told


def _unfinished(records: Sequence[Record]) -> set[int]:
    started = {r.event.turn for r in records if isinstance(r.event, TurnStarted)}
    return started - {r.event.turn for r in records if isinstance(r.event, TurnFinished)}


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_volatile(item) for key, item in value.items() if key not in _VOLATILE}
        return {**kept, "clauses": _bare(kept["clauses"])} if "clauses" in kept else kept
    if isinstance(value, list):
        return [_without_volatile(item) for item in value]
    return value


def _bare(clauses: Any) -> Any:
    """Clauses without their live values: which of them are worth telling differs between versions, what held does not."""
    if not isinstance(clauses, list):
        return clauses
    return [{k: v for k, v in one.items() if k != "values"} if isinstance(one, dict) else one for one in clauses]


def _diff(old: Any, new: Any) -> str:
    before, after = (json.dumps(v, indent=1, ensure_ascii=False, sort_keys=True).splitlines() for v in (old, new))
    lines = list(unified_diff(before, after, "recorded", "replayed", n=1, lineterm=""))[:40]
    return "\n".join(lines)
