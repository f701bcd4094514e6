"""Annotations for GitHub: one row each, escaped as the format wants it, at the tape's line."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from greenroom.pytest_plugin.annotations import commands
from greenroom.pytest_plugin.failure import FailureText
from greenroom.pytest_plugin.summary import concerning
from tests.pytest_plugin.telling import told

_ROW = re.compile(r"::(error|warning) file=([^,:]*),line=(\d+),title=([^,:]*)::(.*)")
_ROWS_END = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
hostile = st.text(st.sampled_from(f"{_ROWS_END}:%,# [a]"), max_size=40) | st.sampled_from(
    ["\n::error::x", "%0A::add-mask::x", "##[add-mask]x", "\r::stop-commands::x", " ::set-env::", "a,line=9::"]
)


def decoded(text: str) -> str:
    """A value as the runner reads it."""
    for stands, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(stands, sign)
    return text


@given(hostile, hostile, hostile)
def test_no_text_can_end_a_row_or_begin_another_command(line: str, detail: str, name: str) -> None:
    one = told(name, kind="diverged", line=line, detail=detail, tape_line=7)
    (row,) = commands([one], Path("/shop"))
    assert not set(row) & set(_ROWS_END)
    assert "##[" not in row
    match = _ROW.fullmatch(row)
    assert match is not None
    assert match[3] == "7"
    assert decoded(match[5]).split() == f"{line}\n{detail}".replace("##[", "# #[").split()


@given(hostile, hostile)
def test_no_row_of_a_failure_or_summary_is_a_command(line: str, detail: str) -> None:
    failure = FailureText(told(kind="failed", line=line, detail=detail))
    for shown in (str(failure), concerning(line, [told()]), failure.reprcrash.message):
        assert "##[" not in shown
        assert not [row for row in shown.splitlines() if row.lstrip().startswith("::")]


def test_paths_begin_at_the_repository_and_a_shared_cause_is_one_annotation(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    fixtures = tmp_path / "desk" / "fixtures"
    fixtures.mkdir(parents=True)
    cause = "persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm"
    stale = [
        told(f"f{n}", kind="stale", line=cause, reasons=[cause], path=str(fixtures / f"f{n}.tape.jsonl"))
        for n in range(212)
    ]
    failed = told("x", kind="failed", line="no", tape_line=3, path=str(fixtures / "x.tape.jsonl"))
    rows = list(commands([*stale, failed], tmp_path / "desk"))
    assert rows == [
        "::error file=desk/fixtures/x.tape.jsonl,line=3,title=failed%3A x::no",
        f"::error file=desk/fixtures/f0.tape.jsonl,line=1,title=stale%3A 212 fixtures::{cause}; 212 fixtures",
    ]


def test_what_is_only_warned_of_is_a_warning_and_what_passed_is_nothing() -> None:
    cause = "persona aria: prompt"
    assert list(commands([told(), told(expect="observe")], Path("/"))) == []
    (row,) = commands([told(reasons=[cause], mode="warn")], Path("/shop"))
    assert row.startswith("::warning file=fixtures/refund.tape.jsonl,line=1,title=stale%3A refund::")
    (row,) = commands([told(kind="stale", reasons=[cause], mode="xfail")], Path("/shop"))
    assert row.startswith("::warning ")
