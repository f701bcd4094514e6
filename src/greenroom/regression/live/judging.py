"""One live run held against its case: what was expected, the recorded calls, likeness, time and money, a judge's word.

Invariant: a run that left the tape is never called passed, and no judge is paid for a run that failed without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenroom.core.errors import Divergence, ServiceUnavailable
from greenroom.core.inert import inert_line
from greenroom.models.port import Model
from greenroom.regression.case import Assertion, Case, LiveExpected
from greenroom.regression.expect import Beside, failures, trajectory_problems
from greenroom.regression.expect.judging import judge as judge_one
from greenroom.regression.expect.similar import similarity
from greenroom.regression.judge.rubric import judge as ask_judge
from greenroom.regression.live.outcomes import WHY
from greenroom.regression.live.start import Start
from greenroom.regression.replay.come_back import after, came_back, unknown
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.tape.facts import TurnFacts, turns_of, turns_over
from greenroom.regression.tape.tape import Line, Tape
from greenroom.regression.tape.under_test import under_test

_SHOWN = 160
_BROKEN_OFF: Line = {"finish": "interrupted"}


@dataclass(frozen=True, slots=True)
class Ended:
    """A run as it is judged: `lines` in the tape's ids, the live ones from `start` on, with their time and cost."""

    tape: Tape
    case: Case
    lines: Sequence[Line]
    start: Start
    beside: Beside
    milliseconds: int = 0
    micro_usd: int = 0

    @property
    def judged(self) -> Sequence[Line]:
        """The lines that expectations are about: those of the turns under test."""
        return under_test(self.tape, self.lines)

    def live_turns(self) -> list[TurnFacts]:
        """The turns under test with anything live in them."""
        return [turn for turn in turns_of(self.judged) if turn.turn >= self.start.turn]


def judge(run: Ended) -> Outcome:
    """How a run went that came to its end, as far as no model is needed to say."""
    bad = run.case.expect == "bad"
    found = came_back(run.case, run.tape, run.lines, run.beside) if bad else failures(run.case, run.judged, run.beside)
    if run.case.expect == "good":
        found += trajectory_problems(run.case.match, under_test(run.tape, run.tape.events), run.judged)
        found += (*_alike(run), *_within(run.case.live, run.milliseconds, run.micro_usd))
    return _failed(run.case, found)


def judge_left(run: Ended, left: Divergence) -> Outcome:
    """How a run went that asked for something the tape does not have, or did otherwise before its start.

    What must never happen may have happened by then; that weighs more. A bad recording did not come back where the turn
    that the run left it in is one of those it is about; where it was left before, nobody knows.
    """
    case = run.case
    if case.expect == "bad" and (found := came_back(case, run.tape, run.lines, run.beside)):
        return _failed(case, found)
    if case.expect == "bad" and not _granted(run):
        return outcome("passed")
    if case.expect == "good" and (found := tuple(_never(run))):
        return _failed(case, found)
    rows = [f"{WHY}{case.why}" if case.why else "", left.difference or left.hint]
    went = outcome("diverged", left.message, "\n".join(row for row in rows if row), (left.message,))
    return unknown(went) if case.expect == "bad" else went


def _granted(run: Ended) -> bool:
    """Whether the bad thing would be there again if all turns went as recorded that come after the one the run was left in."""
    turn = max((int(line["turn"]) for line in run.lines if "turn" in line), default=0)
    lines = [*run.lines, _BROKEN_OFF, *after(run.tape.events, turn)]
    there = came_back(run.case, run.tape, run.tape.events, run.beside)
    return not there or bool(came_back(run.case, run.tape, lines, run.beside))


async def judge_replies(run: Ended, model: Model, file: str, rubric: str, votes: int) -> Outcome:
    """What a model says of each live reply by a rubric, the text of `file`.

    Raises:
        ServiceUnavailable: the judge cannot be used now, or said nothing that can be counted.
    """
    for turn in run.live_turns():
        said = await ask_judge(model, rubric, turn.text, turn.words, votes=votes)
        if said.undecided:
            raise ServiceUnavailable(
                f"turn {turn.turn}: {model.name} said nothing about {file} that can be counted: {said.reason}",
                hint="name another model as [models.judge] in greenroom.toml",
                code="live.judge",
            )
        if not said.passed:
            shown = inert_line(turn.text, _SHOWN)
            return _failed(run.case, (f"turn {turn.turn}: not by {file}: {said.reason}: {shown}",))
    return outcome("passed")


def _never(run: Ended) -> Iterator[str]:
    """What happened that never must, in the turns there were; nothing else can be asked of a run that broke off."""
    turns = turns_over([*run.judged, _BROKEN_OFF])
    for number, one in enumerate(run.case.assert_):
        if one.never is not None and any(one.covers(turn.turn) for turn in turns):
            alone = Assertion(turn=one.turn, never=one.never)
            yield from (f"assert[{number}] {problem}" for problem in judge_one(alone, turns, run.beside).told)


def _failed(case: Case, found: tuple[str, ...]) -> Outcome:
    if not found:
        return outcome("passed")
    rows = [*(f"and: {one}" for one in found[1:]), *([f"{WHY}{case.why}"] if case.why.strip() else [])]
    return outcome("failed", found[0], "\n".join(rows), found)


def _alike(run: Ended) -> Iterator[str]:
    """The replies that are less like the recorded ones than the case wants."""
    expected = run.case.live
    wanted = expected.text.similar if expected is not None and expected.text is not None else None
    if wanted is None:
        return
    before = {turn.turn: turn.text for turn in turns_of(run.tape.events)}
    for turn in run.live_turns():
        near = similarity(before.get(turn.turn, ""), turn.text)
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
