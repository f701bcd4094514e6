"""What a process of its own costs: processor time and the most memory it held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
# A process counts what its parent held when it forked, so a small one stands between.
_MEASURE = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.STDOUT)
_, status, used = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print("\\n" + json.dumps([child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss]), end="")
"""
# What is installed beside Greenroom must not count, and Greenroom's own plugin only where a run asks for it.
_BARE_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time (user and system), MiB at the most, and what the process said."""

    cpu: float
    rss: float
    said: str


def cost(arguments: Sequence[str], where: Path) -> Cost:
    """Run this Python with `arguments` in `where`; the benchmark fails if the child does."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "COLUMNS": "120", **_BARE_PYTEST}
    command = [sys.executable, "-c", _MEASURE, sys.executable, *arguments]
    ran = subprocess.run(command, cwd=where, env=environment, capture_output=True, check=False)
    said, _, figures = ran.stdout.decode(errors="replace").rpartition("\n")
    code, cpu, rss = json.loads(figures)
    assert code == 0, said[-4_000:]
    return Cost(cpu, rss * _RSS_UNIT / 2**20, said)


def least(arguments: Sequence[str], where: Path, rounds: int = 5) -> Cost:
    """The cheapest of some runs: what is above it is the machine's other work. The first run, which compiles, is left out."""
    cost(arguments, where)
    return min((cost(arguments, where) for _ in range(rounds)), key=lambda one: one.cpu)


def least_of_each(runs: Sequence[Sequence[str]], where: Path, rounds: int = 5) -> list[Cost]:
    """The same of several runs that are compared: they take turns, so that the machine's other work meets them alike."""
    for arguments in runs:
        cost(arguments, where)
    costs = [[cost(arguments, where) for arguments in runs] for _ in range(rounds)]
    return [min(of_one, key=lambda one: one.cpu) for of_one in zip(*costs, strict=True)]
