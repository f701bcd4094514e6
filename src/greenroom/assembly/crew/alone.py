"""A crew of this very process: nothing is started, and one run is made at a time."""

from __future__ import annotations

from collections import deque

from greenroom.assembly.crew.work import work_of
from greenroom.regression.suite.crew import Job, Result
from greenroom.regression.suite.matrix import Tier


class Alone:
    """Makes a run when its result is asked for."""

    size = 1

    def __init__(self, tier: Tier) -> None:
        self._work = work_of(tier)
        self._jobs: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def next(self) -> tuple[Job, Result]:
        job = self._jobs.popleft()
        return job, self._work(job)

    def close(self) -> None:
        """Nothing is held."""
