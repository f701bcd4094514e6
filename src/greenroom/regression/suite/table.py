"""A suite's runs compared: what each cell, each column and the whole came to, and whether one column is best.

Invariant: the figures depend on the rows alone and not on the order in which they came. Errors are counted beside the
verdicts and never among them; a column is called best only where it leads by more runs than went against their own cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from greenroom.regression.live.reliability import pass_hat
from greenroom.regression.suite.journal import Header, Row
from greenroom.regression.suite.matrix import Cell

Column = tuple[str, str]
"""A persona and a model, as they were asked for."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What runs came to. `asked` were to be made, `needed` must pass, `runs` came to a verdict, `errors` did not.

    `pass_k` is the estimate for as many runs as must pass; of several cells it is their mean. `milliseconds` is the
    median of the judged runs, None where there are none. Money and tokens are sums, those of runs without verdict too.
    """

    asked: int
    needed: int
    runs: int
    passed: int
    errors: int
    pass_k: float | None
    milliseconds: int | None
    micro_usd: int
    tokens: int

    @property
    def good(self) -> bool:
        """Whether as many runs passed as must."""
        return self.passed >= self.needed

    @property
    def share(self) -> float | None:
        """The share of the judged runs that passed."""
        return self.passed / self.runs if self.runs else None

    @property
    def against(self) -> int:
        """How many runs went against the majority of their own cell: what chance does here."""
        return min(self.passed, self.runs - self.passed)


@dataclass(frozen=True, slots=True)
class Best:
    """The column that passed most, if that is more than noise: its lead over the next in runs, and `against` of both."""

    column: Column
    lead: int
    against: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A suite's table: fixtures with the worst regressions first, and under each column what it came to.

    `noted` are the rows that did not pass, one for each cell and line.
    """

    header: Header
    columns: tuple[Column, ...]
    fixtures: tuple[str, ...]
    cells: dict[Cell, Figures]
    totals: dict[Column, Figures]
    best: Best | None
    why_none: str
    noted: tuple[tuple[Row, int], ...]


def compare(header: Header, rows: Sequence[Row]) -> Compared:
    """The table of a suite, whole or broken off."""
    by_cell: dict[Cell, list[Row]] = {cell: [] for cell in header.matrix.cells()}
    for row in rows:
        if row.run.cell in by_cell:
            by_cell[row.run.cell].append(row)
    cells = {cell: _figures(header, cell, mine) for cell, mine in by_cell.items()}
    columns = tuple(dict.fromkeys((cell.persona, cell.model) for cell in cells))
    totals = {column: _total(column, cells, by_cell) for column in columns}
    best, why_none = _best(header, columns, cells, totals)
    fixtures = tuple(sorted(header.matrix.fixtures, key=lambda name: _worst_first(name, columns, cells)))
    noted = tuple(sorted(_noted(by_cell), key=lambda one: (fixtures.index(one[0].fixture), one[0].run, one[0].line)))
    return Compared(header, columns, fixtures, cells, totals, best, why_none, noted)


def _counted(rows: Iterable[Row]) -> tuple[list[Row], int]:
    """The verdict of each run (its last one), and how many runs have only an error."""
    last: dict[int, Row] = {}
    for row in rows:
        if row.judged or not (row.number in last and last[row.number].judged):
            last[row.number] = row
    judged = [last[number] for number in sorted(last) if last[number].judged]
    return judged, len(last) - len(judged)


def _figures(header: Header, cell: Cell, rows: Sequence[Row]) -> Figures:
    judged, errors = _counted(rows)
    passed = sum(row.kind == "passed" for row in judged)
    asked = header.matrix.fixtures[cell.fixture]
    return Figures(
        asked=asked.runs,
        needed=asked.needed,
        runs=len(judged),
        passed=passed,
        errors=errors,
        pass_k=pass_hat(len(judged), passed, asked.needed),
        milliseconds=_median(judged),
        micro_usd=sum(row.micro_usd for row in rows),
        tokens=sum(row.tokens for row in rows),
    )


def _total(column: Column, cells: dict[Cell, Figures], by_cell: dict[Cell, list[Row]]) -> Figures:
    own = [figures for cell, figures in cells.items() if (cell.persona, cell.model) == column]
    rows = [row for cell, mine in by_cell.items() if (cell.persona, cell.model) == column for row in _counted(mine)[0]]
    estimates = [one.pass_k for one in own if one.pass_k is not None]
    return Figures(
        asked=sum(one.asked for one in own),
        needed=sum(one.needed for one in own),
        runs=sum(one.runs for one in own),
        passed=sum(one.passed for one in own),
        errors=sum(one.errors for one in own),
        pass_k=sum(estimates) / len(estimates) if estimates else None,
        milliseconds=_median(rows),
        micro_usd=sum(one.micro_usd for one in own),
        tokens=sum(one.tokens for one in own),
    )


def _median(rows: Sequence[Row]) -> int | None:
    return round(median(row.milliseconds for row in rows)) if rows else None


def _best(
    header: Header, columns: Sequence[Column], cells: dict[Cell, Figures], totals: dict[Column, Figures]
) -> tuple[Best | None, str]:
    """The best column, or in a few words why none is called so."""
    if len(columns) < 2:
        return None, ""
    if len({tuple(_runs_of(header, column, cells)) for column in columns}) > 1:
        return None, "the columns did not make the same runs, so none is called best"
    ranked = sorted(columns, key=lambda column: -totals[column].passed)
    first, second = ranked[0], ranked[1]
    lead = totals[first].passed - totals[second].passed
    if not lead:
        return None, f"{totals[first].passed} of {totals[first].runs} passed in more than one column: none is best"
    single = header.matrix.tier == "live" and all(one.runs < 2 for one in header.matrix.fixtures.values())
    if single:
        return None, f"a lead of {lead}, but one run a cell cannot show what chance does: none is called best"
    against = sum(figures.against for cell, figures in cells.items() if (cell.persona, cell.model) in (first, second))
    if lead <= against:
        return None, f"a lead of {lead}, but {against} went against the majority of their own cell: none is called best"
    return Best(first, lead, against), ""


def _runs_of(header: Header, column: Column, cells: dict[Cell, Figures]) -> Iterable[tuple[str, int]]:
    for name in header.matrix.fixtures:
        figures = cells.get(Cell(name, *column))
        yield name, figures.runs if figures is not None else 0


def _worst_first(name: str, columns: Sequence[Column], cells: dict[Cell, Figures]) -> tuple[float, float, str]:
    """The deepest fall below the first column that ran the fixture, then the lowest share that passed."""
    shares = [one.share for column in columns if (one := cells.get(Cell(name, *column))) and one.share is not None]
    if not shares:
        return 1.0, 1.0, name
    return min(share - shares[0] for share in shares), min(shares), name


def _noted(by_cell: dict[Cell, list[Row]]) -> Iterable[tuple[Row, int]]:
    for rows in by_cell.values():
        judged, _ = _counted(rows)
        settled = {row.number for row in judged}
        bad = [row for row in judged if row.kind != "passed"]
        bad += [row for row in rows if not row.judged and row.number not in settled]
        counts: dict[tuple[str, str], tuple[Row, int]] = {}
        for row in bad:
            first, number = counts.get((row.kind, row.line), (row, 0))
            counts[row.kind, row.line] = (first, number + 1)
        yield from counts.values()
