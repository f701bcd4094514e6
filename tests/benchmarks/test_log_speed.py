"""The log against its numbers (DESIGN section 18): append with and without fsync, verify. Nothing asserts a time.

Run: `pytest tests/benchmarks/test_log_speed.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from greenroom.core.clock import SystemClock
from greenroom.core.events import ToolStarted
from greenroom.core.ids import RandomIds
from greenroom.log.chain import verify
from greenroom.log.file_log import FileLog

EVENT = ToolStarted(
    step="t1/tool:c1", turn=1, call="c1", tool="orders.get", effects="none", arguments={"order_id": 1001, "note": "hi"}
)


def filled(path: Path, count: int) -> FileLog:
    log = FileLog.create(path, SystemClock(), RandomIds())
    for _ in range(count):
        log.append(EVENT)
    return log


def test_append_without_fsync(benchmark: Any, tmp_path: Path) -> None:
    log = filled(tmp_path / "s.jsonl", 0)
    benchmark(log.append, EVENT)
    log.close()


def test_append_with_fsync(benchmark: Any, tmp_path: Path) -> None:
    log = filled(tmp_path / "s.jsonl", 0)
    benchmark(lambda: log.append(EVENT, sync=True))
    log.close()


def test_the_bare_write_and_fsync_beside_it(benchmark: Any, tmp_path: Path) -> None:
    log = filled(tmp_path / "s.jsonl", 1)
    log.close()
    line = (tmp_path / "s.jsonl").read_bytes()
    descriptor = os.open(tmp_path / "bare", os.O_WRONLY | os.O_CREAT)

    def bare() -> None:
        os.write(descriptor, line)
        os.fsync(descriptor)

    benchmark(bare)
    os.close(descriptor)


def test_verify_100_000_records(benchmark: Any, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    filled(path, 100_000).close()
    benchmark.pedantic(verify, (path, {}), rounds=3)
