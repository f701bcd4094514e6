"""What all replays of one pytest run share, and the wall around them.

Invariant: a replay cannot reach the network, and what is wrong with files is an outcome, never raised.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenroom.assembly import replay_builder
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.regression.case import Case
from greenroom.regression.last_run import LastRuns
from greenroom.regression.outcome import Outcome, outcome
from greenroom.regression.parts import Parts
from greenroom.regression.replay import Build, Fixture, line_in, load_fixture, replay_fixture
from greenroom.workspace.find import require

if TYPE_CHECKING:
    from greenroom.pytest_plugin.live import LiveBench
    from greenroom.regression.live import LiveOutcome


class Bench:
    """What all replays of one run share: the event loop, each workspace's contract, each folder's parts."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._builds: dict[Path, Build] = {}
        self._folders: dict[Path, Build] = {}
        self._parts: dict[Path, Parts] = {}
        self._runs: dict[Path, LastRuns] = {}

    def replay(self, tape: Path, stale: str, case: Case | None = None) -> Outcome:
        """How the fixture goes. What is wrong with files is an outcome, never raised."""
        try:
            fixture = load_fixture(tape, self._parts_of(tape.parent), case=case)
            build = self._build_of(tape)
        except FileInvalid as error:
            return outcome("broken", error.line(), tape_line=line_in(error.where) if tape.name in error.where else 1)
        except GreenroomError as error:
            return outcome("broken", error.line())
        loop = self._started().get_loop()
        with _offline():  # the loop itself: `Runner.run` would set up and take down signals for each fixture
            return loop.run_until_complete(self._replayed(tape, fixture, build, stale))

    def live(self, tape: Path, live: LiveBench, case: Case | None = None) -> LiveOutcome:
        """How the fixture goes with a real model, the network open. What is wrong is an outcome, never raised."""
        from greenroom.regression.live import LiveOutcome

        try:
            fixture = load_fixture(tape, self._parts_of(tape.parent), case=case)
        except FileInvalid as error:
            return LiveOutcome(outcome("broken", error.line(), tape_line=line_in(error.where)))
        return live.play(fixture, tape, self._started())

    async def _replayed(self, tape: Path, fixture: Fixture, build: Build, stale: str) -> Outcome:
        """How it goes; where it differs, what would be recorded today is kept for `fixture accept`."""
        found = await replay_fixture(fixture, build, stale=stale)
        if (runs := self._runs.get(tape.parent)) is not None:
            await runs.after(fixture, found, build)
        return found

    def close(self) -> None:
        """Let go of the event loop."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _started(self) -> asyncio.Runner:
        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop()
        return self._runner

    def _parts_of(self, folder: Path) -> Parts:
        return self._parts.setdefault(folder, Parts(folder))

    def _build_of(self, tape: Path) -> Build:
        """The builder of the workspace a tape lies in, looked up once for each folder."""
        if tape.parent not in self._folders:
            workspace = require(tape)
            if workspace.root not in self._builds:
                self._builds[workspace.root] = replay_builder(workspace, trusted=True)
                self._runs[workspace.fixtures] = LastRuns(workspace.last_run, workspace.make_state)
            self._folders[tape.parent] = self._builds[workspace.root]
        return self._folders[tape.parent]


_BENCH: pytest.StashKey[Bench] = pytest.StashKey()


def bench_of(config: pytest.Config) -> Bench:
    """The bench of this run, made when the first fixture needs it."""
    if _BENCH not in config.stash:
        bench = config.stash[_BENCH] = Bench()
        config.add_cleanup(bench.close)
    return config.stash[_BENCH]


_DOORS = (*((socket.socket, name) for name in ("connect", "connect_ex", "sendto", "sendmsg")), (socket, "getaddrinfo"))


@contextmanager
def _offline() -> Iterator[None]:
    """Refuse every connection while a fixture is replayed."""
    before = [(owner, name, vars(owner).get(name)) for owner, name in _DOORS]
    try:
        for owner, name in _DOORS:
            setattr(owner, name, _refuse)
        yield
    finally:
        for owner, name, kept in before:
            if kept is None:
                delattr(owner, name)  # what the class inherits shows again
            else:
                setattr(owner, name, kept)


def _refuse(*_: object, **__: object) -> None:
    raise RuntimeError("a replay tried to use the network; everything it needs must be on the tape")
