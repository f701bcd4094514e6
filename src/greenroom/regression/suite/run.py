"""The runs of a suite given to a crew, paid from one purse and put down one by one.

Invariant: no run is begun that the ceiling may not suffice for, and none on a model that failed several times in a row;
whatever ends the suite, each run that ended before is in the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from greenroom.core.clock import Clock, stamp
from greenroom.core.inert import inert_line
from greenroom.regression.suite.budget import Purse
from greenroom.regression.suite.crew import Crew, Job
from greenroom.regression.suite.journal import Journal, Row
from greenroom.regression.suite.matrix import Run
from greenroom.regression.suite.shift import Ended, Shift

PATIENCE = 3
"""So many errors of one model in a row, and no more of its runs are begun."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a suite is when `row` has ended: `done` of `total` runs have a verdict, `running` are under way."""

    row: Row
    done: int
    total: int
    running: int
    micro_usd: int
    failures: int
    errors: int


@dataclass(slots=True)
class Left:
    """What was not run: how many runs the ceiling did not suffice for, and of which models too many in a row failed."""

    unpaid: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """How many runs were not made."""
        return self.unpaid + sum(self.skipped.values())


def purse_of(journal: Journal, usd: float | None, free: Callable[[str], bool] = lambda model: False) -> Purse:
    """The purse of a suite, with what its runs so far cost taken out; a replay costs nothing. Raises as `Purse`."""
    dearest: dict[str, int] = {}
    for row in journal.rows:
        dearest[row.model] = max(dearest.get(row.model, 0), row.micro_usd)
    replayed = journal.header.matrix.tier == "replay"
    return Purse(usd, sum(row.micro_usd for row in journal.rows), dearest, lambda model: replayed or free(model))


def run_suite(
    root: str,
    journal: Journal,
    crew: Crew[Job],
    purse: Purse,
    clock: Clock,
    seen: Callable[[Progress], None] = lambda progress: None,
) -> Left:
    """Make every run that the journal has no verdict on yet.

    Raises:
        DiskFailed: the journal could not be written.
        KeyboardInterrupt: a person stopped it.
    """
    journal.start()
    return _Suite(root, journal, crew, purse, clock).run(seen)


class _Suite:
    """A suite that runs."""

    def __init__(self, root: str, journal: Journal, crew: Crew[Job], purse: Purse, clock: Clock) -> None:
        self._root, self._journal, self._purse, self._clock = root, journal, purse, clock
        self._suite = f"{journal.header.suite} {stamp(clock.now())}"
        missing = journal.missing()
        self._shift = Shift(crew, purse, missing, self._job, lambda job: job.run, lambda run: run.cell.model)
        self._total = sum(1 for _ in journal.header.matrix.runs())
        self._in_a_row: dict[str, int] = {}
        self._done = self._total - len(missing)
        self._failures = sum(row.judged and row.kind != "passed" for row in journal.rows)
        self._errors = 0
        self._left = Left()

    def run(self, seen: Callable[[Progress], None]) -> Left:
        while self._shift.begin(self._left_out):
            seen(self._progress(self._ended(self._shift.ended())))
        self._left.unpaid = len(self._shift.waiting)
        return self._left

    def _left_out(self, run: Run) -> bool:
        model = run.cell.model
        if self._in_a_row.get(model, 0) < PATIENCE:
            return False
        self._left.skipped[model] = self._left.skipped.get(model, 0) + 1
        return True

    def _job(self, run: Run, micro_usd: int | None) -> Job:
        return Job(self._root, self._suite, *run.cell, run.number, micro_usd)

    def _ended(self, ended: Ended[Job]) -> Row:
        job, result = ended.job, ended.result
        row = Row(
            fixture=job.fixture,
            persona=job.persona,
            model=job.model,
            number=job.number,
            kind=result["kind"],
            line=inert_line(str(result["line"]), 400),
            at=stamp(self._clock.now()),
            milliseconds=int(result["milliseconds"]),
            micro_usd=ended.micro_usd,
            tokens=int(result["tokens"]),
        )
        self._journal.append(row)
        self._judge(row, cut=ended.cut)
        return row

    def _judge(self, row: Row, *, cut: bool) -> None:
        """A run that only lacked money is tried again with more, where there is more."""
        self._done += row.judged
        self._failures += row.judged and row.kind != "passed"
        self._errors += not row.judged
        if row.kind != "error":
            self._in_a_row[row.model] = 0
        elif cut:
            self._shift.again(row.run)
        else:
            self._in_a_row[row.model] = self._in_a_row.get(row.model, 0) + 1
            self._left.why[row.model] = row.line

    def _progress(self, row: Row) -> Progress:
        under_way = self._shift.under_way
        return Progress(row, self._done, self._total, under_way, self._purse.spent, self._failures, self._errors)
