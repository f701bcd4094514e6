"""The second chain: anchors survive, damage is named, several processes can write."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import DiskFailed, LogDamaged
from greenroom.ledger import ledger as ledger_module
from greenroom.ledger.ledger import Ledger


def filled(folder: Path, count: int = 4) -> Ledger:
    ledger = Ledger(folder / "ledger.jsonl", FrozenClock())
    for number in range(count):
        ledger.anchor("s1" if number % 2 else "s2", number, f"{number:064x}")
    return ledger


def test_anchors_are_kept_by_session(tmp_path: Path) -> None:
    assert filled(tmp_path).anchors("s1") == {1: f"{1:064x}", 3: f"{3:064x}"}
    assert (tmp_path / "ledger.jsonl").stat().st_mode & 0o777 == 0o600


def test_no_ledger_is_no_anchors(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "ledger.jsonl", FrozenClock()).anchors("s1") == {}


@pytest.mark.parametrize("line", [0, 1, 3])
def test_a_changed_line_is_named(tmp_path: Path, line: int) -> None:
    ledger = filled(tmp_path)
    path = tmp_path / "ledger.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace('"session":"s', '"session":"x')
    path.write_text("".join(lines))
    with pytest.raises(LogDamaged, match=f"line {line + 1}"):
        ledger.anchors("s1")


def test_a_deleted_line_is_noticed(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    path = tmp_path / "ledger.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    with pytest.raises(LogDamaged, match="line 2"):
        ledger.entries()


def test_a_torn_last_line_is_passed_over_and_cut_by_the_next_anchor(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes() + b'{"v":1,"seq":4')
    assert len(ledger.entries()) == 4
    ledger.anchor("s1", 9, "9" * 64)
    assert len(ledger.entries()) == 5
    assert ledger.anchors("s1")[9] == "9" * 64


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    program = """
        import sys
        from pathlib import Path
        from greenroom.core.clock import SystemClock
        from greenroom.ledger.ledger import Ledger
        ledger = Ledger(Path(sys.argv[1]), SystemClock())
        for number in range(25):
            ledger.anchor(sys.argv[2], number, "0" * 64)
    """
    path = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    with subprocess.Popen([*command, "a"]) as first, subprocess.Popen([*command, "b"]) as second:
        assert first.wait() == second.wait() == 0
    ledger = Ledger(path, FrozenClock())
    assert len(ledger.entries()) == 50
    assert len(ledger.anchors("a")) == len(ledger.anchors("b")) == 25


def test_a_lock_that_nobody_lets_go_of_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "PATIENCE_SECONDS", 0)
    holder, waiter = filled(tmp_path), Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    with holder._lock, pytest.raises(DiskFailed, match="does not let go") as failed:
        waiter.anchor("s1", 9, "0" * 64)
    assert failed.value.code == "ledger.locked"
    waiter.anchor("s1", 9, "0" * 64)
    assert waiter.anchors("s1")[9] == "0" * 64
