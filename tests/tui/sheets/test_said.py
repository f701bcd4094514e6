"""What a sheet says over its rows, at several widths."""

import pytest
from rich.cells import cell_len

from greenroom.tui.sheets.said import MOST_ROWS, in_rows

LONG = " ".join(f"word{n}" for n in range(80))


@pytest.mark.parametrize("width", [30, 60, 76, 116])
def test_what_is_long_takes_at_most_three_rows_and_ends_with_an_ellipsis(width: int) -> None:
    rows = in_rows(LONG, width)
    assert len(rows) == MOST_ROWS
    assert max(cell_len(row) for row in rows) <= width
    assert rows[-1].endswith("…")
    assert " ".join(rows).removesuffix("…").split()[-1] in LONG.split(), "cut at a word"


def test_what_fits_is_whole() -> None:
    assert in_rows("one row", 30) == ["one row"]
    assert in_rows("", 30) == []
    assert " ".join(in_rows("a few words that take two rows", 20)) == "a few words that take two rows"
    assert in_rows(LONG, 0) == [LONG], "its width is not known yet"
