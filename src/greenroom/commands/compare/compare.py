"""`greenroom compare`: from what is asked to the table, several runs at a time.

Invariant: what is broken or unknown is said before anything runs or is paid for; each run that ended is in the journal,
whatever ends the comparison.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Face, Invocation
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import LogDamaged, UsageError
from greenroom.core.inert import inert_line

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.regression.compare.inputs import Spoken
    from greenroom.regression.compare.journal import Combination, Header, Journal, Run
    from greenroom.regression.compare.run import Progress
    from greenroom.regression.compare.table import Table
    from greenroom.workspace.layout import Workspace

_TOLD = 100
"""About so many lines of progress; a run that failed always has one."""
_MOST_AT_ONCE = 4
_WORTH = 4
"""So many runs are worth starting a process for: about two seconds, as long as a run or two of a model that answers fast."""


def compare(asked: Invocation) -> Answer[Table]:
    """Say every input to every combination, in sessions of their own, and set side by side what came of it.

    Exit 1 where some runs were not made, 4 where a model or service failed; differences alone are no failure.

    Raises:
        UsageError: no input, no such persona or comparison, or what is asked is another than what it began with.
        FileInvalid: the input, a persona, a policy or a script is broken.
        DiskFailed: the journal or an export cannot be written.
    """
    from greenroom.commands.compare.lines import lines_of
    from greenroom.commands.compare.outputs import data_of, write_outputs
    from greenroom.commands.control.stop import heed
    from greenroom.commands.suite.lines import width
    from greenroom.regression.compare.inputs import read_inputs
    from greenroom.regression.compare.same_inputs import require_same
    from greenroom.regression.compare.table import as_kept, table

    workspace, face = asked.workspace(), asked.person()
    heed(workspace, face)
    with _journal(asked, workspace) as journal:  # its lock belongs to this thread
        inputs = read_inputs(Path(journal.header.file))
        require_same(journal, inputs)
        left = _made(asked, workspace, journal, inputs, face)
        if not left:
            journal.forget_key()
        settled = journal.settled()
        logs = _logs(workspace, [row.session for row in settled.values()])
        found = table(journal.header, settled, logs)
    inputs = as_kept(inputs, settled, logs)
    write_outputs(found, inputs, asked.text("csv"), asked.text("out"))
    code = 4 if any(row.outcome == "error" for row in settled.values()) else 1 if left else 0
    notes = _notes(found, left)
    return answer(
        found, lines_of(found, inputs, min(width(), 120)), data_of(found, inputs), notes=notes, exit_code=code
    )


def _journal(asked: Invocation, workspace: Workspace) -> Journal:
    """A new comparison's journal, or that of the one that goes on."""
    from greenroom.regression.compare.journal import Journal
    from greenroom.regression.compare.same_inputs import fresh_key

    workspace.make_state()
    if not asked.flag("resume"):
        key = fresh_key()
        return Journal.begin(workspace.state, _asked(asked, workspace, key), key)
    other = [name for name in ("persona", "model", "policy") if asked.words(name)]
    other += [name for name in ("input", "approve") if asked.text(name)] + ["repeat"] * (
        asked.number("repeat") is not None
    )
    if other:
        raise UsageError(
            f"--{other[0]} is what the comparison began with",
            hint="leave it out, or begin a new one",
            code="compare.changed",
        )
    return Journal.resume(workspace.state, asked.text("name"))


def _asked(asked: Invocation, workspace: Workspace, key: str) -> Header:
    from greenroom.regression.compare.inputs import FORMS, read_inputs
    from greenroom.regression.compare.journal import FOLDER, Header
    from greenroom.regression.compare.same_inputs import sealed
    from greenroom.regression.live.options import MOST_RUNS, money
    from greenroom.regression.suite.rows_file import fresh_name

    if not asked.text("input"):
        raise UsageError("compare over which inputs?", hint=f"--input FILE. {FORMS}", code="compare.input")
    repeat = 1 if asked.number("repeat") is None else asked.number("repeat") or 0
    if not 1 <= repeat <= MOST_RUNS:
        raise UsageError("so many runs cannot be made", hint=f"--repeat 1 to {MOST_RUNS}", code="compare.repeat")
    path = Path(asked.text("input")).absolute()
    inputs = read_inputs(path)
    now = stamp(SystemClock().now())
    return Header(
        name=asked.text("name") or fresh_name(workspace.state / FOLDER, now),
        at=now,
        file=str(path),
        inputs=sealed(inputs, key),
        combinations=tuple(_combinations(asked, workspace)),
        repeat=repeat,
        approve="policy" if asked.text("approve") == "policy" else "deny",
        usd=money(asked.text("budget"), "--budget"),
    )


def _combinations(asked: Invocation, workspace: Workspace) -> list[Combination]:
    from greenroom.assembly.variants.comparing import combination

    policies = [str(Path(one).absolute()) for one in dict.fromkeys(asked.words("policy"))] or [""]
    return [
        combination(workspace, persona, model, policy)
        for persona in dict.fromkeys(asked.words("persona") or [""])
        for model in dict.fromkeys(asked.words("model") or [""])
        for policy in policies
    ]


def _made(asked: Invocation, workspace: Workspace, journal: Journal, inputs: Sequence[Spoken], face: Face) -> int:
    """Make the runs that are missing; returns how many were not made."""
    from greenroom.assembly.crew import open_processes
    from greenroom.assembly.crew.comparison import Said, say
    from greenroom.regression.compare.run import Runs, purse_of
    from greenroom.regression.live.budget import too_little
    from greenroom.regression.live.options import money
    from greenroom.workspace.free_models import free_by_name
    from greenroom.workspace.settings import load_settings

    header, turns = journal.header, {one.number: one.turns for one in inputs}
    usd = money(asked.text("budget"), "--budget") if asked.text("budget") else header.usd

    def job(run: Run, micro_usd: int | None) -> Said:
        combination = header.combinations[run.combination]
        return Said(str(workspace.root), header.name, run, combination, turns[run.input], header.approve, micro_usd)

    with closing(open_processes(say, _jobs(asked, journal))) as crew:
        purse = purse_of(journal, usd, partial(free_by_name, load_settings(workspace)))
        runs = Runs(journal, crew, purse, SystemClock(), job, lambda said: said.run)
        try:
            if runs.make(lambda progress: _tell(face, header, progress)):
                face.note(too_little(usd or 0))
        except (KeyboardInterrupt, asyncio.CancelledError):
            total, missing = sum(1 for _ in header.runs()), len(journal.missing())
            face.note(f"stopped: {total - missing} of {total} runs are made; {_go_on(header)}")
            raise KeyboardInterrupt from None
    return len(journal.missing())


def _jobs(asked: Invocation, journal: Journal) -> int:
    """So many runs at a time: as many as were asked for, else no more than are worth a process each."""
    if (number := asked.number("jobs")) is not None:
        return number
    return min(_MOST_AT_ONCE, max(1, len(journal.missing()) // _WORTH))


def _tell(face: Face, header: Header, progress: Progress) -> None:
    """`12/48  3 running  0.0123 USD  input 7 to aria@1.2.0 on openai/gpt-5-mini: cmp4k...`."""
    row, total = progress.row, progress.total
    shown = header.combinations[row.combination].shown
    if row.outcome != "done" or not progress.made % max(1, total // _TOLD) or progress.made == total:
        parts = [f"{progress.made:>{len(str(total))}}/{total}"]
        parts += [f"{progress.running} running"] if progress.running else []
        parts += [f"{progress.micro_usd / 1_000_000:.4f} USD"] if progress.micro_usd else []
        said = row.session if row.outcome == "done" else f"{row.outcome}: {inert_line(row.line, 100)}"
        parts.append(f"input {row.input} to {inert_line(shown, 60)}: {said}")
        face.note("  ".join(parts))
    from greenroom.regression.compare.run import PATIENCE

    if progress.failed == PATIENCE:
        face.note(f"{inert_line(shown, 80)} failed {PATIENCE} times in a row, so no more of its runs are begun")


def _go_on(header: Header) -> str:
    return f"go on with: greenroom compare --resume --name {header.name}"


def _logs(workspace: Workspace, names: Sequence[str]) -> dict[str, Sequence[Record]]:
    """The sessions that are there; one that is gone, was erased or is damaged is left out."""
    from greenroom.log.catalog import session_path
    from greenroom.log.file_log import read_records

    found: dict[str, Sequence[Record]] = {}
    for name in dict.fromkeys(names):
        path = session_path(workspace, name)
        if name and path.is_file():
            try:
                found[name] = read_records(path)
            except (LogDamaged, FileNotFoundError):
                continue
    return found


def _notes(found: Table, left: int) -> list[str]:
    name = found.header.name
    notes = []
    if left:
        notes.append(f"{counted(left, 'run')} not made; go on with: greenroom compare --resume --name {name}")
    if found.missing:
        notes.append(f"of {counted(found.missing, 'run')} the session is gone or damaged")
    return notes
