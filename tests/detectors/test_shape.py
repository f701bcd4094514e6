"""What is told of a pattern without running it, held against what the engine really matches."""

from __future__ import annotations

import pytest
import re2  # type: ignore[import-untyped]  # google-re2 ships no type information
from hypothesis import given
from hypothesis import strategies as st

from greenroom.detectors.shape import NotUnderstood, shape


@pytest.mark.parametrize(
    ("pattern", "shortest", "longest", "needles"),
    [
        (r"NW-\d{6}", 9, 9, {"nw-"}),
        (r"\bNW-[0-9]{4}(?:-[0-9]{2,4})?\b", 7, 12, {"nw-"}),
        (r"(?:ORD|VOU)-\d+", 5, None, {"ord", "vou"}),
        (r"(?i)Order ?no\.? \d{1,8}", 9, 18, {"order"}),
        (r"\d{6}", 6, 6, set()),
        (r"(?P<a>ab|ac){2,3}z", 5, 7, {"ab", "ac"}),
        (r"a*", 0, None, set()),
        (r"x|", 0, 1, set()),
        (r"[]x]y", 2, 2, {"y"}),
        (r"[[:alpha:]]{3}q", 4, 4, {"q"}),
        (r"\pL\p{Greek}\x41\x{1F600}k", 5, 5, {"k"}),
        (r"a{,3}", 5, 5, {"a{,3}"}),
        (r"(\b){9}a", 1, 1, {"a"}),
    ],
)
def test_what_a_pattern_is(pattern: str, shortest: int, longest: int | None, needles: set[str]) -> None:
    found = shape(pattern)
    assert (found.shortest, found.longest, set(found.needles)) == (shortest, longest, needles)


@pytest.mark.parametrize(
    "pattern", ["^a", "a$", r"\Aa", r"a\z", r"\Ba", r"\Qa\E", r"\1", "(?=a)", "(?<!a)b", "(a", "a)", "[a", "*a", "a\\"]
)
def test_what_it_does_not_take_is_said(pattern: str) -> None:
    with pytest.raises(NotUnderstood, match=r"\w"):
        shape(pattern)


def test_deep_groups_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="nested deeper"):
        shape("(" * 500 + "a" + ")" * 500)


ATOMS = st.sampled_from(
    ["a", "b", "A", "é", "ß", "k", r"\d", r"\w", ".", "[ab]", "[^a]", r"\.", r"\b", "[a]", r"\x41", "-"]
)
COUNTS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?"])
SIMPLE = st.builds(lambda atom, count: atom if atom == r"\b" else atom + count, ATOMS, COUNTS)
PATTERNS = st.recursive(
    st.lists(SIMPLE, min_size=1, max_size=4).map("".join),
    lambda inner: st.builds(lambda parts, count: f"(?:{'|'.join(parts)}){count}", st.lists(inner, min_size=1, max_size=3), COUNTS)
    | st.lists(inner, min_size=1, max_size=3).map("".join),
    max_leaves=6,
)  # fmt: skip


@given(PATTERNS, st.booleans(), st.text(alphabet="abABkK\u212aéÉßẞ1.- \n", max_size=30))
def test_every_match_has_the_shape(pattern: str, insensitive: bool, text: str) -> None:
    pattern = f"(?i){pattern}" if insensitive else pattern
    told = shape(pattern)
    for found in re2.compile(pattern).finditer(text):
        size = found.end() - found.start()
        assert told.shortest <= size
        assert told.longest is None or size <= told.longest
        assert not told.needles or any(needle in found.group().casefold() for needle in told.needles)
