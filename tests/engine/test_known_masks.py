"""Which value a mask stands for, read off the words before and after."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, redact
from greenroom.detectors.own import NONE
from greenroom.engine.known_masks import values_of

PIECES = [
    "kim@post.example",
    "mara@post.example",
    "+49 30 901820",
    "4111 1111 1111 1111",
    "‹email#7›",
    "a",
    " ",
    ", ",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_each_mask_is_given_back_its_value(text: str) -> None:
    payload = {"text": text}
    findings = [one for one in find(payload) if not one.mask]
    masks = Masks()
    masked = redact(payload, findings, masks)
    assert isinstance(masked, dict)
    for mask, value in values_of(text, str(masked["text"]), NONE):
        assert masks.mask(next(f.detector for f in findings if text[f.start : f.end] == value), value) == mask


def test_a_phone_number_beside_an_address_is_not_mixed_up_with_it() -> None:
    text, masked = "+49 30 901820 kim@post.example ok", "‹phone#3› ‹email#1› ok"
    assert values_of(text, masked, NONE) == [("‹phone#3›", "+49 30 901820"), ("‹email#1›", "kim@post.example")]


def test_nothing_is_learnt_where_words_and_masks_do_not_fit() -> None:
    assert values_of("kim@post.example", "‹email#1› and more", NONE) == []
    assert values_of("my code is REDMEM", "my code is ‹code#1›", NONE) == []
