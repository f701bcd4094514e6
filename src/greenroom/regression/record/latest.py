"""Which of a session's records a tape tells: of each step the last, of turns that ended, and what of them matters.

Invariant: what a crash, a cancel or another answer made come again is told once, as it came to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AutonomyChanged,
    ContextSelected,
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
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)
from greenroom.engine.calls.rounds import UNKNOWN
from greenroom.engine.replay.overtaken import overtaken
from greenroom.engine.standing import set_between_turns
from greenroom.regression.record.lives import ToldLives

POLICY = "policy:"
TOLD = {
    GatePaused,
    TurnStarted,
    AutonomyChanged,
    DaySumsRead,
    GatePassed,
    MemoriesRecalled,
    PassagesRetrieved,
    ContextSelected,
    VerdictReached,
    ReplyGenerated,
    ApprovalRequested,
    ApprovalGiven,
    ToolStarted,
    ToolReturned,
    ReplyReleased,
    MemoriesProposed,
    MemoryWritten,
    TurnFinished,
    TurnAbandoned,
}
_EVENT = attrgetter("event")
_ENDINGS = {TurnFinished, TurnAbandoned}
_RUN_OR_REFUSED = {ToolStarted, ApprovalGiven, ToolReturned}


def _events(records: Iterable[Record]) -> Iterator[Event]:
    return map(_EVENT, records)


def latest(records: Sequence[Record], lives: ToldLives, *, open_too: bool) -> list[Record]:
    """One record a step: where one was decided anew, the last one in the place of the first."""
    kinds = set(map(type, _events(records)))
    between = set_between_turns(records) if AutonomyChanged in kinds else frozenset[int]()
    found: dict[tuple[str, str], Record] = {}
    for record in _given_up_first(records, between) if between else records:
        event = record.event
        if type(event) is AutonomyChanged and not event.step:
            if record.seq in between:
                found[event.kind, f"between {record.seq}"] = record
        elif type(event) in TOLD:
            found[lives.key(record)] = record
    answered = {r.event.step for r in found.values() if type(r.event) is ApprovalGiven}
    ended = {r.event.turn for r in found.values() if type(r.event) in _ENDINGS}
    no_more = overtaken(records) | (_open_to_change(records) if TurnAbandoned in kinds else set())
    kept = [r for r in found.values() if not _overtaken(r.event, ended, answered) and r.event.step not in no_more]
    if open_too:
        return kept
    return [r for r in kept if r.event.turn in ended or (isinstance(r.event, AutonomyChanged) and not r.event.step)]


def _given_up_first(records: Sequence[Record], between: frozenset[int]) -> Iterator[Record]:
    """The records, but what was set while a turn rested that was then given up after its end, for there it counts."""
    inside, set_meanwhile = False, list[Record]()
    for record in records:
        inside = (inside or isinstance(record.event, TurnStarted)) and not isinstance(record.event, TurnFinished)
        if inside and record.seq in between:
            set_meanwhile.append(record)
            continue
        yield record
        if isinstance(record.event, TurnAbandoned):
            yield from set_meanwhile
            inside, set_meanwhile = False, []


def _open_to_change(records: Iterable[Record]) -> set[str]:
    """The verdicts, by step, on calls of turns that were given up which had come to no result when a level or a day's sums
    came to be known: whether the turn was given up before they were decided anew is a matter of milliseconds.
    """
    found, open_ = set[str](), dict[str, str]()
    before = set[str]()
    for event in _events(records):
        match event:
            case TurnStarted():
                open_, before = {}, set()
            case VerdictReached(step=step, hook="tool.call"):
                open_[step] = step.rpartition(":")[2].partition(".")[0]
                before.discard(step)
            case AutonomyChanged(step=step) | DaySumsRead(step=step) if step:
                before = {*open_}
            case ToolReturned(call=call):
                open_ = {step: one for step, one in open_.items() if one != call}
                before &= open_.keys()
            case TurnAbandoned():
                found |= before
            case _:
                pass
    return found


def _overtaken(event: Event, ended: set[int], answered: set[str]) -> bool:
    """Whether this is a question that nobody answered before its turn ended for another reason."""
    return type(event) is ApprovalRequested and event.turn in ended and event.step not in answered


def chosen(records: Iterable[Record]) -> dict[int, set[str]]:
    """By turn, the passages that reached the prompt or that a verdict kept out of it."""
    return {
        event.turn: {*event.passages, *(key for key, why in event.dropped.items() if why.startswith(POLICY))}
        for event in _events(records)
        if type(event) is ContextSelected
    }


def timed(records: Iterable[Record]) -> set[int]:
    """The turns that ran out of time: there alone, how long each step took is part of what happened."""
    return {
        event.turn
        for event in _events(records)
        if type(event) is ReplyReleased and event.changed and "limits.seconds" in event.text
    }


def ran(records: Iterable[Record]) -> set[tuple[int, str]]:
    """The calls, by turn and call, whose result is that of a run: one that a person refused after a crash is not, unless
    they let it run after all.
    """
    started: dict[tuple[int, str], int] = {}
    refused: dict[tuple[int, str], int] = {}
    for record in (one for one in records if type(one.event) in _RUN_OR_REFUSED):
        match record.event:
            case ToolStarted(turn=turn, call=call):
                started[turn, call] = record.seq
            case ApprovalGiven(turn=turn, call=call, decision="deny" | "stop" | "simulate", step=step):
                if not step.endswith(UNKNOWN):
                    refused[turn, call] = record.seq
            case ToolReturned(
                turn=turn, call=call, simulated=False, status="done" | "failed" | "timed_out" | "unknown"
            ):
                refused.pop((turn, call), None)
            case ApprovalGiven(turn=turn, call=call, decision="allow", step=step) if not step.endswith(".stop"):
                refused.pop((turn, call), None)
            case _:
                pass
    return {key for key, seq in started.items() if refused.get(key, -1) < seq}
