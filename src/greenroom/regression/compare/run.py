"""The runs of a comparison given to a crew, paid from one purse and put down one by one.

Invariant: each run that ended is in the journal before another one is begun in its place, whatever ends the comparison;
no run is begun that the ceiling may not suffice for, and none of a combination that failed several times in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import GreenroomError, KillSwitchThrown, UsageError
from greenroom.core.inert import inert_line
from greenroom.regression.compare.journal import Journal, Row, Run
from greenroom.regression.suite.budget import Purse
from greenroom.regression.suite.crew import Crew, J, Result
from greenroom.regression.suite.shift import Ended, Shift

PATIENCE = 3
"""So many errors of one combination in a row, and no more of its runs are begun."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison is when `row` has ended: `made` of `total` are done or will not be, `failed` in a row."""

    row: Row
    made: int
    total: int
    running: int
    micro_usd: int
    failed: int


def purse_of(journal: Journal, usd: float | None, free: Callable[[str], bool] = lambda asked: False) -> Purse:
    """The purse of a comparison, with what its runs so far cost taken out. Raises as `Purse`.

    `free` tells by the word a model was asked for with whether it costs nothing.
    """
    dearest: dict[str, int] = {}
    for row in journal.rows:
        name = journal.header.combinations[row.combination].name
        dearest[name] = max(dearest.get(name, 0), row.micro_usd)
    paid = {one.name for one in journal.header.combinations if not free(one.model or one.name)}
    return Purse(usd, sum(row.micro_usd for row in journal.rows), dearest, lambda name: name not in paid)


class Runs(Generic[J]):
    """The runs a comparison still lacks. `job_of` makes a crew's job of one, `run_of` is the way back."""

    def __init__(
        self,
        journal: Journal,
        crew: Crew[J],
        purse: Purse,
        clock: Clock,
        job_of: Callable[[Run, int | None], J],
        run_of: Callable[[J], Run],
    ) -> None:
        self._journal, self._purse, self._clock, self._run_of = journal, purse, clock, run_of
        self._total = sum(1 for _ in journal.header.runs())
        self._in_a_row: dict[int, int] = {}
        self._shift = Shift(crew, purse, journal.missing(), job_of, run_of, self._model)

    def make(self, seen: Callable[[Progress], None]) -> int:
        """Make them; returns for how many the ceiling did not suffice.

        Raises:
            UsageError: a combination is another than it was when the comparison began.
            KillSwitchThrown: a person stopped everything.
            DiskFailed: the journal could not be written.
            KeyboardInterrupt: a person stopped the comparison.
        """
        end: GreenroomError | None = None
        while self._shift.begin(self._left_out):
            ended = self._shift.ended()
            seen(self._put_down(ended))
            if (problem := _ends_all(ended.result)) is not None:
                end = end or problem
                self._shift.waiting.clear()  # what is under way comes to its own end
        if end is not None:
            raise end
        return len(self._shift.waiting)

    def _model(self, run: Run) -> str:
        return self._journal.header.combinations[run.combination].name

    def _left_out(self, run: Run) -> bool:
        return self._in_a_row.get(run.combination, 0) >= PATIENCE

    def _put_down(self, ended: Ended[J]) -> Progress:
        result, run = ended.result, self._run_of(ended.job)
        row = Row(
            input=run.input,
            combination=run.combination,
            repeat=run.repeat,
            outcome=result["kind"],
            session=str(result.get("session", "")),
            line=inert_line(str(result["line"]), 400),
            at=stamp(self._clock.now()),
            micro_usd=ended.micro_usd,
        )
        self._journal.append(row)
        in_vain = row.outcome == "error" or (row.outcome == "cut" and not ended.cut)
        failed = self._in_a_row.get(run.combination, 0) + 1 if in_vain else 0
        self._in_a_row[run.combination] = failed
        if ended.cut and row.outcome == "cut":
            self._shift.again(run)
        made = self._total - len(self._journal.missing())
        return Progress(row, made, self._total, self._shift.under_way, self._purse.spent, failed)


def _ends_all(result: Result) -> GreenroomError | None:
    """The error that no other run can escape, as the worker met it."""
    if not (code := str(result.get("stops", ""))):
        return None
    kind = KillSwitchThrown if code == KillSwitchThrown.default_code else UsageError
    return kind(str(result["message"]), hint=str(result["hint"]), code=code)
