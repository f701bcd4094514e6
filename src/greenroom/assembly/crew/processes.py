"""A crew of processes on this machine, each with its own pool of one.

Invariant: a process that dies costs the one run it was making; none lives on when this one ends, however it ends, so
that nobody pays for runs that no one will hear of. A ctrl+c may come between any two steps here, so what is to be ended
is known apart from who is idle and who is at work.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic

from greenroom.assembly.crew.uninterrupted import uninterrupted
from greenroom.regression.suite.crew import J, Result, Work, failed


class Processes(Generic[J]):
    """`size` processes; each is started when it is first needed. `work` is a module's own function."""

    def __init__(self, work: Work[J], size: int) -> None:
        self.size = size
        self._work = work
        self._benches = {_Bench() for _ in range(size)}
        self._idle = list(self._benches)
        self._under_way: dict[Future[Result], tuple[J, _Bench]] = {}

    def submit(self, job: J) -> None:
        bench = self._idle.pop()
        with uninterrupted():
            future = bench.pool.submit(self._work, job)
        self._under_way[future] = (job, bench)

    def next(self) -> tuple[J, Result]:
        ended, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        future = next(one for one in self._under_way if one in ended)
        job, bench = self._under_way.pop(future)
        try:
            result = future.result()
        except BrokenProcessPool:
            bench, result = self._instead(bench), failed("the process that made this run died")
        self._idle.append(bench)
        return job, result

    def close(self) -> None:
        """End all processes, in the middle of a run if need be."""
        for bench in self._benches:
            bench.let_go()
        for bench in self._benches:
            bench.close()

    def _instead(self, dead: _Bench) -> _Bench:
        self._benches.add(bench := _Bench())
        dead.close()
        self._benches.remove(dead)
        return bench


class _Bench:
    """A pool of one process, and a pipe whose other end it watches: the pipe closes when this process lets go or dies."""

    def __init__(self) -> None:
        context = get_context("spawn")
        theirs, self._mine = context.Pipe(duplex=False)
        self.pool = ProcessPoolExecutor(1, context, _begin, (theirs,))

    def let_go(self) -> None:
        self._mine.close()

    def close(self) -> None:
        self.let_go()
        self.pool.shutdown(wait=True, cancel_futures=True)


def _begin(theirs: Connection) -> None:
    """In the new process: end with the one that started it, and leave stdout to results."""
    os.dup2(sys.stderr.fileno() if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_end_with, args=(theirs,), daemon=True).start()


def _end_with(theirs: Connection) -> None:
    try:
        theirs.recv()
    except (EOFError, OSError):
        os._exit(1)
