"""What a worker does with a job: one run of a fixture, live or replayed, in the workspace of this machine.

Invariant: keys come from the worker's own environment and trust from its own trust file; what comes back is plain
values. Nothing is raised for what a file, a model or a budget does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greenroom.assembly import replay_builder
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.engine.session import Session
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.replay.replay import Build, Fixture, load_fixture, replay_fixture
from greenroom.regression.suite.crew import Job, Result, Work
from greenroom.regression.suite.matrix import Tier
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import OWN, SUFFIX
from greenroom.workspace.layout import Workspace


def work_of(tier: Tier) -> Work[Job]:
    """What a worker of this tier does."""
    return live if tier == "live" else replay


def live(job: Job) -> Result:
    """One live run, for at most what was set aside for it."""
    return _guarded(job, _live)


def replay(job: Job) -> Result:
    """The tape replayed under the persona that was asked for; what only changed since is no failure."""
    return _guarded(job, _replay)


def _guarded(job: Job, made: Callable[[Job], Result]) -> Result:
    try:
        return made(job)
    except FileInvalid as error:
        return _result(outcome("broken", error.line()))
    except GreenroomError as error:
        return _result(outcome("error", error.line()))
    except Exception as error:  # noqa: BLE001  a worker's own fault is an error of this run and not the end of the suite
        return _result(outcome("error", f"internal error: {type(error).__name__}: {error}"))


def _live(job: Job) -> Result:
    from greenroom.assembly.fixture.live import live_builder
    from greenroom.regression.live import Budget, LiveOptions, run_live

    workspace = Workspace(Path(job.root))
    build = live_builder(workspace)
    build.history = None  # the suite has a journal of its own
    usd = None if job.micro_usd is None else job.micro_usd / 1_000_000
    options = LiveOptions(model=job.model, persona=job.persona, repeat=1)
    came = asyncio.run(run_live(_fixture(job, workspace), build, options, Budget(usd, "this run")))
    # A single run's own line says more than `0 of 1 run passed: ...`.
    one = came.runs[0].outcome if came.runs and came.outcome.kind != "broken" else came.outcome
    tokens = sum(run.tokens for run in came.runs)
    return _result(one, came.milliseconds, came.micro_usd, tokens)


def _replay(job: Job) -> Result:
    workspace = Workspace(Path(job.root))
    build = _read(job, workspace).build

    def as_asked(recording: Any, *, persona: str, **more: Any) -> Session:
        if job.persona:
            more.pop(OWN, None)  # the persona that was asked for is what is tried
        return build(recording, persona=job.persona, **more)

    return _result(asyncio.run(replay_fixture(_fixture(job, workspace), as_asked, stale="warn")))


def _fixture(job: Job, workspace: Workspace) -> Fixture:
    return load_fixture(workspace.fixtures / f"{job.fixture}{SUFFIX}", _read(job, workspace).parts)


def _result(one: Outcome, milliseconds: int = 0, micro_usd: int = 0, tokens: int = 0) -> Result:
    line = "" if one.good else one.line
    return {"kind": one.kind, "line": line, "milliseconds": milliseconds, "micro_usd": micro_usd, "tokens": tokens}


class _Read:
    """What a worker has read for one suite: contracts compiled once, texts read once."""

    def __init__(self, suite: str, workspace: Workspace) -> None:
        self.suite = suite
        self.parts = Parts(workspace.fixtures)
        self.build: Build = replay_builder(workspace)


_latest: list[_Read] = []


def _read(job: Job, workspace: Workspace) -> _Read:
    """What was read for this suite; what was read for another is forgotten, since its files may have changed."""
    suite = f"{job.root} {job.suite}"
    found = next((one for one in _latest if one.suite == suite), None)
    if found is None:
        found = _Read(suite, workspace)
        _latest[:] = [found]
    return found
