"""Words set beside one another: nothing is lost, both directions mark the same, and people can read it."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.views.comparison.words import Piece, mask_of, opcodes, word_diff

WORDS = st.lists(
    st.sampled_from(["the", "a", "refund", "of", "60.00", "EUR", "don't", " ", "\n", ".", "払", "い", "🙂"])
)
TEXTS = st.one_of(st.text(max_size=60), WORDS.map("".join), WORDS.map(" ".join))


def text_of(pieces: tuple[Piece, ...], *changes: str) -> str:
    return "".join(piece.text for piece in pieces if piece.change in changes)


@given(TEXTS, TEXTS)
def test_no_character_is_lost_and_turned_round_the_same_is_marked(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert text_of(pieces, "same", "gone") == old
    assert text_of(pieces, "same", "came") == new
    back = word_diff(new, old)
    assert text_of(back, "same") == text_of(pieces, "same")
    assert text_of(back, "came") == text_of(pieces, "gone")
    assert all(piece.text for piece in pieces)


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_a_mask_is_the_text_and_marks_what_some_lack(text: str, others: list[str]) -> None:
    pieces = mask_of(text, others)
    assert text_of(pieces, "same", "gone") == text
    assert all(piece.change == "same" for piece in mask_of(text, [text]))


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("It costs 60.00 EUR.", "It costs 20.00 EUR.", "It costs [60.00>20.00] EUR."),
        ("I don't know", "I do know", "I [don't>do] know"),
        ("Shall I refund it?", "Shall I refund all of it?", "Shall I refund [>all of ]it?"),
        ("I am so glad to help", "We were very happy to help", "[I am so glad>We were very happy] to help"),
        ("払い戻します", "払い出します", "払い[戻>出]します"),
        ("one two", "one\ntwo", "one[ >\n]two"),
        ("", "all new", "[>all new]"),
    ],
)
def test_changes_are_whole_words(old: str, new: str, marked: str) -> None:
    told, open_ = "", False
    for change, text in word_diff(old, new):
        if change == "same":
            told += ("]" if open_ else "") + text
            open_ = False
        elif change == "gone":
            told, open_ = f"{told}[{text}>", True
        else:
            told = f"{told}{text}" if open_ else f"{told}[>{text}"
            open_ = True
    assert told + ("]" if open_ else "") == marked


def test_texts_too_long_for_words_are_compared_by_lines() -> None:
    lines = [f"line {number} {string.ascii_letters}" for number in range(12_000)]
    changed = ["first", *lines[1:6_000], "another", *lines[6_001:]]
    pieces = word_diff("\n".join(lines), "\n".join(changed))
    assert [piece.text for piece in pieces if piece.change == "came"] == ["first\n", "another\n"]
    wholly = word_diff("a\n" * 30_000, "b\n" * 30_000)
    assert [piece.change for piece in wholly] == ["gone", "came"]


@given(st.lists(st.integers(-3, 3)), st.lists(st.integers(-3, 3)))
def test_what_is_called_equal_is(one: list[int], other: list[int]) -> None:
    at = there = 0
    for equal, a, b, c, d in opcodes(one, other):
        assert (a, c) == (at, there)
        assert not equal or one[a:b] == other[c:d]
        at, there = b, d
    assert (at, there) == (len(one), len(other))
