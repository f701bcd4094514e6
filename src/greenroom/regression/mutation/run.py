"""The suite run against mutants: for each, whether a fixture notices, which one, and how.

Invariant: everything stays in memory and in the order of the mutants, so that two runs come to the same; being
interrupted loses only what was not run yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from greenroom.core.errors import FileInvalid
from greenroom.policy.checking.trial import run_trials
from greenroom.policy.decide import RulePolicy
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Mutant, Retold
from greenroom.regression.mutation.suite import Aimed, Suite, replayed, replayed_as, same_facts
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Fixture

State = Literal["caught", "survived", "digest", "irrelevant"]
"""`digest`: nothing that is judged tells, only the digest of what changed. `irrelevant`: the changed tape says the same
of what happened.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a mutant. `fixture` noticed it, `line` says how. `stale` is how many fixtures report the change by
    its digest, `tested` the test inside the policy files that fails on it.
    """

    mutant: Mutant
    state: State
    fixture: str = ""
    how: str = ""
    line: str = ""
    stale: int = 0
    tested: str = ""


@dataclass(slots=True)
class Run:
    """What has come of the mutants so far. `untried` are left over from an interruption, `equal` change nothing,
    `invalid` are refused by the loaders. `kills` counts by fixture how often it failed: by a change of what governs, or
    by an expectation about what was recorded.
    """

    results: list[Result] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    invalid: int = 0
    equal: int = 0
    untried: int = 0
    interrupted: bool = False


def _quiet(done: int, run: Run) -> None:
    """Nobody watches."""


async def run(suite: Suite, mutants: Sequence[Aimed], on_progress: Callable[[int, Run], None] = _quiet) -> Run:
    """Run the fixtures against each mutant. A cancelled run says what came until then."""
    runner = _Runner(suite)
    for done, (mutant, touched) in enumerate(mutants):
        try:
            await asyncio.sleep(0)
            await runner.take(mutant, touched)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            runner.run.interrupted, runner.run.untried = True, len(mutants) - done
            break
        on_progress(done + 1, runner.run)
    return runner.run


class _Runner:
    """Likely killers first, but a fixture that never failed yet is tried on every mutant until it does."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._failing: dict[str, list[str]] = {}
        self._seen = {suite.ground(one).fingerprint for one in suite.fixtures}
        self.run = Run(kills={one.file: 0 for one in suite.fixtures})

    async def take(self, mutant: Mutant, touched: tuple[Fixture, ...]) -> None:
        """Run what a mutant may touch, or count it where it is none."""
        try:
            made = mutant.made()
        except (FileInvalid, ValueError):
            self.run.invalid += 1
            return
        if isinstance(made, Retold):
            self.run.results.append(await self._retold(mutant, made, touched[0]))
            return
        mark = made.fingerprint
        if mark in self._seen:
            self.run.equal += 1
            return
        self.run.results.append(await self._governed(mutant, made, touched))
        self._seen.add(mark)

    async def _governed(self, mutant: Mutant, made: Ground, touched: tuple[Fixture, ...]) -> Result:
        kills, caught = self.run.kills, None
        for fixture in sorted(touched, key=lambda one: (kills[one.file] > 0, -kills[one.file])):
            if caught is not None and kills[fixture.file]:
                break
            if not (outcome := await replayed(fixture, made)).good:
                kills[fixture.file] += 1
                caught = caught or (fixture, outcome)
        stale = sum(mutant.kind in one.tape.digests for one in self._suite.fixtures)
        if caught is not None:
            return _caught(mutant, *caught, stale)
        return Result(
            mutant,
            "digest" if mutant.silent else "survived",
            stale=stale,
            tested=self._tested(mutant, made, touched),
        )

    def _tested(self, mutant: Mutant, made: Ground, touched: tuple[Fixture, ...]) -> str:
        """The first test inside the policy files that fails on a mutant of them, and does not fail without it."""
        if mutant.kind != "policy":
            return ""
        failing: list[str] = []
        if touched:
            before = self._suite.ground(touched[0])
            known = before.contract.policy.digest
            if known not in self._failing:
                self._failing[known] = _failing_tests(before)
            failing = self._failing[known]
        return next((name for name in _failing_tests(made) if name not in failing), "")

    async def _retold(self, mutant: Mutant, retold: Retold, fixture: Fixture) -> Result:
        ground = self._suite.ground(fixture)
        outcome = await replayed_as(fixture, retold, ground, signed=True)
        if not outcome.good:
            self.run.kills[fixture.file] += outcome.kind == "failed"
            return _caught(mutant, fixture, outcome)
        if same_facts(fixture, retold):
            return Result(mutant, "irrelevant")
        sealed = await replayed_as(fixture, retold, ground, signed=False)
        return Result(mutant, "survived" if sealed.good else "digest", line=sealed.line, stale=not sealed.good)


def _caught(mutant: Mutant, fixture: Fixture, outcome: Outcome, stale: int = 0) -> Result:
    return Result(mutant, "caught", fixture.file, outcome.kind, outcome.line, stale)


def _failing_tests(made: Ground) -> list[str]:
    """The tests inside the policy files that fail, as `rule: name`."""
    if not isinstance(made.contract.policy, RulePolicy):
        return []
    return [f"{one.subject}: {one.name}" for one in run_trials(made.contract.policy, made.specs) if not one.passed]
