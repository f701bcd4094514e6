"""What befell a tape is told by its own name: a merge, line ends, a line that is cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.regression.tape.tape import read

DATA = (Path(__file__).parents[3] / "workspaces/helpdesk/fixtures/refund-over-limit.tape.jsonl").read_bytes()
ROWS = DATA.split(b"\n")


def told(data: bytes) -> str:
    with pytest.raises(FileInvalid) as caught:
        read(data, "x")
    return caught.value.line()


def test_a_merge_conflict_is_told_as_one_wherever_it_begins() -> None:
    for at in (0, 4):
        torn = [*ROWS[:at], b"<<<<<<< HEAD", ROWS[at], b"=======", ROWS[at], b">>>>>>> theirs", *ROWS[at + 1 :]]
        assert told(b"\n".join(torn)).startswith(f"x:{at + 1}: a merge conflict was left in it")


def test_changed_line_ends_are_told_with_the_setting_that_keeps_them() -> None:
    said = told(DATA.replace(b"\n", b"\r\n"))
    assert said.startswith("x:1: its line ends were changed to CRLF") and "*.tape.jsonl -text" in said


def test_a_line_that_is_cut_is_told_with_its_column() -> None:
    cut = [*ROWS[:6], ROWS[6][:-3], *ROWS[7:]]
    assert told(b"\n".join(cut)).startswith("x:7: not a line of JSON from its column ")


def test_what_is_whole_json_but_not_what_was_written_stays_a_change() -> None:
    assert "changed after it was recorded" in told(DATA.replace(b"EUR", b"USD", 1))
