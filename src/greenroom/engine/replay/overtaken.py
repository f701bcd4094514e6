"""What a life of a turn decided that counts no more, because a later one was answered or decided otherwise.

Invariant: whether it came to that before it was cut off is a matter of milliseconds, so neither a log nor a tape compares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from greenroom.core.events import (
    ApprovalGiven,
    Event,
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
_EDITED = re.compile(r"\.\d+\Z")
"""The end of one about what an answer had changed already."""
_GATE = re.compile(r"(t\d+)/gate:tool:(c\d+)")
_READ = {ApprovalGiven, VerdictReached, GatePassed, ToolStarted, ToolReturned, TurnResumed}
Round = tuple[str, str, int]


def overtaken(records: Iterable[Record]) -> set[str]:
    """The verdicts that count no more, by step."""
    records = tuple(records)
    read = [record for record in records if type(record.event) in _READ]
    steps = [one.event.step for one in read if type(one.event) is VerdictReached]
    found = _edits_no_more(read) if any(map(_EDITED.search, steps)) else set[str]()
    if any(step.endswith(".stop") for step in steps):
        found |= _stops_unasked(read)
    if any(step.endswith(".start") for step in steps):
        found |= _starts_put_off(records)
    return found


class _Edits:
    """Edits of calls and words that are none any more: the question before it was put once more and got another answer; or
    it was not put again because the call may not run, or runs unasked, was not left as it was at its gate, or a person had
    ended the turn before that was answered which it was edited to.
    """

    def __init__(self) -> None:
        self.decided: dict[str, Round] = {}
        self._edited: dict[Round, bool] = {}
        self._denied: set[Round] = set()
        self._unanswered: dict[Round, int] = {}
        self._life = 0

    def take(self, event: Event) -> None:
        """Something happened."""
        match event:
            case ApprovalGiven(step=step, decision=decision) if (found := _round(step)) is not None:
                self._edited[found] = decision == "edit"
                self._denied.discard(found)
                self._unanswered[found] = self._life
                self._unanswered.pop((*found[:2], found[2] - 1), None)
            case VerdictReached(step=step, effect=effect) if (found := _round(step)) is not None:
                self.decided[step] = found
                (self._denied.add if effect == "deny" else self._denied.discard)(found)
            case GatePassed(step=step, action="edit" | "simulate" | "skip") if gate := _GATE.fullmatch(step):
                self._edited |= {one: False for one in self._edited if one[:2] == gate.groups()}
            case ToolReturned(turn=turn, call=call, error=error) if error == STOPPED:
                self._left_behind(turn, call)
            case ToolStarted(turn=turn, call=call):
                self._left_behind(turn, call)
            case TurnResumed():
                self._life += 1
            case _:
                pass

    def _left_behind(self, turn: int, call: str) -> None:
        """A call goes on, and nobody answered about what it had been edited to in an earlier life."""
        of = f"t{turn}", call
        self._edited |= {one: False for one, at in self._unanswered.items() if one[:2] == of and at < self._life}

    @property
    def no_more(self) -> set[Round]:
        """The questions that were answered by an edit which is none any more, or not by one."""
        return {one for one, is_edit in self._edited.items() if not is_edit or one in self._denied}


def _edits_no_more(records: Iterable[Record]) -> set[str]:
    """On calls and words as they were edited, when that or an edit before it is none any more."""
    edits = _Edits()
    for record in records:
        edits.take(record.event)
    no_more = edits.no_more
    return {
        step
        for step, (turn, call, times) in edits.decided.items()
        if any((turn, call, before) in no_more for before in range(times))
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
    later one looks again. So it may have been where a person let a call run once more, and it did not in that life.
    """
    lives = by_life(records)
    decided: dict[str, int] = {}
    found: set[str] = set()
    for record in records:
        life = lives.get(record.seq, 1)
        match record.event:
            case VerdictReached(step=step) if _START.fullmatch(step):
                decided[step] = life
                found.add(step)
            case ApprovalGiven(turn=turn, call=call, decision="allow"):
                found |= {f"t{turn}/verdict:tool.call:{call}.start"} & decided.keys()
            case ToolStarted(step=step) | ToolReturned(step=step):
                key = f"{step.replace('/tool:', '/verdict:tool.call:')}.start"
                if decided.get(key) == life:
                    found.discard(key)
            case _:
                pass
    return found


def _round(step: str) -> Round | None:
    """The turn, the call or hook and how often it had been edited when asked about; an edit at its gate is none of these."""
    if (found := _ROUND.fullmatch(step)) is None:
        return None
    edits = found[3] or ""
    return found[1], found[2], int(edits) if edits.isdigit() else 0
