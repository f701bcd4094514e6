"""How tired a person's answers look: how many, how fast, how often yes.

Invariant: only what a person decided counts; a deadline, a rule, leave given before or the kill switch is nobody's haste.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median

from greenroom.core.clock import parse_stamp
from greenroom.core.events import ApprovalGiven, ApprovalRequested, Record
from greenroom.views.fold import told_by

FAST_SECONDS = 3.0
ENOUGH = 8
"""Fewer answers than these say nothing."""

LONG_STREAK = 20
NOT_BY_LOOKING = ("policy ", "grant ", "kill switch", "command line")
"""How the beginnings of `established` say that nobody looked at a card."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a person: when (a stamp), how long after the question (seconds), and whether it let the call run."""

    at: str
    seconds: float
    allowed: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """A session's answers, oldest first; `asked` are the questions still open, as step and stamp."""

    given: tuple[Answered, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()


EMPTY = Answers()


@dataclass(frozen=True, slots=True)
class Fatigue:
    """The meter. `per_hour` is the most answers within any 60 minutes; shares are 0..1; `warning` is '' when all is well."""

    answers: int = 0
    per_hour: int = 0
    median_seconds: float = 0.0
    fast_share: float = 0.0
    allowed_share: float = 0.0
    longest_streak: int = 0
    warning: str = ""


@told_by(ApprovalGiven, ApprovalRequested)
def fold(state: Answers, record: Record) -> Answers:
    match record.event:
        case ApprovalRequested(step=step):
            return replace(state, asked=(*_others(state, step), (step, record.at)))
        case ApprovalGiven(step=step) as event:
            at = next((at for asked, at in state.asked if asked == step), None)
            state = replace(state, asked=_others(state, step))
            if at is None or not by_a_person(event):
                return state
            took = (parse_stamp(record.at) - parse_stamp(at)).total_seconds()
            answer = Answered(record.at, max(0.0, took), event.decision == "allow")
            return replace(state, given=(*state.given, answer))
        case _:
            return state


def by_a_person(event: ApprovalGiven) -> bool:
    """Whether somebody looked at a card and decided."""
    return not event.established.startswith(NOT_BY_LOOKING)


def measure(answers: Sequence[Answered], since: str = "") -> Fatigue:
    """The meter over answers in any order, those before `since` (a stamp) left out."""
    kept = sorted((one for one in answers if one.at >= since), key=lambda one: one.at)
    if not kept:
        return Fatigue()
    found = Fatigue(
        answers=len(kept),
        per_hour=_most_in_an_hour(kept),
        median_seconds=median(one.seconds for one in kept),
        fast_share=sum(one.allowed and one.seconds < FAST_SECONDS for one in kept) / len(kept),
        allowed_share=sum(one.allowed for one in kept) / len(kept),
        longest_streak=_longest_streak(kept),
    )
    return replace(found, warning=_warning(found))


def _others(state: Answers, step: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in state.asked if pair[0] != step)


def _most_in_an_hour(answers: Sequence[Answered]) -> int:
    moments = [parse_stamp(one.at) for one in answers]
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] > timedelta(hours=1):
            first += 1
        most = max(most, last - first + 1)
    return most


def _longest_streak(answers: Sequence[Answered]) -> int:
    longest = now = 0
    for one in answers:
        now = now + 1 if one.allowed else 0
        longest = max(longest, now)
    return longest


def _warning(meter: Fatigue) -> str:
    """One line where answers look given without reading."""
    if meter.answers < ENOUGH:
        return ""
    if meter.fast_share >= 0.5:
        return f"{meter.fast_share:.0%} of {meter.answers} answers were a yes in under {FAST_SECONDS:.0f} s"
    if meter.longest_streak >= LONG_STREAK and meter.median_seconds < 2 * FAST_SECONDS:
        return f"{meter.longest_streak} times yes in a row, half of them within {meter.median_seconds:.0f} s"
    return ""
