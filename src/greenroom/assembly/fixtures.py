"""The fixtures of a workspace with what replaying and accepting them needs: their parts, today's contract, their last runs.

Invariant: everything is read once for all fixtures of a look, and nothing here reaches the network or starts a tool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.assembly import load_contract, replay_builder
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.engine.contract import Contract
from greenroom.regression.accept.last_run import LastRun, LastRuns
from greenroom.regression.accept.tape_diff import changes_between
from greenroom.regression.find import chosen, name_of, required
from greenroom.regression.replay.check import check, failing
from greenroom.regression.replay.outcome import Outcome, broken
from greenroom.regression.replay.replay import Fixture, load_fixture, replay_fixture
from greenroom.regression.replay.wall import walled
from greenroom.regression.replay.world import World
from greenroom.regression.stale.documents import Documents
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import SUFFIX, Tape
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import must_be_trusted


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How one fixture goes today. `fixture` is None if its files cannot be read, `run` if there is nothing to take over.

    `otherwise` is how many recorded events the last run has otherwise, `failing` which expectations fail on it, `notes`
    what else is worth knowing.
    """

    name: str
    path: Path
    outcome: Outcome
    fixture: Fixture | None = None
    run: LastRun | None = None
    otherwise: int = 0
    failing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Fixtures:
    """All of a workspace. `trusted` is what a caller knows already; None asks the trust file."""

    def __init__(self, workspace: Workspace, *, trusted: bool | None = None) -> None:
        self.workspace = workspace
        self.runs = last_runs(workspace)
        self._trusted = trusted
        self._parts = Parts(workspace.fixtures)
        self._documents = Documents(workspace.knowledge)
        self._build = replay_builder(workspace, trusted=trusted)
        self._contracts: dict[tuple[str, str], Contract] = {}

    def paths(self, names: Sequence[str] = ()) -> list[Path]:
        """The tapes of that name, pattern or path, or all of them, by name.

        Raises:
            UsageError: there is no such fixture.
            FileInvalid: a tape's file name is not fit to be shown.
        """
        return list(chosen(self.workspace.fixtures, names).values())

    def tape(self, name: str) -> Path:
        """Where the tape of that fixture lies."""
        return self.workspace.fixtures / f"{name}{SUFFIX}"

    def must_be_trusted(self) -> None:
        """Replaying runs what a workspace's files declare.

        Raises:
            UsageError: nobody trusted it.
        """
        must_be_trusted(self.workspace, self._trusted)

    def load(self, path: Path) -> Fixture:
        """One fixture. Raises as `load_fixture`."""
        return load_fixture(path, self._parts)

    def readable(self, names: Sequence[str] = ()) -> tuple[list[Fixture], list[str]]:
        """The fixtures of these names, or all of them, and a line for each whose files are broken.

        Raises:
            UsageError: there is no such fixture, or none at all.
        """
        found: list[Fixture] = []
        broken: list[str] = []
        for path in required(self.workspace.fixtures, names).values():
            try:
                found.append(self.load(path))
            except FileInvalid as error:
                broken.append(f"left out: {error.line()}")
        return found, broken

    def whole(self, path: Path) -> Fixture:
        """One fixture whose every line was looked at.

        Raises:
            FileInvalid: a line is not of the form its kind has, and as `load`.
        """
        fixture = self.load(path)
        World(fixture.tape, fixture.parts, fixture.file)
        return fixture

    def contract(self, tape: Tape) -> Contract:
        """What would govern this fixture's session today. Raises as `load_contract`."""
        key = (tape.persona, tape.model)
        if key not in self._contracts:
            with walled():
                self._contracts[key] = load_contract(self.workspace, *key, trusted=self._trusted)
        return self._contracts[key]

    def checked(self, path: Path, *, stale: bool = True) -> tuple[Outcome, Fixture | None]:
        """What can be said of a fixture without running anything; whether it is `stale` needs a trusted workspace."""
        try:
            fixture = self.load(path)
        except FileInvalid as error:
            return broken(error, path.name), None
        try:
            contract = self.contract(fixture.tape) if stale else None
        except GreenroomError as error:
            return broken(error), fixture
        return check(fixture, contract.digests if contract else {}, contract.texts if contract else {}), fixture

    async def replayed(self, path: Path) -> Reviewed:
        """Replay one offline, and keep what it came to if it differs."""
        name = name_of(path)
        try:
            fixture = self.load(path)
        except FileInvalid as error:
            return Reviewed(name, path, broken(error, path.name))
        found = await replay_fixture(fixture, self._build)
        await self.runs.after(fixture, found, self._build)
        try:
            notes = self._documents.changed(fixture.tape, fixture.parts) if found.kind != "broken" else ()
        except FileInvalid:
            notes = ()  # replaying said so
        run = self.runs.find(name) if found.kind in ("stale", "diverged") else None
        if run is None:
            return Reviewed(name, path, found, fixture, notes=notes)
        otherwise = len(changes_between(fixture.tape.events, run.tape.events))
        failed = failing(fixture, run.tape, self.contract(fixture.tape).texts)
        return Reviewed(name, path, found, fixture, run, otherwise, failed, notes)


async def review(
    fixtures: Fixtures,
    names: Sequence[str] = (),
    on_done: Callable[[int, int], None] = lambda done, of: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Reviewed]:
    """Replay fixtures one after another; `on_done` is told how many are over, `cancelled` asked before each.

    Raises:
        UsageError: there is no such fixture, or the workspace is not trusted.
    """
    fixtures.must_be_trusted()
    paths = fixtures.paths(names)
    found: list[Reviewed] = []
    for path in paths:
        if cancelled():
            break
        found.append(await fixtures.replayed(path))
        on_done(len(found), len(paths))
        await asyncio.sleep(0)
    return found


def last_runs(workspace: Workspace) -> LastRuns:
    """Where what differed is kept; the state folder is made when the first is."""
    return LastRuns(workspace.last_run, workspace.make_state)


def by_cause(found: Sequence[Reviewed]) -> Iterator[tuple[str, list[Reviewed]]]:
    """Each cause of staleness once, with the fixtures it concerns; the most common first."""
    causes: dict[str, list[Reviewed]] = {}
    for one in found:
        for cause in one.outcome.reasons if one.outcome.kind == "stale" or one.outcome.good else ():
            causes.setdefault(cause, []).append(one)
    yield from sorted(causes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
