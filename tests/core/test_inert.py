"""No text reaches a terminal as a command."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from greenroom.core.inert import hidden_count, inert, inert_line

anything = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"]), max_size=80)


@given(anything)
@example("\x1b]52;c;aGk=\x07")
@example("\x9b31m and \u202eflow\u2066")
@example("\U000e0041\U000e007f tag")
@example("lone \ud800 surrogate")
def test_nothing_a_terminal_obeys_is_left(text: str) -> None:
    shown = inert(text)
    for character in shown:
        code = ord(character)
        assert character in "\n\t" or not (code < 0x20 or 0x7F <= code <= 0x9F)
        assert not 0xD800 <= code <= 0xDFFF
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
        assert not 0xE0000 <= code <= 0xE0FFF


@given(anything)
def test_making_text_inert_twice_changes_nothing_more(text: str) -> None:
    assert inert(inert(text)) == inert(text)


def test_ordinary_text_of_any_language_is_left_alone() -> None:
    for text in ("Grüße, こんにちは, שלום, مرحبا", "👩‍👩‍👧 family", "a\tb\nc", "1 < 2 [/not markup]"):
        assert inert(text) == text
        assert hidden_count(text) == 0


def test_what_was_hidden_is_shown_and_counted() -> None:
    assert inert("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"
    assert hidden_count("a\x1b[2Jb\u202ec") == 2


@given(anything, st.integers(2, 30))
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = inert_line(text, limit)
    assert "\n" not in line and len(line) <= limit
