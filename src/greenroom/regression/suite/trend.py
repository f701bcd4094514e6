"""How each cell developed over the suites and live runs kept in a workspace.

Invariant: a point is what one run of a suite, or one entry of the history of live runs, came to; nothing is smoothed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenroom.regression.live.history import Entry
from greenroom.regression.suite.journal import Header, Row
from greenroom.regression.suite.matrix import Cell, id_of
from greenroom.regression.suite.table import Figures, compare

REPLAYED = "replay"
"""What stands in the place of a model where tapes were replayed."""


@dataclass(frozen=True, slots=True)
class Point:
    """One suite, or one entry of the history (`suite` is ''), which keeps no digests (`mark` is '').

    `early` is how a point is told whose runs were not all made because the verdict was certain, which is no rate.
    """

    at: str
    suite: str
    persona: str
    mark: str
    runs: int
    passed: int
    pass_k: float | None
    milliseconds: int | None
    micro_usd: int
    early: str = ""

    @property
    def told(self) -> str:
        """`2/3`, or `failed@1/3` where the verdict was certain after one of three runs and the others were left out."""
        return self.early or f"{self.passed}/{self.runs}"

    @property
    def share(self) -> float:
        """The share that passed; of a point there is at least one run. What was decided early is all or nothing."""
        if self.early:
            return float(self.early.startswith("passed"))
        return self.passed / self.runs


@dataclass(frozen=True, slots=True)
class Trend:
    """A cell, by the full name of its model and the table it is reached by, with its points, newest last."""

    fixture: str
    persona: str
    model: str
    points: tuple[Point, ...]

    @property
    def change(self) -> float:
        """How the newest share compares with the one before; 0 for a single point."""
        return self.points[-1].share - self.points[-2].share if len(self.points) > 1 else 0.0


def trends(
    suites: Iterable[tuple[Header, Sequence[Row]]], history: Iterable[Entry], fixture: str = ""
) -> tuple[Trend, ...]:
    """The trends of a fixture, or of all; what has fallen most comes first.

    Runs of the history from an event on are left out: they are no runs of the whole fixture.
    """
    points: dict[Cell, list[Point]] = {}
    for header, rows in suites:
        for cell, figures in compare(header, rows).cells.items():
            if figures.runs:
                points.setdefault(_named(header, cell), []).append(_point(header, cell, figures))
    for entry in history:
        if entry.runs and not entry.start:
            points.setdefault(Cell(entry.fixture, id_of(entry.persona), _model(entry.table, entry.model)), []).append(
                _noted(entry)
            )
    found = [
        Trend(*cell, tuple(sorted(mine, key=lambda point: (point.at, point.suite))))
        for cell, mine in points.items()
        if fixture in ("", cell.fixture)
    ]
    return tuple(sorted(found, key=lambda one: (one.change, one.points[-1].share, one.fixture, one.persona, one.model)))


def _named(header: Header, cell: Cell) -> Cell:
    full = header.matrix.models[cell.model].name
    return cell._replace(model=_model(cell.model if cell.model != full else "", full) or REPLAYED)


def _model(table: str, name: str) -> str:
    """A model as a trend names it: one that is reached in two ways is two."""
    return f"{name} [{table}]" if table else name


def _point(header: Header, cell: Cell, figures: Figures) -> Point:
    persona = header.matrix.personas[cell.persona]
    return Point(
        at=header.at,
        suite=header.suite,
        persona=persona.label,
        mark=persona.mark,
        runs=figures.runs,
        passed=figures.passed,
        pass_k=figures.pass_k,
        milliseconds=figures.milliseconds,
        micro_usd=figures.micro_usd,
    )


def _noted(entry: Entry) -> Point:
    return Point(
        at=entry.at,
        suite="",
        persona=entry.persona,
        mark="",
        runs=entry.runs,
        passed=entry.passed,
        pass_k=entry.pass_k,
        milliseconds=round(entry.milliseconds / entry.runs),
        micro_usd=entry.micro_usd,
        early=f"{'passed' if entry.outcome == 'passed' else 'failed'}@{entry.runs}/{entry.asked}"
        if entry.early
        else "",
    )
