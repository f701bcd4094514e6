"""The runs of a suite given to a crew, paid from one purse and put down one by one.

Invariant: no run is begun that the ceiling may not suffice for, and none on a model that failed several times in a row;
whatever ends the suite, each run that ended before is in the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from greenroom.core.clock import Clock, stamp
from greenroom.core.inert import inert_line
from greenroom.regression.suite.budget import Purse, Reserved
from greenroom.regression.suite.crew import Crew, Job, Result
from greenroom.regression.suite.journal import Journal, Row
from greenroom.regression.suite.matrix import Run

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


def purse_of(journal: Journal, usd: float | None) -> Purse:
    """The purse of a suite, with what its runs so far cost taken out. Raises as `Purse`."""
    dearest: dict[str, int] = {}
    for row in journal.rows:
        dearest[row.model] = max(dearest.get(row.model, 0), row.micro_usd)
    return Purse(usd, sum(row.micro_usd for row in journal.rows), dearest)


def run_suite(
    root: str,
    journal: Journal,
    crew: Crew,
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

    def __init__(self, root: str, journal: Journal, crew: Crew, purse: Purse, clock: Clock) -> None:
        self._root, self._journal, self._crew, self._purse, self._clock = root, journal, crew, purse, clock
        self._suite = f"{journal.header.suite} {stamp(clock.now())}"
        self._waiting = deque(journal.missing())
        self._total = sum(1 for _ in journal.header.matrix.runs())
        self._under_way: dict[Run, Reserved] = {}
        self._in_a_row: dict[str, int] = {}
        self._done = self._total - len(self._waiting)
        self._failures = sum(row.judged and row.kind != "passed" for row in journal.rows)
        self._errors = 0
        self._left = Left()

    def run(self, seen: Callable[[Progress], None]) -> Left:
        while self._begun():
            job, result = self._crew.next()
            seen(self._progress(self._ended(job, result)))
        self._left.unpaid = len(self._waiting)
        return self._left

    def _begun(self) -> bool:
        """Begin what can be; whether anything is under way then."""
        later: list[Run] = []  # perhaps when something under way has cost less than was set aside for it
        while self._waiting and len(self._under_way) < self._crew.size:
            run = self._waiting.popleft()
            if not self._begin(run):
                later.append(run)
        self._waiting.extendleft(reversed(later))
        return bool(self._under_way)

    def _begin(self, run: Run) -> bool:
        """Whether a run was begun, or never will be; False while there is no money for it."""
        model = run.cell.model
        if self._in_a_row.get(model, 0) >= PATIENCE:
            self._left.skipped[model] = self._left.skipped.get(model, 0) + 1
            return True
        reserved = self._purse.reserve(model)
        if reserved is None:
            return False
        self._under_way[run] = reserved
        self._crew.submit(Job(self._root, self._suite, *run.cell, run.number, reserved.micro_usd))
        return True

    def _ended(self, job: Job, result: Result) -> Row:
        reserved = self._under_way.pop(job.run)
        spent = self._purse.settle(reserved, int(result["micro_usd"]), known=not result.get("died"))
        row = Row(
            fixture=job.fixture,
            persona=job.persona,
            model=job.model,
            number=job.number,
            kind=result["kind"],
            line=inert_line(str(result["line"]), 400),
            at=stamp(self._clock.now()),
            milliseconds=int(result["milliseconds"]),
            micro_usd=spent,
            tokens=int(result["tokens"]),
        )
        self._journal.append(row)
        self._judge(row, cut=self._purse.cut(reserved, spent))
        return row

    def _judge(self, row: Row, *, cut: bool) -> None:
        """A run that only lacked money is tried again with more, where there is more."""
        self._done += row.judged
        self._failures += row.judged and row.kind != "passed"
        self._errors += not row.judged
        if row.kind != "error":
            self._in_a_row[row.model] = 0
        elif cut:
            self._waiting.appendleft(row.run)
        else:
            self._in_a_row[row.model] = self._in_a_row.get(row.model, 0) + 1
            self._left.why[row.model] = row.line

    def _progress(self, row: Row) -> Progress:
        under_way = len(self._under_way)
        return Progress(row, self._done, self._total, under_way, self._purse.spent, self._failures, self._errors)
