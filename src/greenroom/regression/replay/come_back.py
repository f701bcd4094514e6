"""Whether what was recorded as bad comes back, asked at the place it is about.

A replay that breaks off says nothing of what would have come after. So the rest is granted as recorded: where the bad
thing would then be there again, nothing that did happen speaks against it, and nobody knows whether it comes back.
Invariant: a bad recording passes only where something that did happen shows that it is another now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from greenroom.core.values import ToolSpec
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures
from greenroom.regression.expect.judging import judge
from greenroom.regression.replay.difference import shown
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.tape.facts import turns_of, turns_over
from greenroom.regression.tape.tape import Line, Tape
from greenroom.regression.tape.under_test import under_test

UNKNOWN = "whether what was recorded as bad comes back cannot be said"
_WHAT_NOW = "expect in the case what must not happen before that (a call, a verdict, an approval), or run it live"
_NUMBERED = frozenset({"reply", "verdict", "ask", "answer", "result", "gate", "write", "held"})
_STRICTER = frozenset({"deny", "require_approval", "escalate"})
_SHOWN = 90
_SAID = 200


def came_back(case: Case, tape: Tape, lines: Sequence[Line], beside: Beside) -> tuple[str, ...]:
    """How what was recorded as bad is there again in `lines`, one sentence; () where it is not.

    Where the case expects nothing, the answer of the last turn under test is what was bad: at it somebody said so, and
    another answer before it says nothing of it.
    """
    if case.assert_:
        return failures(case, under_test(tape, _as_done(tape.events, lines)), beside)
    bad, now = (_answers(tape, telling) for telling in (tape.events, lines))
    if not bad or bad[-1] not in now:
        return ()
    turn = bad[-1]
    return (f"what was recorded as bad happened again, word for word: turn {turn[0]}: {shown(turn[1], _SHOWN)}",)


def _as_done(recorded: Sequence[Line], lines: Sequence[Line]) -> Sequence[Line]:
    """A telling in which a call that was made ended as it did when it was recorded, though nobody reads the result now:
    that a rule keeps it back undoes nothing.
    """
    ended = {key: line["status"] for key, line in _made(recorded) if line["status"] != "denied"}
    kept_back = {id(line): ended[key] for key, line in _made(lines) if line["status"] == "denied" and key in ended}
    return [{**line, "status": kept_back[id(line)]} if id(line) in kept_back else line for line in lines]


def _made(lines: Sequence[Line]) -> Iterator[tuple[tuple[int, str], Line]]:
    """The results of calls that were made, by turn and call."""
    turn = 0
    for line in lines:
        turn = int(line.get("turn", turn))
        if line.get("ran"):
            yield (turn, str(line["result"])), line


def shows_otherwise(
    case: Case,
    tape: Tape,
    lines: Sequence[Line],
    beside: Beside,
    spec: Callable[[str], ToolSpec | None],
    *,
    whole: bool = False,
) -> bool:
    """Whether a telling, which broke off in its last turn unless it is `whole`, shows that a bad recording is another now:
    by what happened in it, or because something that was done in the turn that was bad is denied now, or waits for a person.
    A tape that does not have the bad thing, because a better one was accepted, cannot show that.
    """
    if not came_back(case, tape, tape.events, beside):
        return False
    rest = () if whole else rest_of(tape.events, lines)
    if not came_back(case, tape, [*lines, *rest], beside):
        return True
    return any(
        held_back(tape.events, lines, turn, spec, _tools_named(case, turn)) for turn in bad_turns(case, tape, beside)
    )


def bad_turns(case: Case, tape: Tape, beside: Beside) -> set[int]:
    """The turns in which a tape has what its case says was bad; all under test where that is about several, the last of
    them where it says nothing.
    """
    turns = turns_of(under_test(tape, tape.events))
    if not case.assert_:
        return {turns[-1].turn} if turns else set()
    over = turns_over(under_test(tape, tape.events))
    found = {judge(one, over, beside).turn for one in case.assert_}
    every = {turn.turn for turn in turns if turn.turn >= tape.first_turn}
    if found - {0}:
        return found - {0}
    return {turn for turn in every if any(one.covers(turn) for one in case.assert_)}


def _tools_named(case: Case, turn: int) -> tuple[str, ...]:
    """The tools, by name or pattern, whose calls in a turn are what was bad."""
    return tuple(one.call.tool for one in case.assert_ if one.call is not None and one.covers(turn))


def unknown(left: Outcome) -> Outcome:
    """The outcome of a replay that broke off before anything showed whether what was bad comes back."""
    line = f"{shown(left.line, _SAID)}; {UNKNOWN}"
    return outcome("diverged", line, f"{left.detail}\n{_WHAT_NOW}", (line,), left.tape_line)


def rest_of(recorded: Sequence[Line], lines: Sequence[Line]) -> Sequence[Line]:
    """What was recorded after the last event that a broken-off telling has too, in its last turn; then the turns after."""
    turn = _last_turn(lines)
    have = {_key(line) for line in _of_turn(lines, turn)}
    there = _of_turn(recorded, turn)
    over = max((at for at, line in enumerate(there, 1) if _key(line) in have), default=0)
    return [*there[over:], *after(recorded, turn)]


def after(recorded: Sequence[Line], turn: int) -> Sequence[Line]:
    """The recorded lines of all turns after one."""
    at = next((at for at, line in enumerate(recorded) if int(line.get("turn", 0)) > turn), len(recorded))
    return recorded[at:]


def held_back(
    recorded: Sequence[Line],
    lines: Sequence[Line],
    turn: int,
    spec: Callable[[str], ToolSpec | None],
    tools: Sequence[str] = (),
) -> bool:
    """Whether what changed something in this turn when it was recorded is denied now, or waits for a person: the calls of
    these tools; all there were, where none is named, for words may be about any of them.
    """
    now, was = (_decided(_of_turn(telling, turn)) for telling in (lines, recorded))
    changing = [line for line in _of_turn(recorded, turn) if line.get("ran") and _changes(spec(str(line["tool"])))]
    named = [line for line in changing if any(fnmatchcase(str(line["tool"]), one) for one in tools)]
    calls = [str(line["result"]) for line in named or changing]
    return bool(calls) and all(now.get(call) in _STRICTER and now[call] != was.get(call) for call in calls)


def _decided(lines: Sequence[Line]) -> dict[str, str]:
    """What was decided about each call before it was made; what is decided of its result comes too late."""
    return {str(line["of"]): str(line["effect"]) for line in lines if line.get("verdict") == "tool.call"}


def _changes(spec: ToolSpec | None) -> bool:
    return spec is not None and spec.effects != "none"


def _answers(tape: Tape, lines: Sequence[Line]) -> list[tuple[int, str, str]]:
    """What the person read, turn by turn under test, and how each ended."""
    return [(turn.turn, turn.text, turn.finish) for turn in turns_of(lines) if turn.turn >= tape.first_turn]


def _last_turn(lines: Sequence[Line]) -> int:
    return max((int(line["turn"]) for line in lines if "turn" in line), default=0)


def _of_turn(lines: Sequence[Line], turn: int) -> list[Line]:
    """The lines of one turn; of a turn that was begun anew, those of its last beginning."""
    starts = [at for at, line in enumerate(lines) if line.get("turn") == turn]
    if not starts:
        return []
    ends = next((at for at in range(starts[-1] + 1, len(lines)) if "turn" in lines[at]), len(lines))
    return list(lines[starts[-1] : ends])


def _key(line: Line) -> tuple[object, ...]:
    """What makes an event of one telling that of another, whatever came of it."""
    kind = next(iter(line))
    return (kind, str(line[kind]), str(line.get("of", ""))) if kind in _NUMBERED else (kind,)
