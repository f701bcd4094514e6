"""Which turns a tape tells life by life, because in a later life something was decided once more than in an earlier one.

Invariant: a turn that was cut off and then only went on is told as if it never had been; two tellings of the same lives
have the same lines in the same order, wherever each life broke off between two things that reach the world.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from math import inf
from typing import Any

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    DaySumsRead,
    Event,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    MemoryWritten,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnResumed,
    VerdictReached,
)
from greenroom.core.values import Json
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.replay.courses import unwaited
from greenroom.engine.replay.lives import by_life
from greenroom.regression.tape.tape import Line, sorted_json
from greenroom.views.people.grants import asking

STOP = ".stop"
"""How the key ends of what is asked about a call that was stopped when it was about to run."""
_ANEW = frozenset({VerdictReached, AutonomyChanged, DaySumsRead, ApprovalRequested, ApprovalGiven, ToolStarted})
_READ = frozenset({AutonomyChanged, DaySumsRead})
EACH = frozenset({AutonomyChanged, DaySumsRead, ApprovalRequested, ApprovalGiven})
"""What is told of each life: it was something else in each, and counted there."""
_REACHING = EACH | {GatePaused, GatePassed, ReplyGenerated, ToolReturned}

_SHOWING = _REACHING - {GatePaused, ApprovalRequested}
"""Whose lines say in which life they were, whatever became of them."""
_CHANGING = frozenset({ApprovalGiven, AutonomyChanged, DaySumsRead, GatePassed, ToolReturned})


@dataclass(frozen=True, slots=True)
class ToldLives:
    """By record number the life it belongs to, in `turns` that are told life by life; by turn and call, in which lives
    the call was started, with what; and the turns in which something else than the calls themselves changed from call to
    call: there it counts which of them waited for a person at a gate, even if they only let it pass. `passed` is by gate
    the life in which a person passed it, `last` by turn the last one that decided anything. `at_once` are answers in them
    that came before anything else could happen beside the question; `kept` are memories, with the life in which each was
    kept where that was not the one in which it was proposed.
    """

    life: Mapping[int, int] = field(default_factory=dict)
    begun: Mapping[tuple[int, str], Sequence[tuple[int, Json]]] = field(default_factory=dict)
    turns: frozenset[int] = frozenset()
    passed: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[int, int] = field(default_factory=dict)
    unsteady: frozenset[int] = frozenset()
    at_once: frozenset[int] = frozenset()
    kept: Mapping[int, int] = field(default_factory=dict)

    def of(self, record: Record) -> int:
        """The life to tell of a record: 1 where it makes no difference."""
        return self.life.get(record.seq, 1) if _of_a_life(record.event) else 1

    def key(self, record: Record) -> tuple[str, str]:
        """What is told once of it is found by."""
        event = record.event
        life = self.life.get(record.seq, 1) if type(event) in EACH else 1
        return event.kind, (event.step or f"t{event.turn}") + (f" {life}" if life > 1 else "")

    def more(self, record: Record) -> Line:
        """What the line of a record says of its time, which a replay takes as it stands."""
        if record.seq in self.at_once:
            return {"at_once": True}
        return {"in": self.kept[record.seq]} if record.seq in self.kept else {}

    def waited(self, event: GatePaused, life: int) -> bool:
        """Whether a life of a turn that is told by life was cut off while it waited at a call's gate, or the turn was given
        up there. What waits at any other gate waits alone, so that it is all one in which life it was passed.
        """
        passed = self.passed.get(event.step, 0)
        return event.turn in self.turns and (passed != life if event.gate == "tool" else not passed)

    def last_of(self, turn: int, told: Sequence[tuple[int, Line]]) -> Line:
        """How many lives a turn had, if no line of it says so: those before waited at a result's gate, or passed it, and in the
        last the turn had been ended beside that already.
        """
        here = [line for _, line in takewhile(lambda one: "turn" not in one[1], reversed(told))]
        waited = any(str(line.get("gate")).startswith("result:") for line in here)
        last = self.last.get(turn, 1)
        return {"lives": last} if waited and last > max(int(line.get("life", 1)) for line in here) else {}

    def starts(self, event: ToolReturned, life: int, *, ran: bool) -> Line:
        """In which lives a call was started, if not just in the one in which it came back from that; and with what, where
        it was something else than the last time.
        """
        begun = self.begun.get((event.turn, event.call), ())
        if not begun or ([life] == [at for at, _ in begun] and ran):
            return {}
        last = begun[-1][1]
        return {"begun": [at if given == last else [at, sorted_json(given)] for at, given in begun]}


def told_lives(records: Sequence[Record], *, replayed: bool) -> ToldLives:
    """The lives to tell: of a replay all that it had, for it had those of its tape."""
    unsteady = frozenset(r.event.turn for r in records if type(r.event) in _CHANGING and _changes(r.event))
    if replayed and not any(type(r.event) is TurnResumed for r in records):
        # Nothing was taken up again, so all of it is of one life.
        return ToldLives(unsteady=unsteady, at_once=_at_once(records, unsteady))
    lives = by_life(records)
    several = {r.event.turn for r in records if lives.get(r.seq, 1) > 1 and _shows(r.event)}
    # Calls whose gates were passed in an earlier life do not wait for one another at them any more.
    passed_at = [r.event for r in records if isinstance(r.event, GatePassed) and r.event.gate == "tool"]
    gated = {event.turn for event in passed_at if event.turn in unsteady or event.action not in ("continue", "step")}
    otherwise = (_decided_anew, _begun_in_vain, _answered_in_vain, _ended_beside)
    turns = several if replayed else several & gated.union(*(found(records, lives) for found in otherwise))
    if not turns:
        return ToldLives(unsteady=unsteady, at_once=_at_once(records, unsteady))
    life = {r.seq: lives[r.seq] for r in records if r.event.turn in turns and r.seq in lives}
    _same_questions(records, life)
    passed = {r.event.step: life[r.seq] for r in records if isinstance(r.event, GatePassed) and r.seq in life}
    begun = _begun(
        (life[r.seq], r.event) for r in records if isinstance(r.event, ToolStarted) and r.event.turn in turns
    )
    last = {r.event.turn: lives[r.seq] for r in records if r.seq in life}
    unsteady |= turns
    return ToldLives(
        life,
        begun,
        frozenset(turns),
        passed,
        last,
        unsteady,
        _at_once(records, unsteady),
        _kept_later(records, life),
    )


def _kept_later(records: Iterable[Record], life: Mapping[int, int]) -> dict[int, int]:
    """The memories that were kept in a later life than the one in which they were proposed."""
    proposed: dict[int, int] = {}
    found: dict[int, int] = {}
    for record in records:
        here = life.get(record.seq, 1)
        if isinstance(record.event, MemoriesProposed):
            proposed.setdefault(record.event.turn, here)
        elif isinstance(record.event, MemoryWritten) and here > proposed.get(record.event.turn, here):
            found[record.seq] = here
    return found


def _at_once(records: Sequence[Record], turns: Container[int]) -> frozenset[int]:
    """The answers in these turns for which nobody was waited for: to a question that was put right before, or to one of an
    earlier life before anything else happened in this one. Of a call that was stopped when it was about to run that need
    not be said.
    """
    found = set[int]()
    for at, record in enumerate(records):
        event = record.event
        if type(event) is ApprovalGiven and event.turn in turns and not event.step.endswith(STOP) and unwaited(event):
            found |= {record.seq} if _put_right_before(records, at) else set()
    return frozenset(found)


def _put_right_before(records: Sequence[Record], at: int) -> bool:
    """Whether the record before an answer is its question, or nothing of a step came since its life began."""
    before = records[at - 1].event if at else None
    if type(before) is ApprovalRequested:
        return before.step == records[at].event.step
    for record in reversed(records[:at]):
        if record.event.step or type(record.event) is TurnResumed:
            return type(record.event) is TurnResumed
    return False


def _of_a_life(event: Event) -> bool:
    """Whether it is told in which life it happened: of gates those at which calls wait for one another, and at which a turn
    is given up beside calls that go on.
    """
    if isinstance(event, GatePassed):
        return event.gate == "tool" or (event.gate == "result" and event.action == "abandon")
    return type(event) in _REACHING


def _shows(event: Event) -> bool:
    return type(event) in _SHOWING and _of_a_life(event)


def _begun(starts: Iterable[tuple[int, ToolStarted]]) -> dict[tuple[int, str], list[tuple[int, Json]]]:
    """By turn and call, in which lives it was started and with what. One that may be repeated is not started again with the
    same: where it was in the log, that had its words once and then their masks, which are one on a tape.
    """
    found: dict[tuple[int, str], list[tuple[int, Json]]] = {}
    for life, event in starts:
        before = found.setdefault((event.turn, event.call), [])
        if not before or event.effects == "once" or before[-1][1] != event.arguments:
            before.append((life, event.arguments))
    return found


def _same_questions(records: Iterable[Record], life: dict[int, int]) -> None:
    """Have a question that a branch put once more, because it is another session, be of the life that put it first; unless
    something else asks it there, or it had been answered, for that answer is none any more.
    """
    put: dict[str, tuple[tuple[Any, ...], int]] = {}
    for record in records:
        event = record.event
        if isinstance(event, ApprovalRequested) and record.seq in life:
            card = event.card
            what = card.call.arguments, card.reason, event.role, card.verdict.effect, asking(card.verdict)
            before = put.get(event.step)
            if before is not None and before[0] == what:
                life[record.seq] = before[1]
            else:
                put[event.step] = what, life[record.seq]
        elif isinstance(event, ApprovalGiven):
            put.pop(event.step, None)


def _changes(event: Event) -> bool:
    """Whether something else than the calls themselves is another from one call on, or a person ended the turn at one, or
    put another call in the place of one: what it was decided with is what those beside it had come to by then.
    """
    match event:
        case GatePassed(gate=gate, action=action):
            return gate == "tool" and action == "edit"
        case ApprovalGiven(decision=decision, step=step):
            return decision == "edit" and "/ask:c" in step
        case AutonomyChanged(step=step):
            return bool(step)
        case DaySumsRead(sums=sums):
            return bool(sums)
        case ToolReturned(error=error):
            return error == STOPPED
        case _:
            return False


def _decided_anew(records: Iterable[Record], lives: Mapping[int, int]) -> set[int]:
    first: dict[tuple[type[Event], str], int] = {}
    begun: dict[tuple[int, str], int] = {}
    decided: dict[str, int] = {}
    found: set[int] = set()
    for record in records:
        event = record.event
        life = lives.get(record.seq, 1)
        if type(event) in _ANEW and event.step:
            again = first.setdefault((type(event), event.step), life) != life
            if again or (type(event) in _READ and _read_anew(event, decided, life)):
                found.add(event.turn)
        if isinstance(event, VerdictReached) and event.hook == "tool.call":
            decided.setdefault(_call_of(event), life)
        if isinstance(event, ApprovalRequested | ToolStarted):
            begun.setdefault((event.turn, event.call), life)
        stepped = isinstance(
            event, GatePassed
        )  # in a later life than the one in which the call was asked about or begun
        if stepped and begun.get((event.turn, event.step.rpartition(":")[2]), life) != life:
            found.add(event.turn)
    return found


def _begun_in_vain(records: Iterable[Record], lives: Mapping[int, int]) -> set[int]:
    """The turns in which a call that had been started was kept from running again in a later life: it counts as made."""
    started: dict[tuple[int, str], int] = {}
    found: set[int] = set()
    for record in records:
        event, life = record.event, lives.get(record.seq, 1)
        if isinstance(event, ToolStarted):
            started[event.turn, event.call] = life
        elif isinstance(event, ToolReturned) and event.status == "denied":
            found |= {event.turn} if started.get((event.turn, event.call), life) < life else set()
    return found


def _answered_in_vain(records: Iterable[Record], lives: Mapping[int, int]) -> set[int]:
    """The turns in which a call had an answer, and in a later life a person ended the turn at one that comes before it: in one
    life it would not have been asked about. Or a stop kept it from running, and it ran in a later life.
    """
    answered: dict[tuple[int, str], int] = {}
    stopped: dict[tuple[int, str], int] = {}
    found: set[int] = set()
    for record in records:
        event, life = record.event, lives.get(record.seq, 1)
        if isinstance(event, ApprovalGiven):
            answered[event.turn, event.call] = life if event.decision != "stop" else sys.maxsize
            if event.step.endswith(STOP) and event.decision != "allow":
                stopped[event.turn, event.call] = life
        elif isinstance(event, ToolStarted):
            found |= {event.turn} if stopped.get((event.turn, event.call), life) < life else set()
        elif isinstance(event, ToolReturned) and event.error == STOPPED:
            found |= {event.turn} if answered.get((event.turn, event.call), life) < life else set()
    return found


def _ended_beside(records: Sequence[Record], lives: Mapping[int, int]) -> set[int]:
    """The turns that a person ended when asked what had come of one call, after another one had been under way beside it in
    an earlier life: in one life, ended at the first, that would never have begun.
    """
    begun: dict[tuple[int, str], int] = {}
    started: dict[tuple[int, str], int] = {}
    back: dict[tuple[int, str], int] = {}
    ended: list[tuple[int, str, int]] = []
    for record in records:
        at, life = record.seq, lives.get(record.seq, 1)
        match record.event:
            case ApprovalGiven(turn=turn, call=call, decision="stop", step=step) if step.endswith(UNKNOWN):
                ended.append((turn, call, life))
            case ApprovalRequested(turn=turn, call=call) | ToolStarted(turn=turn, call=call) as event:
                begun.setdefault((turn, call), life)
                if isinstance(event, ToolStarted):
                    started.setdefault((turn, call), at)
            case ToolReturned(turn=turn, call=call):
                back[turn, call] = at
            case _:
                pass
    return {
        turn
        for turn, call, life in ended
        for (of, other), first in begun.items()
        if of == turn and other != call and first < life and back.get((of, other), inf) > started.get((turn, call), inf)
    }


def _read_anew(event: Event, decided: Mapping[str, int], life: int) -> bool:
    """Whether a level or a day's sums came to be known for a call in a later life than the one that decided about it: the
    calls beside it were decided without them there, and would not be if it had been one life.
    """
    return UNKNOWN in event.step or decided.get(_call_of(event), life) != life


def _call_of(event: Event) -> str:
    """The turn and the call that a step is about, whatever round of it."""
    return f"{event.turn} {event.step.rpartition(':')[2].partition('.')[0]}"
