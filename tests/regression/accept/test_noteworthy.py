"""What a diff shows of two tapes: nothing that only counts or calls otherwise, and everything that happened otherwise."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.accept.noteworthy import noteworthy
from greenroom.regression.accept.tape_diff import changes_between

Line = dict[str, Any]


def remembered(name: str, text: str, **more: Any) -> Line:
    return {"memory": name, "segment": "customer", "key": "size", "text": text, **more}


def reply(text: str, asked: int, answered: int = 5, number: int = 1) -> Line:
    return {"reply": number, "text": text, "tokens": [asked, answered]}


def recalled(*names: str) -> list[Line]:
    return [{"recall": [[name, 0.0] for name in names]}, {"select": ["p1"], "memories": list(names)}]


TURN: Line = {"turn": 1, "user": "What size?"}


def test_tokens_alone_are_one_phrase_for_all_replies() -> None:
    found = noteworthy(
        [TURN, reply("42", 100), reply("43", 10, number=2)], [TURN, reply("42", 102), reply("43", 9, number=2)]
    )
    assert (found.changes, found.tokens) == ((), "tokens 120 -> 121 in 2 replies")
    same = noteworthy(
        [TURN, reply("42", 100), reply("43", 10, number=2)], [TURN, reply("42", 101), reply("43", 9, number=2)]
    )
    assert (same.changes, same.tokens) == ((), "")


def test_a_reply_that_says_something_else_is_told_without_its_tokens() -> None:
    found = noteworthy([TURN, reply("It is 42", 100)], [TURN, reply("It is 43", 120)])
    assert len(found.changes) == 1 and "tokens" not in found.changes[0].told and "43" in found.changes[0].told
    assert found.tokens == "tokens 105 -> 125 in 1 reply"
    gone = noteworthy([TURN, reply("42", 100)], [TURN])
    assert [one.told[0] for one in gone.changes] == ["-"] and gone.tokens == "tokens 105 -> 0"


def test_a_memory_that_says_the_same_under_another_name_is_no_change() -> None:
    recorded = [TURN, remembered("m1", "42"), {"propose": ["m1"]}, {"write": "m1"}, *recalled("m1")]
    told_again = [
        TURN,
        remembered("m1", "42"),
        {"propose": ["m1"]},
        {"write": "m1"},
        remembered("m3", "42"),
        *recalled("m3"),
    ]
    assert noteworthy(recorded, told_again).changes == ()
    renamed = [TURN, remembered("m7", "42"), {"propose": ["m7"]}, {"write": "m7"}, *recalled("m7")]
    assert noteworthy(recorded, renamed).changes == ()


def test_a_memory_that_says_something_else_is_told_and_a_recalled_one_by_its_name() -> None:
    recorded = [TURN, remembered("m1", "42"), remembered("m2", "red"), *recalled("m1", "m2")]
    other = [TURN, remembered("m1", "43"), remembered("m2", "red"), *recalled("m1", "m2")]
    assert any("42" in one.told and "43" in one.told for one in noteworthy(recorded, other).changes)
    swapped = [TURN, remembered("m1", "red"), remembered("m2", "42"), *recalled("m1", "m2")]
    assert noteworthy(recorded, swapped).changes, "the names stand for other memories now"
    fewer = [TURN, remembered("m1", "42"), remembered("m2", "red"), *recalled("m1")]
    told = [one.told for one in noteworthy(recorded, fewer).changes]
    assert told == ["~ recall: -m2 (0.0)", "~ select: memories -m2"]
    asked = [TURN, remembered("m1", "42", confidence=0.1), remembered("m2", "red"), *recalled("m1", "m2")]
    assert noteworthy(recorded, asked).changes


def searched(*found: tuple[str, float], candidates: str = "1") -> Line:
    return {
        "retrieve": [[f"p{n}", label, score] for n, (label, score) in enumerate(found, 1)],
        "candidates": candidates,
    }


def test_a_score_without_another_order_is_said_only_where_nothing_else_is() -> None:
    recorded, fresh = (
        [TURN, searched(("a.md", 0.9), ("b.md", low), candidates=name), {"recall": [["m1", -low]]}, reply("42", 5)]
        for low, name in ((0.1, "one"), (0.2, "other"))
    )
    found = noteworthy(recorded, fresh)
    assert found.changes == () and found.aside == "other scores behind the same choice in 2 searches"
    beside = noteworthy(recorded, [*fresh[:3], reply("43", 6)])
    assert [one.told for one in beside.changes] == ["~ reply 1: text 42 -> 43"]
    assert beside.aside == "tokens 10 -> 11 in 1 reply and other scores behind the same choice in 2 searches"


def test_another_order_and_what_is_found_no_longer_are_told_without_scores_that_moved() -> None:
    recorded = [TURN, searched(("a.md", 0.9), ("b.md", 0.5)), {"recall": [["m1", -1.0], ["m2", -2.0]]}]
    fresh = [TURN, searched(("a.md", 0.8), ("c.md", 0.4)), {"recall": [["m2", -0.0], ["m1", -0.1]]}]
    told = [one.told.partition(": ")[2] for one in noteworthy(recorded, fresh).changes]
    assert told == ["-b.md +c.md", "in another order: m1, m2 -> m2, m1"]
    turned = [TURN, searched(("b.md", 0.5), ("a.md", 0.4))]
    assert [one.told for one in noteworthy(recorded[:2], turned).changes] == [
        "~ retrieve: in another order: a.md, b.md -> b.md, a.md"
    ]


_LINES = st.lists(
    st.one_of(
        st.builds(remembered, st.sampled_from(["m1", "m2"]), st.sampled_from(["42", "43"])),
        st.builds(reply, st.sampled_from(["a", "b"]), st.integers(1, 3)),
        st.sampled_from([*recalled("m1"), *recalled("m2", "m1"), {"write": "m1"}]),
    ),
    max_size=6,
)


@given(_LINES)
def test_a_tape_has_nothing_to_show_beside_itself(lines: list[Line]) -> None:
    found = noteworthy([TURN, *lines], [TURN, *lines])
    assert found.tokens == ""
    names = [line["memory"] for line in lines if "memory" in line]
    if len(names) == len(set(names)) == len({line["text"] for line in lines if "memory" in line}):
        assert found.changes == ()


@given(_LINES, st.sampled_from(["a", "b"]), st.sampled_from(["c", "d"]))
def test_other_words_are_never_left_out(lines: list[Line], old: str, new: str) -> None:
    recorded, fresh = [TURN, *lines, reply(old, 1, number=9)], [TURN, *lines, reply(new, 2, number=9)]
    assert changes_between(recorded, fresh)
    assert any((one.new or {}).get("text") == new for one in noteworthy(recorded, fresh).changes)
