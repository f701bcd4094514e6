"""Runs given to a crew, as many at once as it has workers, each only when the purse can pay for it.

Invariant: no run is begun that the ceiling may not suffice for beside what is set aside for those under way; a run is
under way once at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from greenroom.regression.suite.budget import Purse, Reserved
from greenroom.regression.suite.crew import Crew, Result

J = TypeVar("J")
R = TypeVar("R", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Ended(Generic[J]):
    """A job that has ended: what came of it, what it is taken to have cost, and whether it only lacked money to go on."""

    job: J
    result: Result
    micro_usd: int
    cut: bool


class Shift(Generic[R, J]):
    """`job_of` makes the job of a run with the most it may cost, `run_of` is the way back; `model_of` names who is paid."""

    def __init__(
        self,
        crew: Crew[J],
        purse: Purse,
        runs: Iterable[R],
        job_of: Callable[[R, int | None], J],
        run_of: Callable[[J], R],
        model_of: Callable[[R], str],
    ) -> None:
        self.waiting = deque(runs)
        self._crew, self._purse = crew, purse
        self._job_of, self._run_of, self._model_of = job_of, run_of, model_of
        self._under_way: dict[R, Reserved] = {}

    @property
    def under_way(self) -> int:
        """How many runs are being made."""
        return len(self._under_way)

    def begin(self, left_out: Callable[[R], bool]) -> bool:
        """Begin what can be, without the runs that are `left_out` for good; whether anything is under way then."""
        later: list[R] = []  # perhaps when something under way has cost less than was set aside for it
        while self.waiting and len(self._under_way) < self._crew.size:
            run = self.waiting.popleft()
            if not left_out(run) and not self._begun(run):
                later.append(run)
        self.waiting.extendleft(reversed(later))
        return bool(self._under_way)

    def _begun(self, run: R) -> bool:
        reserved = self._purse.reserve(self._model_of(run))
        if reserved is None:
            return False
        self._under_way[run] = reserved
        self._crew.submit(self._job_of(run, reserved.micro_usd))
        return True

    def ended(self) -> Ended[J]:
        """Wait for a run to end, and take what it cost into account."""
        job, result = self._crew.next()
        reserved = self._under_way.pop(self._run_of(job))
        spent = self._purse.settle(reserved, int(result["micro_usd"]), known=not result.get("died"))
        return Ended(job, result, spent, self._purse.cut(reserved, spent))

    def again(self, run: R) -> None:
        """Make a run once more, before the others: it only lacked money."""
        self.waiting.appendleft(run)
