"""A fixture run live: the person's words from the tape, the model really asked, as often as the verdict needs.

Invariant: runs are made one after another, and none once a ceiling is reached, or the verdict is certain where nobody asked
for all of them; whatever ends them, what was made is in the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import DiskFailed, FileInvalid, GreenroomError
from greenroom.regression.judge.rubric import read_rubric
from greenroom.regression.live.budget import Budget
from greenroom.regression.live.history import UNDECIDED, Entry
from greenroom.regression.live.once import LiveBuild, Made, live_once
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.outcomes import LiveOutcome, LiveRun, verdict_on
from greenroom.regression.live.recorded import recorded_of
from greenroom.regression.live.reliability import Goal, goal_of
from greenroom.regression.live.sayable import BEGIN_LATER, SAY_IT_ANEW, require_sayable
from greenroom.regression.live.start import Start, start_at
from greenroom.regression.replay.outcome import Kind, Outcome, broken, outcome
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.replay.world import World

Progress = Callable[[LiveRun, int, int], None]
"""Told of each run as it ends, with its number and how many there are to be."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all runs of a fixture share."""

    fixture: Fixture
    build: LiveBuild
    options: LiveOptions
    start: Start
    goal: Goal
    budgets: tuple[Budget, ...]


async def run_live(
    fixture: Fixture,
    build: LiveBuild,
    options: LiveOptions,
    budget: Budget,
    progress: Progress = lambda run, number, of: None,
) -> LiveOutcome:
    """Run a fixture live and judge it. `budget` is shared by all fixtures of one run.

    What is wrong with a file, a model or a ceiling is an outcome, and a history that cannot be written a row of its
    detail; only cancelling is raised.

    Raises:
        CancelledError: a person stopped it; the runs made are in the history.
    """
    try:
        plan = _planned(fixture, build, options, budget)
    except FileInvalid as error:
        return LiveOutcome(broken(error, fixture.file))
    except GreenroomError as error:
        return LiveOutcome(outcome("error", error.line()))
    try:
        return await _all_runs(plan, progress)
    finally:
        await build.aclose()


async def run_once(fixture: Fixture, build: LiveBuild, options: LiveOptions, budget: Budget) -> Made:
    """One live run of the whole conversation, whatever its case says of how often, to take the recorded one's place.
    Raises as `run_live`.
    """
    try:
        plan = _planned(fixture, build, replace(options, repeat=1, start="", renew=True), budget)
    except FileInvalid as error:
        return Made(LiveRun(broken(error, fixture.file)))
    except GreenroomError as error:
        return Made(LiveRun(outcome("error", error.line())))
    try:
        made = await live_once(fixture, build, plan.options, plan.start, plan.budgets)
        if made.records:
            _noted(plan, [made], made.run.outcome.kind)
        return made
    finally:
        await build.aclose()


def _planned(fixture: Fixture, build: LiveBuild, options: LiveOptions, budget: Budget) -> _Plan:
    world = World(fixture.tape, fixture.parts, fixture.file)  # what is broken is said before anything is paid for
    recorded_of(fixture.tape, fixture.file)
    expected = fixture.case.live
    if expected is not None and expected.text is not None and expected.text.judge is not None:
        read_rubric(fixture.parts.workspace, expected.text.judge)
    runs, pass_k = (expected.runs, expected.pass_k) if expected is not None else (1, None)
    if pass_k is not None and pass_k > runs:
        raise FileInvalid(
            f"{pass_k} of {runs} runs cannot pass",
            where=f"{fixture.name}.case.toml live.pass_k",
            hint="raise live.runs, or lower live.pass_k",
        )
    start = start_at(fixture.tape, options.start)
    require_sayable(world, start, SAY_IT_ANEW if options.renew else BEGIN_LATER)
    own = Budget(options.usd, f"{fixture.name}, in all its runs,")
    return _Plan(
        fixture=fixture,
        build=build,
        options=options,
        start=start,
        goal=goal_of(runs, pass_k, options.repeat),
        budgets=(own, budget),
    )


async def _all_runs(plan: _Plan, progress: Progress) -> LiveOutcome:
    made: list[Made] = []
    cut: Outcome | None = None
    try:
        while cut is None and not _certain(plan, made):
            one = await live_once(plan.fixture, plan.build, plan.options, plan.start, plan.budgets)
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
    persona, model = (made[-1].persona, made[-1].model) if made else (plan.options.persona, plan.options.model)
    verdict = verdict_on(runs, plan.goal, persona, previous, cut)
    if unwritten := _noted(plan, made, verdict.kind):
        rows = f"{unwritten}\n{verdict.detail}".rstrip()
        verdict = outcome(verdict.kind, verdict.line, rows, verdict.reasons, verdict.tape_line)
    return LiveOutcome(verdict, runs, plan.goal.runs, plan.goal.needed, persona, model, previous)


def _previous(plan: _Plan, made: list[Made]) -> Entry | None:
    history = plan.build.history
    return history.before(_entry(plan, made, "passed")) if history is not None and made else None


def _noted(plan: _Plan, made: list[Made], kind: str) -> str:
    """Put the runs into the history; returns why that failed, or ''. What was paid for is told all the same."""
    try:
        if plan.build.history is not None and made:
            plan.build.history.append(_entry(plan, made, kind))
    except DiskFailed as error:
        return f"not in the history: {error.line()}"
    return ""


def _entry(plan: _Plan, made: list[Made], kind: str) -> Entry:
    ended: Kind = "error" if kind in UNDECIDED else "passed"
    told = LiveOutcome(outcome(ended), tuple(one.run for one in made), plan.goal.runs, plan.goal.needed)
    return Entry(
        fixture=plan.fixture.name,
        persona=made[-1].persona,
        model=made[-1].model,
        table=made[-1].table,
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
