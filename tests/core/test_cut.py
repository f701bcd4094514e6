"""Lines cut at a word."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.cut import at_word


def test_a_line_is_cut_at_a_word_with_an_ellipsis() -> None:
    assert at_word('status = "denied" }, verdict = { rule = "x" }', 30) == 'status = "denied" }, verdict…'
    assert at_word("short enough", 12) == "short enough"
    assert at_word("one two three", 8) == "one two…"


def test_a_word_that_is_longer_than_the_room_is_cut_within() -> None:
    assert at_word("a " + "x" * 40, 20) == "a " + "x" * 17 + "…"


@given(st.text(), st.integers(min_value=0, max_value=60))
def test_what_is_left_is_a_beginning_and_fits(text: str, limit: int) -> None:
    cut = at_word(text, limit)
    assert len(cut) <= limit
    assert cut == text or text.startswith(cut.removesuffix("…"))
