"""`greenroom compare`: from what is asked to the table, one run after another.

Invariant: what is broken or unknown is said before anything runs or is paid for; each run that ended is in the journal,
whatever ends the comparison.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Face, Invocation
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import GreenroomError, LogDamaged, UsageError
from greenroom.core.inert import inert_line

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.regression.compare.inputs import Spoken
    from greenroom.regression.compare.journal import Combination, Header, Journal, Outcome, Row, Run
    from greenroom.regression.compare.table import Table
    from greenroom.regression.suite.budget import Purse
    from greenroom.workspace.layout import Workspace

_TOLD = 100
"""About so many lines of progress; a run that failed always has one."""
_PATIENCE = 3
"""So many errors of one combination in a row, and no more of its runs are begun."""


async def compare(asked: Invocation) -> Answer[Table]:
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
    from greenroom.regression.compare.table import as_kept, table

    workspace, face = asked.workspace(), asked.person()
    heed(workspace, face)
    with _journal(asked, workspace) as journal:  # its lock belongs to this thread
        inputs = await asyncio.to_thread(read_inputs, Path(journal.header.file))
        _require_same(journal.header, inputs)
        left = await _Comparison(workspace, journal, inputs, face, _purse(asked, journal)).run()
        settled = journal.settled()
        logs = await asyncio.to_thread(_logs, workspace, [row.session for row in settled.values()])
        found = await asyncio.to_thread(table, journal.header, settled, logs)
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

    workspace.make_state()
    if not asked.flag("resume"):
        return Journal.begin(workspace.state, _asked(asked, workspace))
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


def _asked(asked: Invocation, workspace: Workspace) -> Header:
    from greenroom.regression.compare.inputs import FORMS, read_inputs
    from greenroom.regression.compare.journal import FOLDER, Header
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
        inputs=tuple(one.digest for one in inputs),
        combinations=tuple(_combinations(asked, workspace)),
        repeat=repeat,
        approve="policy" if asked.text("approve") == "policy" else "deny",
        usd=money(asked.text("budget")),
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


def _require_same(header: Header, inputs: Sequence[Spoken]) -> None:
    if tuple(one.digest for one in inputs) != header.inputs:
        raise UsageError(
            f"{Path(header.file).name} holds other inputs than when '{header.name}' began",
            hint="begin a new comparison",
            code="compare.changed",
        )


def _purse(asked: Invocation, journal: Journal) -> Purse:
    from greenroom.regression.live.options import money
    from greenroom.regression.suite.budget import Purse

    usd = money(asked.text("budget")) if asked.text("budget") else journal.header.usd
    dearest: dict[str, int] = {}
    for row in journal.rows:
        name = journal.header.combinations[row.combination].name
        dearest[name] = max(dearest.get(name, 0), row.micro_usd)
    return Purse(usd, sum(row.micro_usd for row in journal.rows), dearest)


class _Comparison:
    """A comparison that runs."""

    def __init__(
        self, workspace: Workspace, journal: Journal, inputs: Sequence[Spoken], face: Face, purse: Purse
    ) -> None:
        self._workspace, self._journal, self._face, self._purse = workspace, journal, face, purse
        self._turns = {one.number: one.turns for one in inputs}
        self._total = sum(1 for _ in journal.header.runs())
        self._errors_in_a_row: dict[int, int] = {}

    async def run(self) -> int:
        """Make the runs that are missing; returns how many were not made."""
        try:
            for run in self._journal.missing():
                if self._errors_in_a_row.get(run.combination, 0) < _PATIENCE and not await self._made(run):
                    break
        except (KeyboardInterrupt, asyncio.CancelledError):
            missing = len(self._journal.missing())
            self._face.note(f"stopped: {self._total - missing} of {self._total} runs are made; {self._go_on()}")
            raise KeyboardInterrupt from None
        return len(self._journal.missing())

    async def _made(self, run: Run) -> bool:
        """Make one run and put it down; whether another may follow."""
        from greenroom.assembly.variants.comparing import stops_all

        reserved = self._purse.reserve(self._journal.header.combinations[run.combination].name)
        if reserved is None:
            self._face.note(f"{(self._purse.ceiling or 0) / 1_000_000:g} USD may not suffice for another run")
            return False
        session: list[str] = []
        outcome, error = await self._carried(run, reserved.micro_usd, session)
        row = self._row(run, session, outcome, error.line() if error else "")
        self._purse.settle(reserved, row.micro_usd)
        self._journal.append(row)
        failed = self._errors_in_a_row.get(run.combination, 0) + 1
        self._errors_in_a_row[run.combination] = failed if outcome == "error" else 0
        self._tell(row)
        if outcome == "error" and failed == _PATIENCE:
            shown = inert_line(self._journal.header.combinations[run.combination].shown, 80)
            self._face.note(f"{shown} failed {_PATIENCE} times in a row, so no more of its runs are begun")
        if error is not None and stops_all(error):
            raise error
        return outcome != "cut"

    async def _carried(
        self, run: Run, micro_usd: int | None, session: list[str]
    ) -> tuple[Outcome, GreenroomError | None]:
        """Say it all; what came of it, with what was in the way. The session's id is put into `session` as it begins."""
        from greenroom.assembly.variants.comparing import Cut, carry

        header = self._journal.header
        asked, turns = header.combinations[run.combination], self._turns[run.input]
        try:
            await carry(
                self._workspace,
                asked,
                turns,
                header.name,
                approve=header.approve,
                micro_usd=micro_usd,
                began=session.append,
            )
        except Cut:
            return "cut", None
        except GreenroomError as error:
            return "error", error
        return "done", None

    def _row(self, run: Run, session: list[str], outcome: Outcome, line: str) -> Row:
        from greenroom.assembly.variants.comparing import spent
        from greenroom.regression.compare.journal import Row

        name = session[0] if session else ""
        return Row(
            input=run.input,
            combination=run.combination,
            repeat=run.repeat,
            outcome=outcome,
            session=name,
            line=inert_line(line or ("it reached what it may cost" if outcome == "cut" else ""), 400),
            at=stamp(SystemClock().now()),
            micro_usd=spent(_logs(self._workspace, [name]).get(name, ())),
        )

    def _tell(self, row: Row) -> None:
        made = self._total - len(self._journal.missing())
        if row.outcome == "done" and made % max(1, self._total // _TOLD) and made != self._total:
            return
        parts = [f"{made:>{len(str(self._total))}}/{self._total}"]
        parts += [f"{self._purse.spent / 1_000_000:.4f} USD"] if self._purse.spent else []
        asked = self._journal.header.combinations[row.combination]
        said = row.session if row.outcome == "done" else f"{row.outcome}: {inert_line(row.line, 100)}"
        parts.append(f"input {row.input} to {inert_line(asked.shown, 60)}: {said}")
        self._face.note("  ".join(parts))

    def _go_on(self) -> str:
        return f"go on with: greenroom compare --resume --name {self._journal.header.name}"


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
