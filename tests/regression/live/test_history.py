"""The journal of live runs: whole lines, the latest comparable one, and damage that costs one line at the most."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed
from greenroom.regression.live import Entry, History


def entry(passed: int, **other: object) -> Entry:
    told = {"fixture": "talk", "persona": "ada@1.0.0", "model": "m", "at": "", "runs": 3, "outcome": "passed"}
    return Entry.model_validate({**told, "passed": passed, **other})


def test_the_latest_comparable_entry_is_the_one_before(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.before(entry(0)) is None
    others = [
        entry(3),
        entry(2, persona="ada@1.1.0"),
        entry(1, model="other"),
        entry(1, fixture="other"),
        entry(1, persona="bob@1.0.0"),
        entry(1, start="t2"),
        entry(0, runs=0, outcome="error"),
    ]
    for one in others:
        history.append(one)
    found = History(tmp_path).before(entry(0))
    assert found is not None and found.told == "2 of 3"
    assert History(tmp_path).entries() == tuple(others)


def test_a_torn_line_costs_nothing_but_itself(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.append(entry(3))
    path = tmp_path / "live.jsonl"
    with path.open("ab") as file:
        file.write(b'{"fixture":"talk","pers')
    assert len(history.entries()) == 1
    history.append(entry(2))
    assert [one.passed for one in history.entries()] == [3, 2]
    path.write_bytes(b"\xff\n[]\n{}\n" + b"[" * 100_000 + b"\n" + path.read_bytes())
    assert [one.passed for one in history.entries()] == [3, 2]


def test_many_writers_write_whole_lines(tmp_path: Path) -> None:
    def write() -> None:
        for passed in range(10):
            History(tmp_path).append(entry(passed % 4))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(History(tmp_path).entries()) == 40


def test_what_stands_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / "live.jsonl").symlink_to(tmp_path / "elsewhere")
    assert History(tmp_path).entries() == ()
    with pytest.raises(DiskFailed):
        History(tmp_path).append(entry(1))
    assert (tmp_path / "elsewhere").read_text() == "kept"
