"""The crews that make the runs of a suite or a comparison: this process, several processes of this machine, or a Dask cluster.

Invariant: what a run comes to does not depend on the crew that makes it.
"""

from __future__ import annotations

from greenroom.core.errors import UsageError
from greenroom.regression.suite.crew import Crew, J, Job, Work
from greenroom.regression.suite.matrix import Tier

MOST_PROCESSES = 256


def open_crew(tier: Tier, processes: int = 1, cluster: str = "") -> Crew[Job]:
    """The crew that was asked for; close it when the suite is done.

    `cluster` is the address of a Dask scheduler, or `local:2` for a cluster of two workers on this machine.

    Raises:
        UsageError: there is no such crew, or the `scale` extra is not installed.
        ServiceUnavailable: the cluster does not answer.
    """
    if cluster and processes != 1:
        raise UsageError("--processes and --cluster are two ways of the same", hint="leave one out")
    if cluster:
        from greenroom.assembly.crew.cluster import ClusterCrew

        return ClusterCrew(tier, cluster)
    from greenroom.assembly.crew.work import work_of

    return open_processes(work_of(tier), processes)


def open_processes(work: Work[J], processes: int) -> Crew[J]:
    """So many processes of this machine; one is this very process.

    Raises:
        UsageError: that is no number of processes.
    """
    if not 1 <= processes <= MOST_PROCESSES:
        raise UsageError(f"so many processes cannot be started: {processes}", hint=f"from 1 to {MOST_PROCESSES}")
    if processes == 1:
        from greenroom.assembly.crew.alone import Alone

        return Alone(work)
    from greenroom.assembly.crew.processes import Processes

    return Processes(work, processes)
