"""Detectors that a workspace adds: what they find, with exact spans, and how a stream is held for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, mask_all
from greenroom.detectors.own import OwnDetector, OwnDetectors, own_detector
from greenroom.detectors.stream import settled

VOUCHER = own_detector("shop.voucher", r"\bNW-[0-9]{4}-[0-9]{4}\b")
MEMBER = own_detector("shop.member", r"\b[0-9]{6,8}\b", near=("member", "Mitglied"), within=20)
PLATE = own_detector("shop.plate", r"(?i)\b[a-zäöü]{1,3}-[a-z]{1,2} ?[0-9]{1,4}\b", check="digits:2-4", label="car")
OWN = OwnDetectors((VOUCHER, MEMBER, PLATE))


def parts(text: str, detectors: OwnDetectors = OWN) -> list[tuple[str, str]]:
    return [
        (item.detector, text[item.start : item.end]) for item in find(text, detectors) if item.detector[:5] == "shop."
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my voucher NW-1234-5678.", [("shop.voucher", "NW-1234-5678")]),
        ("xNW-1234-5678 NW-1234-56789", []),
        ("é😀e\u0301 NW-1234-5678 😀", [("shop.voucher", "NW-1234-5678")]),
        ("ＮＷ－１２３４－５６７８", [("shop.voucher", "ＮＷ－１２３４－５６７８")]),
        ("NW-12\u200b34-5678!", [("shop.voucher", "NW-12\u200b34-5678")]),
        ("I am MEMBER no. 1234567", [("shop.member", "1234567")]),
        ("1234567 is my Mitgliedsnummer", [("shop.member", "1234567")]),
        ("member" + " " * 21 + "1234567", []),
        ("order 1234567", []),
        ("plate M-AB 123 and M-AB 1", [("shop.plate", "M-AB 123")]),
        ("NW-1234-5678 NW-8765-4321", [("shop.voucher", "NW-1234-5678"), ("shop.voucher", "NW-8765-4321")]),
        ("\ud800 NW-1234-5678", [("shop.voucher", "NW-1234-5678")]),
    ],
)
def test_what_they_find(text: str, found: list[tuple[str, str]]) -> None:
    assert parts(text) == found


def test_every_string_is_searched_and_none_runs_into_the_next() -> None:
    payload = {"a": "NW-1234", "NW-1111-1111": ["-5678", {"x": "NW-2222-2222"}]}
    assert [item.path for item in find(payload, OWN) if item.detector == "shop.voucher"] == ["NW-1111-1111.(key)", "NW-1111-1111[1].x"]  # fmt: skip


def test_masks_are_named_stable_and_findings_themselves() -> None:
    masks = Masks()
    masks.call(OWN.labels)
    text = "NW-1234-5678, M-AB 123, NW-0000-0000, NW-1234-5678"
    once = mask_all(text, lambda _: True, masks, OWN)
    assert once == "‹voucher#1›, ‹car#1›, ‹voucher#2›, ‹voucher#1›"
    again = [(item.detector, item.mask) for item in find(once, OWN)]
    assert again[:2] == [("shop.voucher", "‹voucher#1›"), ("shop.plate", "‹car#1›")]
    assert mask_all(once, lambda _: True, masks, OWN) == once


def test_they_find_nothing_inside_a_mask_and_cut_none_apart() -> None:
    greedy = OwnDetectors((own_detector("shop.card", r"card[^ ]{0,6}", label="deck"),))
    assert parts("see ‹card#1› now", greedy) == []
    assert parts("see cards‹card#1› now", greedy) == [("shop.card", "cards")]
    masks = Masks()
    once = mask_all("cards‹card#1› card ‹deck#9›", lambda _: True, masks, greedy)
    assert mask_all(once, lambda _: True, masks, greedy) == once


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "missing )"),
        ("x" * 401, "at most 400"),
        ("a*", "empty text"),
        ("[0-9]{5}", "fixed text"),
        (r"\pL{900}x", "too large"),
        ("^x", "anchor"),
    ],
)
def test_patterns_that_cannot_be_used(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(")", r"\)")):
        own_detector("shop.x", pattern)


def test_a_match_without_a_bound_holds_the_whole_reply() -> None:
    endless = own_detector("shop.x", "NW-[0-9]+")
    assert endless.reach is None
    assert settled("many plain words and more of them follow here, " * 20, (endless,)) == 0


def test_plain_words_are_shown_but_for_what_may_still_grow() -> None:
    text = "Your voucher is on its way and arrives in a few days at your door. "
    assert VOUCHER.reach == 12
    assert len(text) - 25 < settled(text, (VOUCHER,)) < len(text) - 12


AROUND = st.lists(
    st.sampled_from(["a", "member", " ", " ", "\n", "-", "NW", "12", "1234", ".", ",", "é", "M", ":", "‹", "\u200b", "０"]),
    max_size=14,
).map("".join)  # fmt: skip
SECRET = st.sampled_from(
    ["NW-1234-5678", "member 1234567", "1234567 my member no", "M-AB 123", "4111 1111 1111 1111", "NW-1234-56‍78"]
)


@hypothesis_settings(max_examples=800)
@given(st.lists(st.tuples(AROUND, SECRET, AROUND), min_size=1, max_size=3), st.lists(st.integers(1, 9), min_size=1))
def test_a_stream_shows_nothing_that_the_whole_would_hide(told: list[tuple[str, str, str]], sizes: list[int]) -> None:
    text = " ".join(part for one in told for part in one)
    own: tuple[OwnDetector, ...] = OWN.detectors
    wanted = {*OWN.labels, "personal.card"}
    hidden = [text[item.start : item.end] for item in find(text, OWN) if item.detector in wanted and not item.mask]
    masks, held, shown, place = Masks(), "", "", 0
    masks.call(OWN.labels)
    while place < len(text):
        size = sizes[place % len(sizes)]
        held, place = held + text[place : place + size], place + size
        cut = settled(held, own)
        shown, held = shown + str(mask_all(held[:cut], wanted.__contains__, masks, OWN)), held[cut:]
    shown += str(mask_all(held, wanted.__contains__, masks, OWN))
    whole = str(mask_all(text, wanted.__contains__, Masks(), OWN))
    for value in hidden:
        assert shown.count(value) <= whole.count(value)
