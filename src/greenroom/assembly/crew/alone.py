"""A crew of this very process: nothing is started, and one run is made at a time."""

from __future__ import annotations

from collections import deque
from typing import Generic

from greenroom.regression.suite.crew import J, Result, Work


class Alone(Generic[J]):
    """Makes a run when its result is asked for."""

    size = 1

    def __init__(self, work: Work[J]) -> None:
        self._work = work
        self._jobs: deque[J] = deque()

    def submit(self, job: J) -> None:
        self._jobs.append(job)

    def next(self) -> tuple[J, Result]:
        job = self._jobs.popleft()
        return job, self._work(job)

    def close(self) -> None:
        """Nothing is held."""
