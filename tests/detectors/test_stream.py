"""What may be shown of a growing text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.detectors import Masks, find, mask_all, settled

SENSITIVE = [
    "4111 1111 1111 1111",
    "bob@example.com",
    "sk-abcdefghijklmnop1234",
    "DE89 3704 0044 0532 0130 00",
    "+49 170 1234567",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    "password: hunter2horse99",
]


@pytest.mark.parametrize("part", SENSITIVE)
@pytest.mark.parametrize("size", [1, 3, 7])
def test_no_part_of_a_finding_is_released_before_its_end(part: str, size: int) -> None:
    text = f"Here it is: {part} and that is all of it, dear customer. "
    (found,) = find(text)
    for end in range(size, len(text) + 1, size):
        if end <= found.end:
            assert settled(text[:end]) <= found.start


@pytest.mark.parametrize("part", SENSITIVE)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_masking_piece_by_piece_is_masking_the_whole(part: str, size: int) -> None:
    text = f"Well then, here it is: {part} and that is all of it, dear customer. See 42 pages."
    masks, held, shown = Masks(), "", ""
    for start in range(0, len(text), size):
        held += text[start : start + size]
        cut = settled(held)
        shown += mask_all(held[:cut], lambda _: True, masks)
        held = held[cut:]
    shown += mask_all(held, lambda _: True, masks)
    assert shown == mask_all(text, lambda _: True, Masks())


def test_a_long_private_key_is_held_as_a_whole() -> None:
    text = "Key: -----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkq\n" * 100
    assert settled(text) == 5
    assert settled(text + "-----END PRIVATE KEY-----\nThat is the key now") > len(text)


def test_plain_words_are_released_up_to_the_last_one() -> None:
    text = "Your parcel is on its way and arrives"
    assert text[: settled(text)] == "Your parcel is on its way and "
    assert settled("") == 0


@given(st.text(max_size=400))
def test_at_most_256_characters_are_held(text: str) -> None:
    text = text.replace("-----BEGIN", "")
    assert max(0, len(text) - 256) <= settled(text) <= len(text)
