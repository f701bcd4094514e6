"""Fixtures over versions of personas and over models: `fixture matrix`, from what is asked to the table."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Face, Invocation
from greenroom.commands.suite.asked import matrix_asked, require_same
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.cut import at_word
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.suite.crew import Crew, Job
    from greenroom.regression.suite.journal import Journal
    from greenroom.regression.suite.matrix import LeftOut
    from greenroom.regression.suite.run import Left, Progress
    from greenroom.regression.suite.table import Compared
    from greenroom.workspace.layout import Workspace

_TOLD = 100
"""About so many lines of progress; a run that did not pass always has one."""


def matrix(asked: Invocation) -> Answer[Compared]:
    """Run fixtures as several personas on several models, and compare; without a model, replay their tapes. Those that
    are broken, or hold words that no live run can say, are named, and the others run.

    Exit 1 when fewer runs of a cell passed than must, or some were not made, 3 for a broken file, 4 when a model or service failed.

    Raises:
        UsageError: no such fixture, persona or suite, or what is asked is another than what the suite began with.
        FileInvalid: a persona or script is broken, every fixture is, or one that a suite is to go on with.
        ServiceUnavailable: the cluster does not answer.
    """
    from greenroom.assembly.crew import open_crew
    from greenroom.commands.suite.lines import csv_text, data_of, lines_of, width
    from greenroom.regression.live.options import money
    from greenroom.regression.suite.table import compare
    from greenroom.regression.tape.parts import write_whole

    workspace = asked.workspace()
    journal, left_out = _journal(asked, workspace)
    with journal:
        usd = money(asked.text("usd")) if asked.text("usd") else journal.header.usd
        tier = journal.header.matrix.tier
        with closing(open_crew(tier, _processes(asked), asked.text("cluster"))) as crew:
            if asked.face is not None:
                for line in _said_before(left_out):
                    asked.face.note(line)
            left = _run(asked.face, workspace, journal, crew, usd)
        compared = compare(journal.header, journal.rows)
    if file := asked.text("csv"):
        write_whole(Path(file), csv_text(compared).encode())
    notes = [*_not_made(left, usd, journal.header.suite)]
    lines = lines_of(compared, width())
    if told := [*_unsayable(left_out), *_broken(left_out, workspace)]:
        lines += [*([""] if lines[-1] else []), *told]
    data = {
        **data_of(compared, left),
        "broken": _data([one for one in left_out if one.broken]),
        "unsayable": _data([one for one in left_out if not one.broken]),
    }
    broken = any(one.broken for one in left_out)
    return answer(compared, lines, data, notes=notes, exit_code=_exit_code(compared, left, broken=broken))


def _data(left_out: Sequence[LeftOut]) -> list[Json]:
    return [{"fixture": one.fixture, "line": one.error.line()} for one in left_out]


def _said_before(left_out: Sequence[LeftOut]) -> list[str]:
    """What is left out, before anything is run: how many are broken, and of each other one why."""
    broken = sum(one.broken for one in left_out)
    lines = [f"{counted(broken, 'fixture')} left out, being broken; what is wrong follows below"] if broken else []
    return [*lines, *(f"{one.fixture} left out: {one.error.line()}" for one in left_out if not one.broken)]


def _unsayable(left_out: Sequence[LeftOut]) -> list[str]:
    """The fixtures of which no live run can be made, once more by name below the table."""
    names = [one.fixture for one in left_out if not one.broken]
    said = f"{counted(len(names), 'fixture')} left out, as no live run can say the words of"
    return [f"{said} {'it' if len(names) == 1 else 'them'}: {', '.join(names)}"] if names else []


def _broken(left_out: Sequence[LeftOut], workspace: Workspace) -> list[str]:
    """The fixtures that could not be run, as `fixture check` tells of them."""
    from greenroom.commands.fixture.show import by_cause
    from greenroom.regression.replay.outcome import broken

    told = [(one.fixture, broken(one.error, one.file)) for one in left_out if one.broken]
    return list(by_cause(told, workspace.fixtures))


def _journal(asked: Invocation, workspace: Workspace) -> tuple[Journal, tuple[LeftOut, ...]]:
    """A new suite's journal, or that of the one that goes on; and the fixtures of which nothing can be run."""
    from greenroom.regression.live.options import money
    from greenroom.regression.suite.journal import FOLDER, Header, Journal, kept
    from greenroom.regression.suite.rows_file import fresh_name

    name = asked.text("name")
    workspace.make_state()
    if not asked.flag("resume"):
        now = stamp(SystemClock().now())
        matrix, left_out = matrix_asked(asked, workspace)
        header = Header(
            suite=name or fresh_name(workspace.state / FOLDER, now),
            at=now,
            matrix=matrix,
            usd=money(asked.text("usd")),
        )
        return Journal.begin(workspace.state, header), left_out
    if not name:
        suites = kept(workspace.state)
        if not suites:
            raise UsageError("there is no suite to go on with", code="suite.name")
        name = suites[-1][0].suite
    journal = Journal.resume(workspace.state, name)
    try:
        left_out = require_same(asked, workspace, journal.header.matrix, name)
    except BaseException:
        journal.__exit__(None, None, None)
        raise
    return journal, left_out


def _run(face: Face | None, workspace: Workspace, journal: Journal, crew: Crew[Job], usd: float | None) -> Left:
    from greenroom.regression.suite.run import purse_of, run_suite
    from greenroom.workspace.free_models import free_by_name
    from greenroom.workspace.settings import load_settings

    def seen(progress: Progress) -> None:
        if face is not None and _worth_a_line(progress):
            face.note(_told(progress))

    purse = purse_of(journal, usd, partial(free_by_name, load_settings(workspace)))
    try:
        return run_suite(str(workspace.root), journal, crew, purse, SystemClock(), seen)
    except (KeyboardInterrupt, asyncio.CancelledError):
        if face is not None:
            total = sum(1 for _ in journal.header.matrix.runs())
            done = total - len(journal.missing())
            face.note(f"stopped: {done} of {total} runs have a verdict; go on with: {_resume(journal.header.suite)}")
        raise KeyboardInterrupt from None


def _resume(name: str) -> str:
    return f"greenroom fixture matrix --resume --name {name}"


def _worth_a_line(progress: Progress) -> bool:
    step = max(1, progress.total // _TOLD)
    return progress.row.kind != "passed" or progress.done % step == 0 or progress.done == progress.total


def _told(progress: Progress) -> str:
    """`12/48  2 running  0.0123 USD  1 failed  refund-over-limit aria@1.2.0 openai/gpt-5-mini: passed`."""
    row = progress.row
    parts = [f"{progress.done:>{len(str(progress.total))}}/{progress.total}"]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"{progress.micro_usd / 1_000_000:.4f} USD"] if progress.micro_usd else []
    parts += [f"{progress.failures} failed"] if progress.failures else []
    parts += [f"{progress.errors} without verdict"] if progress.errors else []
    cell = " ".join(word for word in (row.fixture, row.persona, row.model) if word)
    said = row.kind if row.kind == "passed" else f"{row.kind}: {at_word(inert_line(row.line), 60)}"
    return "  ".join([*parts, f"{inert_line(cell, 100)}: {said}"])


def _not_made(left: Left, usd: float | None, name: str) -> list[str]:
    from greenroom.regression.live.budget import too_little

    notes = []
    for model, number in left.skipped.items():
        notes.append(
            f"{model or 'the replay'} failed several times in a row, so {counted(number, 'run')} of it "
            f"{'was' if number == 1 else 'were'} not made: {left.why[model]}"
        )
    if left.unpaid:
        notes.append(f"{counted(left.unpaid, 'run')} not made: {too_little(usd or 0)}")
    if left.number:
        notes.append(f"go on with: {_resume(name)}{' --usd MORE' if left.unpaid else ''}")
    return notes


def _exit_code(compared: Compared, left: Left, *, broken: bool) -> int:
    kinds = {row.kind for row, _ in compared.noted}
    if "error" in kinds:
        return 4
    if broken or "broken" in kinds:
        return 3
    return 1 if left.number or not all(figures.good for figures in compared.cells.values()) else 0


def _processes(asked: Invocation) -> int:
    number = asked.number("processes")
    return 1 if number is None else number
