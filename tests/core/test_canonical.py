"""One byte form for every JSON value, and nothing kept that has none."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.canonical import canonical, clean_json, clean_text, digest

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_the_fast_path_writes_the_bytes_of_rfc_8785(value: Any) -> None:
    assert canonical(clean_json(value)) == rfc8785.dumps(clean_json(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_written_as_rfc_8785_writes_it(number: float) -> None:
    assert canonical(number) == rfc8785.dumps(number)


def test_key_order_does_not_matter() -> None:
    assert digest({"a": 1, "b": [2, {"c": 3, "d": 4}]}) == digest({"b": [2, {"d": 4, "c": 3}], "a": 1})


@given(st.text(st.characters(categories=["L", "Cs"]), max_size=20))
def test_cleaned_text_can_always_be_encoded(text: str) -> None:
    assert clean_text(text).encode().decode() == clean_text(text)


def test_a_surrogate_pair_written_as_two_halves_becomes_the_character() -> None:
    assert clean_text("\ud83d\ude00") == "😀"
    assert clean_text("a\ud83db") == "a\ufffdb"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {"a": [object()]}])
def test_what_json_cannot_keep_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|kept"):
        clean_json(value)


def test_depth_is_capped_before_anything_recurses() -> None:
    deep: Any = "x"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match="32 levels"):
        clean_json(deep)
