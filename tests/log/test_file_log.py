"""What append returned is in the file, whatever happens next; what was changed is named."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import DiskFailed, LogDamaged, UsageError
from greenroom.core.events import PassagesRetrieved, TailCut, ToolReturned, ToolStarted, TurnStarted
from greenroom.core.ids import CountedIds, RandomIds
from greenroom.core.values import Passage
from greenroom.ledger.ledger import Ledger
from greenroom.log.chain import verify
from greenroom.log.file_log import FileLog, read_records


def written(path: Path, count: int = 6) -> Path:
    log = FileLog.create(path, FrozenClock(), RandomIds())
    for number in range(count):
        log.append(TurnStarted(turn=number, words=f"hello {number}"), derived={"inputs": {"n": number}})
    log.close()
    return path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl")
    records = read_records(path)
    assert [r.event.words for r in records if isinstance(r.event, TurnStarted)] == [f"hello {n}" for n in range(6)]
    assert path.stat().st_mode & 0o777 == 0o600
    assert verify(path, {}).records == 6


def test_what_was_read_is_no_larger_than_what_was_made(tmp_path: Path) -> None:
    log = FileLog.create(tmp_path / "s.jsonl", FrozenClock(), RandomIds())
    candidates = tuple(Passage(id=str(place), source="a.md", text="words", score=1.0) for place in range(2))
    made = PassagesRetrieved(turn=1, step="t1/retrieve", query="shoes", legs=("lexical",), candidates=candidates)
    log.append(made)
    log.append(made)
    log.close()
    first, second = (record.event for record in read_records(tmp_path / "s.jsonl"))
    assert first == second == made
    assert isinstance(first, PassagesRetrieved)
    assert first.model_fields_set is second.model_fields_set
    assert first.candidates[0].model_fields_set is first.candidates[1].model_fields_set
    assert first.model_copy(update={"query": "boots"}).model_dump(exclude={"query"}) == made.model_dump(
        exclude={"query"}
    )


def test_words_stand_outside_the_event(tmp_path: Path) -> None:
    for line in written(tmp_path / "s.jsonl").read_bytes().splitlines():
        assert b"hello" not in orjson.dumps(orjson.loads(line)["event"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found_and_its_line_named(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = written(tmp_path_factory.mktemp("log") / "s.jsonl")
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 2))
    changed = data.draw(st.integers(0, 255).filter(lambda b: b != good[at] and b != 10))
    if good[at] == 10:
        return
    path.write_bytes(good[:at] + bytes([changed]) + good[at + 1 :])
    with pytest.raises(LogDamaged) as caught:
        verify(path, {})
    assert caught.value.line_number == good[:at].count(b"\n") + 1


@given(st.integers(0, 4))
def test_a_deleted_line_is_found(missing: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "s.jsonl")
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:missing] + lines[missing + 1 :]))
        with pytest.raises(LogDamaged) as caught:
            verify(path, {})
        assert caught.value.line_number == missing + 1


def test_lost_content_needs_an_erasure(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl")
    lines = path.read_bytes().splitlines()
    line = orjson.loads(lines[2])
    del line["content"]
    lines[2] = orjson.dumps(line)
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(LogDamaged, match="line 3 has lost content"):
        verify(path, {})


def test_a_torn_last_line_is_cut_off_and_recorded(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl")
    path.write_bytes(path.read_bytes() + b'{"v":1,"seq":6,"at"')
    log = FileLog.open(path, FrozenClock(), RandomIds())
    assert isinstance(log.records[-1].event, TailCut) and len(log.records) == 7
    log.close()
    assert verify(path, {}).records == 7


def test_a_tail_below_an_anchor_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl")
    records = read_records(path)
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    ledger.anchor("s", 5, records[5].hash)
    assert verify(path, ledger.anchors("s")).anchored == 5
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    with pytest.raises(LogDamaged, match="ends at 3, the ledger anchors 5"):
        verify(path, ledger.anchors("s"))
    with pytest.raises(LogDamaged):
        FileLog.open(path, FrozenClock(), RandomIds(), ledger.anchors("s"))


def test_a_rewritten_chain_is_found_against_the_ledger(tmp_path: Path) -> None:
    path = written(tmp_path / "s.jsonl")
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    ledger.anchor("s", 5, read_records(path)[5].hash)
    path.unlink()
    written(path)
    with pytest.raises(LogDamaged, match="line 6 is not the record the ledger anchors"):
        verify(path, ledger.anchors("s"))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    log = FileLog.create(tmp_path / "s.jsonl", FrozenClock(), CountedIds())
    with pytest.raises(UsageError, match="open in another process"):
        FileLog.open(tmp_path / "s.jsonl", FrozenClock(), CountedIds())
    log.close()
    FileLog.open(tmp_path / "s.jsonl", FrozenClock(), CountedIds()).close()


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    program = """
        import resource, sys
        from pathlib import Path
        from greenroom.core.clock import FrozenClock
        from greenroom.core.errors import DiskFailed
        from greenroom.core.events import TurnStarted
        from greenroom.core.ids import CountedIds
        from greenroom.log.file_log import FileLog
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log = FileLog.create(Path(sys.argv[1]), FrozenClock(), CountedIds())
        log.append(TurnStarted(turn=1, words="kept"), sync=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
        for attempt in range(2):
            try:
                log.append(TurnStarted(turn=2, words="x" * 5000), sync=True)
            except DiskFailed as error:
                print(error.line())
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.count("could not write s.jsonl") == 2, done.stderr
    assert verify(path, {}).records == 1


def test_a_killed_writer_loses_no_synced_record(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    program = """
        import sys
        from pathlib import Path
        from greenroom.core.clock import SystemClock
        from greenroom.core.events import TurnStarted
        from greenroom.core.ids import RandomIds
        from greenroom.log.file_log import FileLog
        log = FileLog.create(Path(sys.argv[1]), SystemClock(), RandomIds())
        number = 0
        while True:
            number += 1
            log.append(TurnStarted(turn=number, words="w" * 300), sync=True)
            print(number, flush=True)
    """
    acknowledged = 0
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            acknowledged = int(line)
            if acknowledged == 20:
                os.kill(process.pid, signal.SIGKILL)
    log = FileLog.open(path, FrozenClock(), RandomIds())
    started = [r for r in log.records if isinstance(r.event, TurnStarted)]
    assert len(started) >= acknowledged >= 20
    log.close()


def test_the_place_of_a_failed_append_is_used_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FileLog.create(tmp_path / "s.jsonl", FrozenClock(), CountedIds())
    log.append(TurnStarted(turn=1, words="one"))

    def refuse(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(log, "_fsync", refuse)
    with pytest.raises(DiskFailed):
        log.append(ToolStarted(turn=1, call="c1", tool="x", effects="once"), sync=True)
    monkeypatch.undo()
    log.append(ToolReturned(turn=1, call="c1", tool="x", status="done", output={"a": 1.5}), sync=True)
    log.close()
    assert [r.event.kind for r in read_records(tmp_path / "s.jsonl")] == ["turn_started", "tool_returned"]


def test_nothing_is_written_behind_a_torn_line_that_cannot_be_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = FileLog.create(tmp_path / "s.jsonl", FrozenClock(), CountedIds())
    log.append(TurnStarted(turn=1, words="one"))

    def refuse(*_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(log, "_fsync", refuse)
    monkeypatch.setattr(os, "ftruncate", refuse)
    for _ in range(2):
        with pytest.raises(DiskFailed):
            log.append(TurnStarted(turn=2, words="two"), sync=True)
    monkeypatch.undo()
    log.append(TurnStarted(turn=3, words="three"), sync=True)
    log.close()
    words = [r.event.words for r in read_records(tmp_path / "s.jsonl") if isinstance(r.event, TurnStarted)]
    assert words == ["one", "three"]
