"""The compare table: the same figures in whatever order runs ended, and a best column only beyond noise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.commands.suite.lines import csv_text, data_of, lines_of
from greenroom.regression.suite.journal import Row
from greenroom.regression.suite.matrix import Cell
from greenroom.regression.suite.run import Left
from greenroom.regression.suite.table import compare
from tests.regression.suite.asked import cell, header, row

OLD, NEW = "ada@0.9.0", "ada"
ROWS = [
    *cell("aa", OLD, 3, 0),
    *cell("aa", NEW, 1, 2),
    *cell("bb", OLD, 2, 1),
    *cell("bb", NEW, 3, 0),
    row("bb", NEW, 3, "error", line="slow", micro_usd=5),
]


@given(st.permutations(ROWS), st.integers(20, 200))
def test_a_table_depends_on_the_rows_and_not_on_their_order(rows: list[Row], width: int) -> None:
    plain, mixed = compare(header(), ROWS), compare(header(), rows)
    assert lines_of(plain, width) == lines_of(mixed, width)
    assert csv_text(plain) == csv_text(mixed) and data_of(plain, Left()) == data_of(mixed, Left())


def test_figures_of_a_cell_a_column_and_what_fell_most_first() -> None:
    found = compare(header(), ROWS)
    assert found.fixtures == ("aa", "bb")
    new = found.cells[Cell("aa", NEW, "m")]
    assert (new.passed, new.runs, new.needed, new.pass_k, new.good) == (1, 3, 3, 0.0, False)
    total = found.totals[OLD, "m"]
    assert (total.passed, total.runs, total.asked, total.pass_k) == (5, 6, 6, 0.5)
    again = found.cells[Cell("bb", NEW, "m")]
    assert (again.errors, again.micro_usd, again.passed) == (0, 5, 3), "a run that was made again counts once"
    assert found.totals[NEW, "m"].micro_usd == 5


def test_what_stands_for_runs_that_are_not_made_is_said_where_there_are_some() -> None:
    said = "-N: runs of the cell that are not made yet"
    whole, broken_off = (lines_of(compare(header(), rows), 100) for rows in (ROWS, ROWS[1:]))
    assert (said in whole, said in broken_off) == (False, True)


def test_a_lead_within_what_chance_does_is_not_called_best() -> None:
    near = compare(header(), ROWS)
    assert near.best is None
    assert near.why_none == "a lead of 1, but 2 went against the majority of their own cell: none is called best"
    clear = [*cell("aa", OLD, 3, 0), *cell("bb", OLD, 3, 0), *cell("aa", NEW, 0, 3), *cell("bb", NEW, 2, 1)]
    best = compare(header(), clear).best
    assert best is not None and (best.column, best.lead, best.against) == ((OLD, "m"), 4, 1)


def test_no_column_is_best_of_single_runs_or_of_other_runs() -> None:
    single = [*cell("aa", OLD, 1, 0), *cell("bb", OLD, 1, 0), *cell("aa", NEW, 0, 1), *cell("bb", NEW, 0, 1)]
    assert "one run a cell cannot show" in compare(header(runs=1), single).why_none
    assert "did not make the same runs" in compare(header(), ROWS[:-3]).why_none
    replayed = compare(header(runs=1, tier="replay"), single)
    assert replayed.best is not None and replayed.best.lead == 2
    assert compare(header(personas=(NEW,)), cell("aa", NEW, 1, 0)).why_none == ""


def test_columns_that_do_not_fit_side_by_side_stand_below_each_other() -> None:
    models = tuple(f"m{number}" for number in range(30))
    found = compare(header(personas=(NEW,), models=models), [])
    wide, narrow = lines_of(found, 1_000), lines_of(found, 80)
    assert sum(line.startswith("FIXTURE") for line in wide) == 1
    assert sum(line.startswith("FIXTURE") for line in narrow) > 1
    assert max(len(line) for line in narrow) <= 80
    assert "AD" in narrow[29] and "0/0 -3" in "\n".join(narrow)


def test_hostile_names_and_lines_are_shown_and_not_obeyed() -> None:
    evil = "\x1b[2J=cmd()\u202e[red]"
    asked = header(fixtures=(evil, "=1+1"), personas=(NEW,))
    found = compare(asked, [row(evil, NEW, 1, "failed", line="\x1b]0;x\x07\nsecond")])
    text = "\n".join([*lines_of(found, 80), csv_text(found)])
    assert "\x1b" not in text and "\u202e" not in text and "\x07" not in text
    assert any(line.startswith("'=1+1,") for line in csv_text(found).splitlines())
