"""What all replays of one pytest run share, and the wall around them.

Invariant: a replay cannot reach the network, and what is wrong with files is an outcome, never raised.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from greenroom.assembly import replay_builder
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.pytest_plugin.garbage import uncollected
from greenroom.regression.accept.last_run import LastRuns
from greenroom.regression.accept.replayed import replay_and_weigh
from greenroom.regression.replay.outcome import Outcome, broken
from greenroom.regression.replay.replay import Build, Fixture, load_fixture, replay_fixture
from greenroom.regression.tape.parts import Parts
from greenroom.workspace.find import require

if TYPE_CHECKING:
    from greenroom.pytest_plugin.live import LiveBench


@dataclass(frozen=True, slots=True)
class Played:
    """How a fixture went, and the fixture if it could be read.

    Of a live one also its runs in plain values, what a JUnit file says of them, and which persona and model ran.
    """

    outcome: Outcome
    fixture: Fixture | None = None
    runs: list[dict[str, Any]] = field(default_factory=list)
    properties: tuple[tuple[str, object], ...] = ()
    persona: str = ""
    model: str = ""


class Bench:
    """What all fixtures of one run share: the event loop, each workspace's contract, each folder's parts.

    `stale` is as `replay_and_weigh` has it; with `live` a model is asked.
    """

    def __init__(self, stale: str, live: LiveBench | None = None) -> None:
        self._stale = stale
        self._live = live
        self._runner: asyncio.Runner | None = None
        self._builds: dict[Path, Build] = {}
        self._folders: dict[Path, Build] = {}
        self._parts: dict[Path, Parts] = {}
        self._runs: dict[Path, LastRuns] = {}

    def play(self, tape: Path) -> Played:
        """How the fixture goes. What is wrong with files is an outcome, never raised."""
        try:
            fixture = load_fixture(tape, self._parts_of(tape.parent))
        except FileInvalid as error:
            return Played(broken(error, tape.name))
        if self._live is not None:
            return self._asked(self._live, fixture, tape)
        try:
            build = self._build_of(tape)
        except GreenroomError as error:
            return Played(broken(error), fixture)
        loop = self._started().get_loop()  # itself: `Runner.run` would set up and take down signals for each fixture
        with offline(), uncollected():
            return Played(loop.run_until_complete(self._replayed(tape, fixture, build)), fixture)

    async def _replayed(self, tape: Path, fixture: Fixture, build: Build) -> Outcome:
        """How it goes; where it differs, what would be recorded today is kept for `fixture accept`."""
        if (runs := self._runs.get(tape.parent)) is not None:
            return await replay_and_weigh(fixture, build, runs, self._stale)
        return await replay_fixture(fixture, build, stale="warn" if self._stale == "warn" else "fail")

    def _asked(self, live: LiveBench, fixture: Fixture, tape: Path) -> Played:
        """How it goes with a real model, the network open."""
        from greenroom.pytest_plugin.live import properties_of, runs_of

        found = live.play(fixture, tape, self._started())
        told = tuple(properties_of(found))
        return Played(found.outcome, fixture, runs_of(found), told, found.persona, found.model)

    def refused(self, tape: Path) -> bool:
        """Whether what a replay came to could not be kept for the commands that look at it, e.g. in a read-only checkout."""
        return (runs := self._runs.get(tape.parent)) is not None and runs.refused

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
        if folder not in self._parts:
            self._parts[folder] = Parts(folder)
        return self._parts[folder]

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
        bench = config.stash[_BENCH] = Bench(stale_mode(config), _live_bench(config))
        config.add_cleanup(bench.close)
    return config.stash[_BENCH]


def _live_bench(config: pytest.Config) -> LiveBench | None:
    if not config.getoption("--greenroom-live"):
        return None
    from greenroom.pytest_plugin.live import live_of

    return live_of(config)


def stale_mode(config: pytest.Config) -> str:
    """What is to happen to what is stale: the option's word, else the ini file's."""
    return str(config.getoption("--greenroom-stale") or config.getini("greenroom_stale"))


_DOORS = (
    *((socket.socket, name) for name in ("connect", "connect_ex", "sendto", "sendmsg")),
    *((socket, f"get{name}") for name in ("addrinfo", "hostbyaddr", "hostbyname", "hostbyname_ex", "nameinfo")),
)


@contextmanager
def offline(said: str = "a replay tried to use the network; everything it needs must be on the tape") -> Iterator[None]:
    """Refuse every connection, in the words `said`."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    before = [(owner, name, vars(owner).get(name)) for owner, name in _DOORS]
    try:
        for owner, name in _DOORS:
            setattr(owner, name, refuse)
        yield
    finally:
        for owner, name, kept in before:
            if kept is None:
                delattr(owner, name)  # what the class inherits shows again
            else:
                setattr(owner, name, kept)
