"""Masks: stable per value, nothing else changes, twice is once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import Finding
from greenroom.detectors import Masks, find, mask_all, redact

CARD = "4111 1111 1111 1111"
OTHER = "5500 0000 0000 0004"
PARTS = st.sampled_from(
    [CARD, OTHER, "bob@example.com", "+49 170 1234567", "DE89 3704 0044 0532 0130 00", "AKIAIOSFODNN7EXAMPLE", "\u202e",
     "‹card#1›", "‹email#7›", "sk-abcdefghijklmnop1234", "password: hunter2horse99", " ", "1", "4111", "a", "é😀", "‹", "#1›",
     "-----BEGIN PRIVATE KEY-----", "[a.example](https://b.example)"]
)  # fmt: skip
TEXTS = st.lists(PARTS | st.text(max_size=4), max_size=8).map("".join)
PAYLOADS = st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3), max_size=4)


def everything(_kind: str) -> bool:
    return True


def test_the_same_value_gets_the_same_mask_for_a_session() -> None:
    masks = Masks()
    first = redact(f"{CARD} and {OTHER}", find(f"{CARD} and {OTHER}"), masks)
    again = redact([f"x {OTHER}"], find([f"x {OTHER}"]), masks)
    assert (first, again) == ("‹card#1› and ‹card#2›", ["x ‹card#2›"])


def test_exactly_the_given_spans_are_masked() -> None:
    payload = {"note": f"é {CARD} bob@example.com", "other": CARD}
    cards = [item for item in find(payload) if item.path == "note" and item.detector == "personal.card"]
    assert redact(payload, cards, Masks()) == {"note": "é ‹card#1› bob@example.com", "other": CARD}


def test_keys_are_masked_and_nothing_is_lost() -> None:
    payload = {CARD: 1, "‹card#1›": 2, OTHER: {"bob@example.com": CARD}}
    masked = mask_all(payload, everything, Masks())
    assert sorted(map(str, masked.values())) == sorted(["1", "2", "{'‹email#1›': '‹card#2›'}"])
    assert "4111" not in str(masked)


def test_a_card_sent_as_a_number_is_masked_and_other_numbers_stay() -> None:
    payload = {"card": 4111111111111111, "order": 123456789012, "big": 2**80, "yes": True, "minus": -4111111111111111}
    assert mask_all(payload, everything, Masks()) == {**payload, "card": "‹card#1›"}


def test_numbers_already_shown_are_not_given_out_again() -> None:
    masks = Masks()
    masks.reserve({"log": "earlier: ‹card#3›"})
    assert masks.mask("personal.card", CARD) == "‹card#4›"
    assert masks.mask("personal.card", "‹card#3›") == "‹card#3›"


def test_texts_that_show_masks_are_gone_through_once_a_number_is_needed() -> None:
    masks, read = Masks(), list[str]()

    def texts(*shown: str) -> Iterator[str]:
        for text in shown:
            read.append(text)
            yield text

    masks.reserve_all(texts("card ‹card#2›", "nothing"))
    masks.reserve_all(texts("‹card#7› and ‹email#1›"))
    assert masks.mask("personal.card", "‹card#2›") == "‹card#2›"
    assert not read
    assert masks.mask("personal.card", "4111") == "‹card#8›"
    assert len(read) == 3
    assert masks.mask("personal.email", "a@b.test") == "‹email#2›"
    assert masks.mask("personal.card", "4111") == "‹card#8›"
    assert len(read) == 3


def test_overlapping_findings_become_one_mask() -> None:
    findings = [
        Finding(detector="personal.phone", path="", start=2, end=8),
        Finding(detector="personal.card", path="", start=0, end=6),
        Finding(detector="personal.email", path="", start=8, end=9),
    ]
    assert redact("0123456789", findings, Masks()) == "‹card#1›‹email#1›9"


def test_a_finding_elsewhere_changes_nothing() -> None:
    payload = {"a": "text"}
    assert redact(payload, [Finding(detector="personal.card", path="b", start=0, end=2)], Masks()) == payload


@given(PAYLOADS)
def test_redaction_is_idempotent_and_leaves_only_masks(payload: Any) -> None:
    masks = Masks()
    once = mask_all(payload, everything, masks)
    assert mask_all(once, everything, masks) == once
    assert all(item.mask for item in find(once))


@given(PAYLOADS)
def test_redacting_masks_again_changes_nothing(payload: Any) -> None:
    masks = Masks()
    once = mask_all(payload, everything, masks)
    assert redact(once, find(once), masks) == once


@given(TEXTS)
def test_nothing_outside_the_spans_changes(text: str) -> None:
    covered = [False] * len(text)
    for item in find(text):
        covered[item.start : item.end] = [True] * (item.end - item.start)
    kept = "".join(character for character, hit in zip(text, covered, strict=True) if not hit)
    masks = Masks()
    redacted = redact(text, find(text), masks)
    rest = redacted
    for item in sorted(find(redacted), key=lambda one: -one.start):
        if item.mask:
            rest = rest[: item.start] + rest[item.end :]
    assert rest == kept
