"""Fixtures run live under pytest: the model is asked, so the network is open and money may be spent.

Invariant: what all live runs of one pytest run may cost is one budget, shared out evenly where several processes run it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly.fixture.live import LiveSessions, live_builder
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.regression.live import Budget, LiveOptions, LiveOutcome, run_live
from greenroom.regression.live.options import MOST_RUNS
from greenroom.regression.replay.outcome import outcome
from greenroom.regression.replay.replay import Fixture
from greenroom.workspace.find import require


class LiveBench:
    """What all live runs of one pytest run share.

    Raises on construction:
        UsageError: an option makes no sense.
    """

    def __init__(self, config: pytest.Config) -> None:
        usd = _usd(config.getoption("--greenroom-usd"))
        repeat = _repeat(config.getoption("--greenroom-repeat"))
        self._options = LiveOptions(
            model=config.getoption("--greenroom-model") or "",
            persona=config.getoption("--greenroom-persona") or "",
            repeat=repeat,
            whole=repeat > 0,
            start=config.getoption("--greenroom-from") or "",
        )
        self._budget = Budget(None if usd is None else usd / _processes(config), "this pytest run")
        self._sessions: dict[Path, LiveSessions] = {}

    def play(self, fixture: Fixture, tape: Path, runner: asyncio.Runner) -> LiveOutcome:
        """How the fixture goes live. What is wrong with files, options or models is an outcome, never raised."""
        try:
            return runner.run(run_live(fixture, self._sessions_of(tape), self._options, self._budget))
        except GreenroomError as error:
            return LiveOutcome(outcome("error", error.line()))

    def _sessions_of(self, tape: Path) -> LiveSessions:
        workspace = require(tape)
        if workspace.root not in self._sessions:
            self._sessions[workspace.root] = live_builder(workspace, trusted=True)
        return self._sessions[workspace.root]


def _usd(asked: str | None) -> float | None:
    """The most that may be spent; `Budget` says which amounts cannot be."""
    try:
        return None if asked is None else float(asked)
    except ValueError:
        raise UsageError("--greenroom-usd must be an amount of US dollars", hint="0 or more, such as 0.25") from None


def _repeat(asked: str | None) -> int:
    """How often to run; 0 is the options' word for what the case says, so nobody may ask for it."""
    try:
        return 0 if asked is None else int(asked) or -1
    except ValueError:
        raise UsageError("--greenroom-repeat must be a whole number", hint=f"from 1 to {MOST_RUNS}") from None


def _processes(config: pytest.Config) -> int:
    """How many processes share the budget (pytest-xdist tells each of its workers)."""
    shared: dict[str, Any] = getattr(config, "workerinput", {})
    return int(shared.get("workercount", 1))


_LIVE: pytest.StashKey[LiveBench] = pytest.StashKey()


def open_live(config: pytest.Config) -> None:
    """Make the live bench of this run.

    Raises:
        pytest.UsageError: an option makes no sense.
    """
    try:
        config.stash[_LIVE] = LiveBench(config)
    except UsageError as error:
        raise pytest.UsageError(error.line()) from None


def live_of(config: pytest.Config) -> LiveBench:
    """The live bench of this run."""
    return config.stash[_LIVE]


def runs_of(played: LiveOutcome) -> list[dict[str, Any]]:
    """The single runs, in plain values."""
    return [
        {
            "kind": run.outcome.kind,
            "line": run.outcome.line,
            "milliseconds": run.milliseconds,
            "micro_usd": run.micro_usd,
            "notes": list(run.notes),
        }
        for run in played.runs
    ]


def properties_of(played: LiveOutcome) -> Iterator[tuple[str, object]]:
    """What a JUnit file says of live runs."""
    yield "greenroom_runs", played.judged
    yield "greenroom_passed", played.passed
    if played.pass_k is not None:
        yield "greenroom_k", played.needed
        yield "greenroom_pass_k", f"{played.pass_k:.4g}"
    yield "greenroom_usd", f"{played.micro_usd / 1_000_000:.6f}"
    yield "greenroom_milliseconds", played.milliseconds
    if played.previous is not None:
        yield "greenroom_before", played.previous.told
