"""Suites of the help desk for mutants: its own fixtures, and more that are really recorded in a copy of it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Literal

from greenroom.approval.automatic import DenyAll
from greenroom.assembly import open_session
from greenroom.assembly.fixture.mutant_grounds import grounds
from greenroom.regression.case import Case
from greenroom.regression.mutation.mutant import Kind
from greenroom.regression.mutation.run import Result, Run, run
from greenroom.regression.mutation.suite import Suite
from greenroom.regression.record.record import export
from greenroom.regression.replay.replay import Fixture, load_fixture
from greenroom.regression.tape.parts import Parts
from greenroom.workspace.find import require
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"


def loaded(root: Path) -> list[Fixture]:
    """The fixtures of a workspace."""
    parts = Parts(root / "fixtures")
    return [load_fixture(path, parts) for path in sorted((root / "fixtures").glob("*.tape.jsonl"))]


def shop(folder: Path) -> Workspace:
    """A trusted copy of the help desk."""
    ignored = shutil.ignore_patterns(".greenroom", "outbox", "__pycache__")
    shutil.copytree(HELPDESK, folder / "shop", ignore=ignored)
    workspace = require(folder / "shop")
    trust(workspace)
    return workspace


def recorded(workspace: Workspace, name: str, *words: str, expect: Literal["good", "observe"] = "good") -> Path:
    """A session in which nothing is approved, exported as a fixture; returns its tape."""

    async def talk() -> Path:
        session = await open_session(workspace, instant=True, approver=DenyAll())
        for one in words:
            await session.turn(one)
        records, contract = list(session.records), session.contract
        await session.aclose()
        done = export(records, contract, workspace.fixtures, name, expect=expect)
        return done.tape

    return asyncio.run(talk())


def suite(workspace: Workspace, *names: str, case: Case | None = None) -> Suite:
    """The fixtures of a workspace, or those of these names; with one case for all of them where it is given."""
    found = [one for one in loaded(workspace.root) if not names or one.file.removesuffix(".tape.jsonl") in names]
    if case is not None:
        found = [Fixture(one.file, one.tape, case, one.parts) for one in found]
    return Suite(found, grounds(workspace, trusted=True))


def ran(made: Suite, *kinds: Kind, only: str = "") -> Run:
    """A run of the mutants of these kinds whose name holds `only`."""
    mutants = [aimed for aimed in made.mutants(kinds) if only in aimed[0].name]
    assert mutants, only
    return asyncio.run(run(made, mutants))


def by_change(found: Run) -> dict[str, Result]:
    """Results by what was changed."""
    return {one.mutant.change: one for one in found.results}
