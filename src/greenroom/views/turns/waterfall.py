"""Where the time of a turn went: each step as a stretch of the turn's duration, concurrent ones side by side.

Invariant: times come from the stamps in the log and from what a model or tool took; time in which nobody worked on the
turn (it was interrupted and taken up later) is left out of the line and said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from greenroom.core.clock import parse_stamp
from greenroom.core.durations import short_time
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    AttemptFailed,
    GatePassed,
    GatePaused,
    MemoriesProposed,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
    VerdictReached,
)

Look = Literal["work", "first", "person", "tick"]
"""Work; a model before its first words; waiting for a person; a verdict."""
Step = Literal["recall", "retrieve", "generate", "tool", "gate", "question", "attempt", "remember", "policy"]
SIGNS: dict[Look, str] = {"work": "━", "first": "─", "person": "╌", "tick": "•"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From and to, in microseconds since the turn began."""

    start: int
    end: int
    look: Look = "work"


@dataclass(frozen=True, slots=True)
class Bar:
    """One step. `seq` is the record it ended with, `status` how it went where that is not well, `note` what more to say."""

    step: Step
    label: str
    stretches: tuple[Stretch, ...]
    seq: int
    status: str = ""
    note: str = ""

    @property
    def start(self) -> int:
        return self.stretches[0].start

    @property
    def took(self) -> int:
        """Milliseconds from its beginning to its end; of verdicts, all of them together."""
        if self.step == "policy":
            return round(sum(one.end - one.start for one in self.stretches) / 1000)
        return round((self.stretches[-1].end - self.start) / 1000)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A turn's steps in the order in which they began, verdicts last. `duration` in microseconds, `away` in milliseconds."""

    turn: int = 0
    duration: int = 0
    bars: tuple[Bar, ...] = ()
    away: int = 0
    words: str = ""


@dataclass
class _Growing:
    """What the records so far say."""

    begun: str
    last: int = 0
    away: int = 0
    bars: list[Bar] = field(default_factory=list)
    verdicts: list[Stretch] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    verdict_seq: int = 0
    open: dict[str, tuple[Step, str, list[Stretch], int, Look]] = field(default_factory=dict)
    """Steps that have begun, by key: what they are, what is over of them, and since when they are at what."""


def waterfall(records: Sequence[Record]) -> Waterfall:
    """The waterfall of one turn's records; what comes after its end is not of it."""
    first = next((place for place, one in enumerate(records) if isinstance(one.event, TurnStarted)), None)
    if first is None:
        return Waterfall()
    begun = records[first]
    state = _Growing(begun.at)
    for record in records[first:]:
        now = _moment(record, state)
        if isinstance(record.event, TurnResumed | TurnAbandoned):
            state.away += now - state.last
            now = state.last
        _take(state, record, now)
        state.last = now
        if isinstance(record.event, TurnFinished | TurnAbandoned):
            break
    assert isinstance(begun.event, TurnStarted)
    bars = sorted([*state.bars, *_still(state)], key=lambda bar: (bar.start, bar.seq))
    return Waterfall(
        begun.event.turn, state.last, (*bars, *_policy(state)), round(state.away / 1000), begun.event.words
    )


def _moment(record: Record, state: _Growing) -> int:
    """Microseconds since the turn began, those left out not counted; a clock that was set back stands still."""
    passed = parse_stamp(record.at) - parse_stamp(state.begun)
    return max(round(passed.total_seconds() * 1_000_000) - state.away, state.last)


def _take(state: _Growing, record: Record, now: int) -> None:
    match record.event:
        case MemoriesRecalled(memories=found):
            _add(state, record, now, "recall", "recall", f"{len(found)} recalled")
        case PassagesRetrieved(candidates=found):
            _add(state, record, now, "retrieve", "retrieve", f"{len(found)} candidates")
        case ReplyGenerated() as event:
            state.bars.append(_generated(state, record, event, now))
        case AttemptFailed(attempt=attempt, problem=problem):
            _add(state, record, now, "attempt", f"attempt {attempt}", problem, status="failed")
        case MemoriesProposed(memories=proposed):
            _add(state, record, now, "remember", "remember", f"{len(proposed)} proposed")
        case VerdictReached(effect=effect):
            state.verdicts.append(Stretch(state.last, now, "tick"))
            state.effects.append(effect)
            state.verdict_seq = record.seq
        case _:
            _of_call(state, record, now)


def _of_call(state: _Growing, record: Record, now: int) -> None:
    match record.event:
        case ApprovalRequested(call=call, tool=tool, hook=hook, step=step):
            about = hook in ("tool.call", "tool.result")
            _begin(
                state, call if about else step, "tool" if about else "question", tool if about else hook, now, "person"
            )
        case ApprovalGiven(call=call, step=step, decision=decision):
            key = call if call in state.open else step
            _pause(state, key, now)
            if key == step:
                _end(state, key, record, now, status="" if decision == "allow" else decision)
        case ToolStarted(call=call, tool=tool):
            _begin(state, call, "tool", tool, now, "work")
        case ToolReturned(call=call, tool=tool, status=status, simulated=simulated):
            if call not in state.open:
                _begin(state, call, "tool", tool, now, "work")
            said = "simulated" if simulated else "" if status == "done" else status.replace("_", " ")
            _end(state, call, record, now, status=said)
        case GatePaused(step=step, gate=gate):
            _begin(state, step, "gate", f"{gate} gate", now, "person")
        case GatePassed(step=step, action=action):
            _end(state, step, record, now, status="" if action == "continue" else action)
        case TurnInterrupted() | TurnAbandoned():
            for key in list(state.open):
                _end(state, key, record, now, status="interrupted")
        case _:
            pass


def _add(state: _Growing, record: Record, now: int, step: Step, label: str, note: str, *, status: str = "") -> None:
    """A step that is told of when it is over: it began when the one before it ended."""
    state.bars.append(Bar(step, label, (Stretch(state.last, now),), record.seq, status, note))


def _generated(state: _Growing, record: Record, event: ReplyGenerated, now: int) -> Bar:
    start = max(now - event.milliseconds * 1000, state.last) if event.milliseconds else state.last
    first = event.first_token_milliseconds
    if first is None:
        return Bar("generate", "generate", (Stretch(start, now),), record.seq)
    spoke = min(start + first * 1000, now)
    stretches = (Stretch(start, spoke, "first"), Stretch(spoke, now))
    return Bar("generate", "generate", stretches, record.seq, note=f"first words after {short_time(first)}")


def _begin(state: _Growing, key: str, step: Step, label: str, now: int, look: Look) -> None:
    """Something begins, or goes on with other work."""
    if key in state.open:
        _pause(state, key, now)
    stretches = state.open[key][2] if key in state.open else []
    state.open[key] = (step, label, stretches, now, look)


def _pause(state: _Growing, key: str, now: int) -> None:
    """What it was at is over."""
    if key in state.open:
        step, label, stretches, since, look = state.open[key]
        stretches.append(Stretch(since, now, look))
        state.open[key] = (step, label, stretches, now, "work")


def _end(state: _Growing, key: str, record: Record, now: int, *, status: str) -> None:
    if key not in state.open:
        return
    _pause(state, key, now)
    step, label, stretches, _, _ = state.open.pop(key)
    state.bars.append(Bar(step, label, tuple(_whole(stretches)), record.seq, status, _waited(stretches)))


def _still(state: _Growing) -> list[Bar]:
    """What has not ended by the last record."""
    found = []
    for step, label, stretches, since, look in state.open.values():
        every = [*stretches, Stretch(since, state.last, look)]
        status = "waits" if look == "person" else "running"
        found.append(Bar(step, label, tuple(_whole(every)), 0, status, _waited(every)))
    return found


def _whole(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Without what took no time, unless nothing else is left."""
    return [one for one in stretches if one.end > one.start] or [stretches[-1]]


def _waited(stretches: Sequence[Stretch]) -> str:
    waited = round(sum(one.end - one.start for one in stretches if one.look == "person") / 1000)
    return f"{short_time(waited)} for a person" if waited else ""


def _policy(state: _Growing) -> list[Bar]:
    """All verdicts in one bar."""
    if not state.verdicts:
        return []
    other = [effect for effect in state.effects if effect != "allow"]
    note = ", ".join(f"{other.count(effect)} {effect.replace('_', ' ')}" for effect in dict.fromkeys(other))
    count = len(state.verdicts)
    label = f"{count} verdict{'s' if count > 1 else ''}"
    return [Bar("policy", label, tuple(state.verdicts), state.verdict_seq, note=note)]


def drawn(bar: Bar, duration: int, cells: int) -> list[tuple[str, Look | None]]:
    """The bar over `cells` cells, as runs of one look (None: nothing). What took any time has at least one cell."""
    row: list[Look | None] = [None] * cells
    for one in bar.stretches:
        scale = cells / duration if duration else 0.0
        start = min(int(one.start * scale), cells - 1)
        end = start + 1 if one.look == "tick" else max(ceil(one.end * scale), start + 1)
        for cell in range(start, min(end, cells)):
            row[cell] = one.look
    runs: list[tuple[str, Look | None]] = []
    for look in row:
        sign = SIGNS[look] if look else " "
        if runs and runs[-1][1] == look:
            runs[-1] = (runs[-1][0] + sign, look)
        else:
            runs.append((sign, look))
    return runs


def room(width: int) -> tuple[int, int]:
    """How a row of `width` cells is shared out: cells of the label, and of the line; 9 are left for the time."""
    label = 14 if width < 60 else 20
    return label, max(width - label - 9, 4)
