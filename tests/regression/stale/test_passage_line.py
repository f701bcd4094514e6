"""The line of a document that is not what a passage was any more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.stale.passage_line import line_of_change

DOCUMENT = "# Returns\n\nWithin 30 days.\nUnworn.\nWith the form.\n\nOutlet items have 14 days.\n"
PASSAGE = "Within 30 days.\nUnworn.\nWith the form."


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Within 30 days.", "Within 14 days.", 3),
        ("Unworn.", "Worn.", 4),
        ("With the form.", "With no form.", 5),
        ("# Returns\n", "# Returns\n\n\nMore.\n", 0),
    ],
)
def test_the_line_that_differs_is_told(old: str, new: str, line: int) -> None:
    changed = DOCUMENT.replace(old, new, 1)
    if line:
        assert line_of_change(PASSAGE, changed) == line
    else:
        assert PASSAGE in changed, "no change of the passage at all"


def test_a_passage_of_one_line_is_found_by_what_it_resembles() -> None:
    assert line_of_change("Outlet items have 14 days.", DOCUMENT.replace("14", "7")) == 7
    assert line_of_change("Nothing of the kind was ever written here at all.", DOCUMENT) == 0
    assert line_of_change("Outlet items have 14 days.", "") == 0


@given(st.text(), st.text())
def test_it_is_a_line_that_is_there(passage: str, document: str) -> None:
    assert 0 <= line_of_change(passage, document) <= len(document.splitlines())
