"""One live run held against its case: what was expected, the recorded trajectory, likeness, time and money.

Invariant: time and money are judged here alone; a run that left the tape is never called passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenroom.core.errors import Divergence
from greenroom.core.inert import inert_line
from greenroom.regression.case import Assertion, Case, LiveExpected
from greenroom.regression.expect import failures
from greenroom.regression.facts import turns_of
from greenroom.regression.live.similar import similarity
from greenroom.regression.live.start import Start
from greenroom.regression.outcome import Outcome, outcome
from greenroom.regression.tape import Line, Tape

_SHOWN = 160
_BROKEN_OFF: Line = {"finish": "interrupted"}


def judge(tape: Tape, case: Case, lines: Sequence[Line], start: Start, milliseconds: int, micro_usd: int) -> Outcome:
    """How a run went that came to its end."""
    if case.expect != "good":
        return _failed(case, failures(case, lines))
    found = [*failures(case, lines), *_alike(tape, case, lines, start), *_within(case.live, milliseconds, micro_usd)]
    return _failed(case, tuple(found))


def judge_left(case: Case, lines: Sequence[Line], left: Divergence) -> Outcome:
    """How a run went that asked for something the tape does not have, or did otherwise before its start.

    What must never happen may have happened by then; that weighs more. A bad recording that ended otherwise did not
    come back.
    """
    if case.expect == "bad":
        return _failed(case, failures(case, lines))
    if case.expect == "good" and (found := failures(_never_alone(case, lines), [*lines, _BROKEN_OFF])):
        return _failed(case, found)
    rows = [f"why: {case.why}" if case.why else "", left.difference or left.hint]
    return outcome("diverged", left.message, "\n".join(row for row in rows if row), (left.message,))


def _never_alone(case: Case, lines: Sequence[Line]) -> Case:
    """The case with nothing left to hold but what must never happen in the turns there are."""
    turns = [turn.turn for turn in turns_of([*lines, _BROKEN_OFF])]
    kept = (
        Assertion(turn=one.turn, never=one.never) if any(map(one.covers, turns)) else Assertion()
        for one in case.assert_
    )
    return case.model_copy(update={"assert_": tuple(kept) if turns else ()})


def _failed(case: Case, found: tuple[str, ...]) -> Outcome:
    if not found:
        return outcome("passed")
    return outcome("failed", f"{case.why} {found[0]}" if case.why else found[0], "\n".join(found), found)


def _alike(tape: Tape, case: Case, lines: Sequence[Line], start: Start) -> Iterator[str]:
    """The replies that are less like the recorded ones than the case wants."""
    wanted = case.live.text.similar if case.live is not None and case.live.text is not None else None
    if wanted is None:
        return
    before = {turn.turn: turn.text for turn in turns_of(tape.events)}
    for turn in turns_of(lines):
        if turn.turn < start.turn or turn.turn not in before:
            continue
        near = similarity(before[turn.turn], turn.text)
        if near < wanted:
            shown = inert_line(turn.text, _SHOWN)
            yield f"turn {turn.turn}: the reply is {near:.2f} like the recorded one, at least {wanted:g} expected: {shown}"


def _within(expected: LiveExpected | None, milliseconds: int, micro_usd: int) -> Iterator[str]:
    if expected is None:
        return
    if expected.milliseconds is not None and milliseconds > expected.milliseconds:
        yield f"the run took {milliseconds} milliseconds, at most {expected.milliseconds} expected"
    if expected.usd is not None and micro_usd > round(expected.usd * 1_000_000):
        yield f"the run cost {micro_usd / 1_000_000:.4f} USD, at most {expected.usd:g} expected"
