"""A crew on a Dask cluster: one that runs somewhere, or one of a few workers on this machine.

Invariant: only this file knows Dask. A cluster of this machine listens on loopback, talks to nobody without its own fresh
certificate, and gives a run to one worker and to no other after it (a cluster elsewhere does as it is set to).
"""

from __future__ import annotations

import logging
from typing import Any

from greenroom.assembly.crew.uninterrupted import uninterrupted
from greenroom.assembly.crew.work import work_of
from greenroom.core.errors import ServiceUnavailable, UsageError
from greenroom.regression.suite.crew import Job, Result, failed
from greenroom.regression.suite.matrix import Tier

_PATIENCE_SECONDS = 10
_MOST_WORKERS = 256


class ClusterCrew:
    """As many runs at once as the cluster has workers when the suite begins.

    Raises on construction:
        UsageError: that is no address, or Dask is not installed.
        ServiceUnavailable: no cluster answers there, or it has no workers.
    """

    def __init__(self, tier: Tier, address: str) -> None:
        self._work = work_of(tier)
        self._cluster: Any = None
        self._client = self._connected(address)
        self.size = len(self._client.scheduler_info(n_workers=-1)["workers"])
        self._jobs: dict[Any, Job] = {}
        self._ended = _dask().as_completed()
        if not self.size:
            self.close()
            raise ServiceUnavailable(f"the cluster at {address} has no workers", hint="start some with: dask worker")

    def submit(self, job: Job) -> None:
        future = self._client.submit(self._work, job, pure=False, retries=0)
        self._jobs[future] = job
        self._ended.add(future)

    def next(self) -> tuple[Job, Result]:
        future = next(self._ended)
        job = self._jobs.pop(future)
        if future.status == "finished":
            return job, future.result()
        problem = future.exception()
        died = type(problem).__name__ == "KilledWorker"
        told = "the process that made this run died" if died else f"{type(problem).__name__}: {problem}"
        return job, failed(f"{told}, on the cluster" if not died else told)

    def close(self) -> None:
        """Give up what is under way; a cluster of this machine is ended."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _connected(self, address: str) -> Any:
        dask = _dask()
        if address.startswith("local:"):
            with uninterrupted():
                self._cluster = _local(dask, address)
            return dask.Client(self._cluster)
        if not address.startswith(("tcp://", "tls://")):
            raise UsageError(f"'{address}' is not a cluster", hint="local:2, or tcp://host:8786", code="suite.cluster")
        try:
            return dask.Client(address, timeout=_PATIENCE_SECONDS)
        except (OSError, ValueError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ServiceUnavailable(
                f"no cluster answers at {address}: {why}", hint="is its scheduler running?", code="suite.cluster"
            ) from None


def _dask() -> Any:
    try:
        import distributed
    except ModuleNotFoundError:
        raise UsageError(
            "a cluster needs Dask, which is not installed",
            hint="pip install 'greenroom[scale]', or --processes N on this machine",
            code="suite.extra",
        ) from None
    return distributed


def _local(dask: Any, address: str) -> Any:
    word = address.removeprefix("local:")
    if not (word.isascii() and word.isdigit() and 1 <= int(word) <= _MOST_WORKERS):
        raise UsageError(
            f"'{address}' is not a cluster", hint=f"local:1 to local:{_MOST_WORKERS}", code="suite.cluster"
        )
    import dask as settings

    settings.config.set({"distributed.scheduler.allowed-failures": 0})  # a run that was begun may have been paid for
    return dask.LocalCluster(
        n_workers=int(word),
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=True,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    )
