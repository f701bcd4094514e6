"""What a life of a turn decided that counts no more, because a later one was answered or decided otherwise.

Invariant: whether it came to that before it was cut off is a matter of milliseconds, so neither a log nor a tape compares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    Record,
    ToolReturned,
    ToolStarted,
    TurnResumed,
    VerdictReached,
)
from greenroom.engine.calls.results import STOPPED
from greenroom.engine.replay.lives import by_life

_ROUND = re.compile(r"(t\d+)/(?:ask:|verdict:tool\.call:|verdict:)(c\d+|input|output)(?:\.(\d+|gate))?")
"""A question or verdict about a call or words: as they came or as they were edited at a gate, or after so many edits more."""
_STOP = re.compile(r"t\d+/(?:ask|verdict:tool\.call):c\d+\.stop")
"""The same about a call that was stopped when it was about to run."""
_START = re.compile(r"t\d+/verdict:tool\.call:c\d+\.start")
_GATE = re.compile(r"(t\d+)/gate:tool:(c\d+)")
_READ = {ApprovalGiven, ApprovalRequested, VerdictReached, GatePassed, ToolReturned, TurnResumed}
Round = tuple[str, str, int]


def overtaken(records: Iterable[Record]) -> set[str]:
    """The verdicts that count no more, by step."""
    records = tuple(records)
    read = [record for record in records if type(record.event) in _READ]
    return (
        _edits_no_more(read)
        | _stops_unasked(read)
        | (_starts_put_off(records) if any(one.event.step.endswith(".start") for one in read) else set())
    )


def _edits_no_more(records: Iterable[Record]) -> set[str]:
    """On calls and words as they were edited when the edit, or one before it, is none any more: the question before it was
    put once more and got another answer; or it was not put again because the call may not run, was not left as it was at
    its gate, or a person had ended the turn before that was asked about which it was edited to.
    """
    edited: dict[Round, bool] = {}
    decided: dict[str, Round] = {}
    unasked: dict[Round, int] = {}
    life = 0
    for record in records:
        match record.event:
            case ApprovalGiven(step=step, decision=decision) if (found := _round(step)) is not None:
                edited[found] = decision == "edit"
                unasked[found] = life
            case ApprovalRequested(step=step) if (found := _round(step)) is not None:
                unasked.pop((*found[:2], found[2] - 1), None)
            case VerdictReached(step=step, effect=effect) if (found := _round(step)) is not None:
                decided[step] = found
                if effect == "deny" and found in edited:
                    edited[found] = False
            case GatePassed(step=step, action="edit" | "simulate" | "skip") if gate := _GATE.fullmatch(step):
                edited |= {one: False for one in edited if one[:2] == gate.groups()}
            case ToolReturned(turn=turn, call=call, error=error) if error == STOPPED:
                waited = [one for one, when in unasked.items() if one[:2] == (f"t{turn}", call) and when < life]
                edited |= dict.fromkeys(waited, False)
            case TurnResumed():
                life += 1
            case _:
                pass
    return {
        step
        for step, (turn, call, edits) in decided.items()
        if not all(edited.get((turn, call, before), True) for before in range(edits))
    }


def _stops_unasked(records: Iterable[Record]) -> set[str]:
    """On calls that were stopped where nobody said so: their life was cut off there, and in the next one it was lifted."""
    steps = {
        kind: {r.event.step for r in records if type(r.event) is kind and _STOP.fullmatch(r.event.step)}
        for kind in (VerdictReached, ApprovalGiven)
    }
    answered = {step.replace("/ask:", "/verdict:tool.call:") for step in steps[ApprovalGiven]}
    return steps[VerdictReached] - answered


def _starts_put_off(records: Sequence[Record]) -> set[str]:
    """On calls right before they were to start that did not, for their life was cut off there: whoever starts them in a
    later one looks again.
    """
    lives = by_life(records)
    found: dict[str, int] = {}
    for record in records:
        match record.event:
            case VerdictReached(step=step) if _START.fullmatch(step):
                found[step] = lives.get(record.seq, 1)
            case ToolStarted(step=step) | ToolReturned(step=step):
                key = f"{step.replace('/tool:', '/verdict:tool.call:')}.start"
                if found.get(key) == lives.get(record.seq, 1):
                    del found[key]
            case _:
                pass
    return set(found)


def _round(step: str) -> Round | None:
    """The turn, the call or hook and how often it had been edited when asked about; an edit at its gate is none of these."""
    if (found := _ROUND.fullmatch(step)) is None:
        return None
    edits = found[3] or ""
    return found[1], found[2], int(edits) if edits.isdigit() else 0
