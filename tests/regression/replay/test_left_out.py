"""What a selection left out is told in words: in a difference, among what would be accepted, and on a page."""

from __future__ import annotations

from greenroom.pytest_plugin.page_conversation import conversation
from greenroom.regression.accept.tape_diff import changes_between
from greenroom.regression.replay.difference import first_difference
from greenroom.regression.replay.left_out import left_out
from greenroom.regression.tape.tape import Line

RULE = "policy: passage.internal"
OLD: Line = {"select": ["p1", "p6"], "dropped": {"count": 13, RULE: ["p2", "p3", "p4", "p5"], "score": 1}}
NEW: Line = {"select": ["p1"], "dropped": {"count": 14, RULE: ["p2", "p3", "p4", "p5"], "score": 1}}
WORDS = "13 by count, 4 by policy passage.internal, 1 by score"
NOW = "14 by count, 4 by policy passage.internal, 1 by score"


def told(old: list[Line], new: list[Line]) -> list[str]:
    return [change.told for change in changes_between(old, new)]


def test_each_reason_is_said_with_how_many_it_left_out() -> None:
    assert left_out(OLD["dropped"]) == WORDS
    assert left_out({}) == left_out(None) == "nothing"
    assert left_out("\x1b[31m") == "\\x1b[31m"


def test_a_change_is_told_in_words_and_never_as_json() -> None:
    turn: Line = {"turn": 1, "user": "Hi"}
    assert told([turn, OLD], [turn, NEW]) == [f"~ select: -p6; left out: {WORDS} -> {NOW}"]
    assert told([turn], [turn, OLD]) == [f"+ select: left out: {WORDS}"]
    assert told([turn, OLD], [turn, {"select": ["p1", "p6"]}]) == [f"~ select: left out: {WORDS} -> nothing"]
    found = first_difference([turn, OLD], [turn, NEW])
    assert found.line == f"turn 1: select: -p6; left out: {WORDS} -> {NOW}"
    assert f"- dropped: {WORDS}" in found.detail
    assert "{" not in found.line + found.detail


def test_as_many_for_the_same_reason_may_be_others() -> None:
    other = {"select": ["p1", "p6"], "dropped": {**OLD["dropped"], RULE: ["p2", "p3", "p4", "p7"]}}
    assert told([OLD], [other]) == [f"~ select: left out: {WORDS}, but others"]


def test_a_page_says_it_in_words_too() -> None:
    assert f"; left out: {WORDS}</div>" in "".join(conversation([OLD]))


def test_passages_are_told_by_label_and_score() -> None:
    old: Line = {"retrieve": [["p1", "returns.md", 0.9], ["p2", "sizes.md", 0.5]], "legs": ["lexical", "ngrams"]}
    found = first_difference([old], [{**old, "retrieve": old["retrieve"][:1]}])
    assert found.detail.splitlines() == [
        "- retrieve: returns.md 0.9, sizes.md 0.5",
        "+ retrieve: returns.md 0.9",
        "  legs: lexical, ngrams",
    ]
