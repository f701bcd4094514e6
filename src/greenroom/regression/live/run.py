"""A fixture run live: the person's words from the tape, the model really asked, as often as the verdict needs.

Invariant: runs are made one after another, and none once the verdict is certain or a ceiling is reached; whatever ends
them, what was made is in the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greenroom.core.clock import Clock, SystemClock, stamp
from greenroom.core.errors import Divergence, FileInvalid, GreenroomError
from greenroom.core.events import Record, ReplyGenerated
from greenroom.core.ids import CountedIds, Ids
from greenroom.engine.session import Session
from greenroom.regression.live.budget import Budget, BudgetSpent, Meter
from greenroom.regression.live.clock import LiveClock
from greenroom.regression.live.history import Entry, History
from greenroom.regression.live.judging import judge, judge_left
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.outcomes import LiveOutcome, LiveRun, verdict_on
from greenroom.regression.live.recording import LiveRecording
from greenroom.regression.live.reliability import Goal, goal_of
from greenroom.regression.live.start import Start, start_at
from greenroom.regression.outcome import Outcome, outcome
from greenroom.regression.replay import Fixture, line_in
from greenroom.regression.tape import SUFFIX, Line
from greenroom.regression.telling import tell
from greenroom.regression.world import World

_HINTS = {
    "model.rate_limit": "wait a little, then run it again",
    "model.cut": "run it again",
    "model.timeout": "run it again, or raise the model's timeout in greenroom.toml",
    "model.server": "its fault; run it again",
    "stopped": "greenroom stop --lift --reason WHY, then run it again",
}
Progress = Callable[[LiveRun, int, int], None]
"""Told of each run as it ends, with its number and how many there are to be."""


class LiveBuild(Protocol):
    """Makes sessions with a real model over a tape, in memory. `history` is where their runs are noted, if anywhere."""

    history: History | None

    def __call__(
        self, recording: LiveRecording, *, persona: str, model: str, meter: Meter, clock: Clock, ids: Ids
    ) -> Session:
        """A session. Raises as `load_contract`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; another run may follow all the same."""
        ...


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all runs of a fixture share. `of_case` is the ceiling on a single one."""

    fixture: Fixture
    build: LiveBuild
    options: LiveOptions
    start: Start
    goal: Goal
    budgets: tuple[Budget, ...]
    of_case: float | None


@dataclass(frozen=True, slots=True)
class Made:
    """A run with what it was made of: its records, and who spoke."""

    run: LiveRun
    records: tuple[Record, ...] = ()
    persona: str = ""
    model: str = ""


async def run_live(
    fixture: Fixture,
    build: LiveBuild,
    options: LiveOptions,
    budget: Budget,
    progress: Progress = lambda run, number, of: None,
) -> LiveOutcome:
    """Run a fixture live and judge it. `budget` is shared by all fixtures of one run.

    What is wrong with a file, a model or a ceiling is an outcome; only cancelling, and a history that cannot be
    written, are raised.

    Raises:
        CancelledError: a person stopped it; the runs made are in the history.
        DiskFailed: the history could not be written.
    """
    try:
        plan = _planned(fixture, build, options, budget)
    except FileInvalid as error:
        return LiveOutcome(outcome("broken", error.line(), tape_line=line_in(error.where)))
    except GreenroomError as error:
        return LiveOutcome(outcome("error", error.line()))
    try:
        return await _all_runs(plan, progress)
    finally:
        await build.aclose()


def _planned(fixture: Fixture, build: LiveBuild, options: LiveOptions, budget: Budget) -> _Plan:
    World(fixture.tape, fixture.parts, fixture.file)  # what is broken is said before anything is paid for
    expected = fixture.case.live
    runs, pass_k = (expected.runs, expected.pass_k) if expected is not None else (1, None)
    if pass_k is not None and pass_k > runs:
        raise FileInvalid(
            f"{pass_k} of {runs} runs cannot pass",
            where=f"{name_of(fixture)}.case.toml live.pass_k",
            hint="raise live.runs, or lower live.pass_k",
        )
    own = Budget(options.usd, f"{name_of(fixture)}, in all its runs,")
    return _Plan(
        fixture=fixture,
        build=build,
        options=options,
        start=start_at(fixture.tape, options.start),
        goal=goal_of(runs, pass_k, options.repeat),
        budgets=(own, budget),
        of_case=expected.usd if expected is not None else None,
    )


async def _all_runs(plan: _Plan, progress: Progress) -> LiveOutcome:
    made: list[Made] = []
    cut: Outcome | None = None
    try:
        while cut is None and not _certain(plan, made):
            one = await _one(plan)
            if one.run.outcome.kind in ("error", "broken"):
                cut = one.run.outcome
                if not one.records:
                    break
            made.append(one)
            progress(one.run, len(made), plan.goal.runs)
    except asyncio.CancelledError:
        _noted(plan, made, "cancelled")
        raise
    return _concluded(plan, made, cut)


def _certain(plan: _Plan, made: list[Made]) -> bool:
    passed = sum(one.run.outcome.good for one in made)
    if plan.options.whole:
        return len(made) >= plan.goal.runs
    return plan.goal.verdict(passed, len(made) - passed) is not None


def _concluded(plan: _Plan, made: list[Made], cut: Outcome | None) -> LiveOutcome:
    runs = tuple(one.run for one in made)
    if cut is not None and cut.kind == "broken":
        return LiveOutcome(cut, runs, plan.goal.runs, plan.goal.needed)
    previous = _previous(plan, made)
    verdict = verdict_on(runs, plan.goal, previous, cut)
    _noted(plan, made, verdict.kind)
    persona, model = (made[-1].persona, made[-1].model) if made else (plan.options.persona, plan.options.model)
    return LiveOutcome(verdict, runs, plan.goal.runs, plan.goal.needed, persona, model, previous)


async def _one(plan: _Plan) -> Made:
    """One run; what goes wrong in it is its outcome."""
    ceiling = Budget(plan.of_case, "this run")
    return await live_once(
        plan.fixture, plan.build, plan.options, plan.start, Meter(ceiling, *plan.budgets), ceiling=ceiling
    )


async def live_once(
    fixture: Fixture,
    build: LiveBuild,
    options: LiveOptions,
    start: Start,
    meter: Meter,
    *,
    ceiling: Budget | None = None,
) -> Made:
    """One live run of a fixture, paid from `meter`; to pass `ceiling` is a failure of the run, not an error."""
    try:
        world = World(fixture.tape, fixture.parts, fixture.file)
        recording = LiveRecording(fixture.tape, world, start)
        clock = LiveClock()
        session = build(
            recording,
            persona=options.persona or fixture.tape.persona,
            model=options.model,
            meter=meter,
            clock=clock,
            ids=CountedIds(),
        )
    except FileInvalid as error:
        return Made(LiveRun(outcome("broken", error.line(), tape_line=line_in(error.where))))
    except GreenroomError as error:
        return Made(LiveRun(outcome("error", error.line())))
    stop = session.bus.subscribe(recording.see)
    try:
        problem = await _say(session, recording)
        return _made(fixture, session, recording, meter, problem, ceiling)
    finally:
        stop()
        await session.aclose()


async def _say(session: Session, recording: LiveRecording) -> GreenroomError | None:
    """The person's words in order; returns what ended the run before its end."""
    world = recording.world
    for place, (turn, words) in enumerate(world.turns):
        for over, changed in world.autonomy:
            if over == place:
                session.repeat(changed)
        try:
            await session.turn(recording.words(words), origin="tape")
        except GreenroomError as error:
            if turn not in world.abandoned:
                return error
            session.abandon("as recorded")
    return None


def _made(
    fixture: Fixture,
    session: Session,
    recording: LiveRecording,
    meter: Meter,
    problem: GreenroomError | None,
    ceiling: Budget | None,
) -> Made:
    contract = session.contract
    lines = _lines(session, recording, broken=problem is not None)
    took = _milliseconds(session, recording)
    start = recording.start
    match problem:
        case None:
            verdict = judge(fixture.tape, fixture.case, lines, start, took, meter.micro_usd)
        case Divergence():
            verdict = judge_left(fixture.case, lines, problem)
        case BudgetSpent() if problem.budget is ceiling:
            verdict = outcome("failed", problem.message, "", (problem.message,))
        case _:
            verdict = _service_failed(problem)
    run = LiveRun(verdict, tuple(lines), took, meter.micro_usd, tuple(recording.notes))
    persona = f"{contract.persona.id}@{contract.persona.version}"
    return Made(run, tuple(session.records), persona, contract.model)


def _service_failed(problem: GreenroomError) -> Outcome:
    """An error with what to do about it here, where no turn is left to be resumed."""
    hint = _HINTS.get(problem.code, problem.hint)
    line = f"{problem.message} ({hint})" if hint else problem.message
    return outcome("error", line, "", (line,))


def _lines(session: Session, recording: LiveRecording, *, broken: bool) -> list[Line]:
    """What happened, as tape lines in the tape's own ids; of a run that broke off, its last turn too."""
    lines, _ = tell(session.records, session.contract.model, () if broken else None)
    return [recording.desk.bindings.recorded(line) for line in lines]


def _milliseconds(session: Session, recording: LiveRecording) -> int:
    """How long the model took in the live part: what else a run does is no part of what people wait for."""
    events = (record.event for record in session.records)
    return sum(e.milliseconds for e in events if isinstance(e, ReplyGenerated) and not recording.before(e.step))


def name_of(fixture: Fixture) -> str:
    """The fixture's name, as in its files."""
    return Path(fixture.file).name.removesuffix(SUFFIX)


def _previous(plan: _Plan, made: list[Made]) -> Entry | None:
    history = plan.build.history
    return history.before(_entry(plan, made, "passed")) if history is not None and made else None


def _noted(plan: _Plan, made: list[Made], kind: str) -> None:
    if plan.build.history is not None and made:
        plan.build.history.append(_entry(plan, made, kind))


def _entry(plan: _Plan, made: list[Made], kind: str) -> Entry:
    told = LiveOutcome(outcome("passed"), tuple(one.run for one in made), plan.goal.runs, plan.goal.needed)
    return Entry(
        fixture=name_of(plan.fixture),
        persona=made[-1].persona,
        model=made[-1].model,
        at=stamp(SystemClock().now()),
        start=plan.options.start,
        asked=told.asked,
        needed=told.needed,
        runs=told.judged,
        passed=told.passed,
        pass_k=told.pass_k,
        micro_usd=told.micro_usd,
        milliseconds=told.milliseconds,
        outcome=kind,
    )
