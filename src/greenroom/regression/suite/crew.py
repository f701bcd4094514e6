"""Whoever makes the runs of a suite or a comparison: this process, several, or a cluster.

Invariant: what goes to a worker and what comes back are plain values: a folder, names, numbers, never a key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from greenroom.core.values import Json
from greenroom.regression.suite.matrix import Cell, Run

J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made in the workspace at `root`.

    `micro_usd` is the most it may cost, None for no ceiling. `suite` tells a worker that lives on from what files it
    has read: those of another suite may have changed since.
    """

    root: str
    suite: str
    fixture: str
    persona: str
    model: str
    number: int
    micro_usd: int | None = None

    @property
    def run(self) -> Run:
        """Which run of the matrix it is."""
        return Run(Cell(self.fixture, self.persona, self.model), self.number)


Result = dict[str, Json]
"""What came of a job: `kind` and `line` of its outcome, `milliseconds`, `micro_usd`, `tokens`."""

Work = Callable[[J], Result]
"""What a worker does with a job. It raises for nothing that a file, a model or a budget does."""


class Crew(Protocol[J]):
    """Workers. At most `size` jobs are given to them at once."""

    @property
    def size(self) -> int: ...

    def submit(self, job: J) -> None:
        """Have a job done."""
        ...

    def next(self) -> tuple[J, Result]:
        """Wait until a job has ended; one whose worker died has ended too, as an error."""
        ...

    def close(self) -> None:
        """Let the workers go. What they have under way is given up."""
        ...


def failed(line: str) -> Result:
    """The result of a job that nobody could do."""
    return {"kind": "error", "line": line, "milliseconds": 0, "micro_usd": 0, "tokens": 0, "died": True}
