"""The last lines of a run, made of what reports carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.pytest_plugin.annotations import commands
from greenroom.pytest_plugin.summary import by_cause, concerning, live_rows, summarise
from tests.pytest_plugin.telling import told


class Reporter:
    """What a summary asks of pytest's terminal reporter."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.stats: dict[str, list[Any]] = {}

    def section(self, title: str, sep: str = "=", **markup: bool) -> None:
        self.rows.append(f"{sep} {title}")

    def write_line(self, line: str, **markup: bool) -> None:
        self.rows.append(line)


def said(*them: Any) -> Reporter:
    reporter = Reporter()
    summarise(reporter, them)  # type: ignore[arg-type]  # two methods and a table of the reporter are all it uses
    return reporter


def test_two_hundred_stale_fixtures_are_one_row_for_each_cause_the_commonest_first() -> None:
    one, other = "persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm", "policy: rule refund.large removed"
    stale = [told(f"f{n}", kind="stale", line=one, reasons=[one]) for n in range(212)]
    both = told("both", kind="stale", line=f"{other}; and {one}", reasons=[other, one])
    reporter = said(*stale, both)
    assert reporter.rows[:3] == [
        "- greenroom: stale recordings",
        f"{one}; 213 fixtures",
        f"{other}; 1 fixture: both",
    ]
    assert reporter.stats == {"failed": []}


def test_a_file_that_many_share_is_one_row_and_a_fixtures_own_is_told_with_its_folder() -> None:
    shared = "policies/support.toml:2: not TOML"
    broken = [told(name, kind="broken", line=shared) for name in ("a", "b")]
    own = told("c", kind="broken", line="c.tape.jsonl:3: not a line of JSON")
    twin = told("c", kind="broken", line="c.tape.jsonl:3: not a line of JSON", shown="other/fixtures/c.tape.jsonl")
    assert said(*broken, own, twin).rows == [
        "- greenroom: broken files",
        f"{shared}; 2 fixtures: a, b",
        "fixtures/c.tape.jsonl:3: not a line of JSON",
        "other/fixtures/c.tape.jsonl:3: not a line of JSON",
    ]


def test_live_runs_say_how_often_and_for_how_much_and_errors_are_no_failures() -> None:
    run = {"kind": "passed", "line": "", "milliseconds": 1_500, "micro_usd": 2_000}
    good = told("a", line="2 of 2 runs passed (was 1 of 2)", runs=[run, run])
    bad = told("b", kind="failed", line="1 of 2 runs passed: no", runs=[run, {**run, "kind": "failed"}])
    assert list(live_rows([good, bad])) == [
        "b: 1 of 2 runs passed: no; 3.0 s, 0.0040 USD",
        "a: 2 of 2 runs passed (was 1 of 2); 3.0 s, 0.0040 USD",
        "2 fixtures, 4 runs: 6.0 s, 0.0080 USD",
    ]
    assert (
        list(live_rows([told(f"n{n}", runs=[run]) for n in range(100)]))[-2] == "... and 60 fixtures more that passed"
    )
    cut = [told(name, kind="error", line="no key for x", reasons=["no key for x"], runs=[run]) for name in "xyz"]
    reporter = said(*cut)
    assert reporter.rows[1:] == ["error: no key for x; 3 fixtures: x, y, z"]
    assert reporter.stats == {"failed": []}
    (row,) = commands(cut, Path("/"))
    assert "title=error%3A 3 fixtures::no key for x; 3 fixtures" in row


@pytest.mark.parametrize("mode", ["fail", "warn", "xfail"])
def test_what_to_do_next_fits_what_happens_to_what_is_stale(mode: str) -> None:
    kind = "passed" if mode == "warn" else "stale"
    reporter = said(told(kind=kind, reasons=["persona aria: prompt"], mode=mode))
    assert reporter.rows[1] == "persona aria: prompt; 1 fixture: refund"
    assert ("fixture accept" in " ".join(reporter.rows[2:])) is (mode != "xfail")
    assert ("failed" in reporter.stats) is (mode == "fail")


def test_a_run_in_which_all_passed_says_nothing() -> None:
    assert said(told(), told("other")).rows == []
    assert by_cause([]) == {}
    assert concerning("x", [told(), told(), told(), told()]) == "x; 4 fixtures"
