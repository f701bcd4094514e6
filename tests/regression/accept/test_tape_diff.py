"""Two tapes told apart event by event, and some kinds of change taken over without the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.inert import hidden_count
from greenroom.regression.accept.tape_diff import ASPECTS, Aspect, changes_between, taken_over
from greenroom.regression.record.record import record
from greenroom.regression.tape.tape import Line
from tests.regression.taped import recorded_session

_MADE, _RECORDS = recorded_session()
LINES: tuple[Line, ...] = record(_RECORDS, _MADE.policy).tape.events
WORDS: tuple[Aspect, ...] = ("text",)
LISTS = st.lists(st.sampled_from(LINES), max_size=12)


def changed(kind: str, **values: object) -> list[Line]:
    """The lines with keys of the first of a kind changed."""
    place = next(at for at, line in enumerate(LINES) if next(iter(line)) == kind)
    return [*LINES[:place], {**LINES[place], **values}, *LINES[place + 1 :]]


@given(LISTS, LISTS)
def test_taking_everything_over_gives_the_new_lines_and_nothing_the_recorded_ones(
    old: list[Line], new: list[Line]
) -> None:
    assert taken_over(old, new, ASPECTS) == new
    assert taken_over(old, new, ()) == old
    assert (changes_between(old, new) == ()) == (old == new)


@given(LISTS, LISTS, st.sets(st.sampled_from(ASPECTS)))
def test_what_was_taken_over_is_no_change_any_more(old: list[Line], new: list[Line], only: set[Aspect]) -> None:
    left = changes_between(taken_over(old, new, only), new)
    assert all(set(change.aspects) - only or change.recorded is None or change.new is None for change in left)


@given(LISTS, st.lists(st.dictionaries(st.just("verdict"), st.text(max_size=300), min_size=1), max_size=3))
def test_a_change_is_one_short_harmless_line(old: list[Line], new: list[Line]) -> None:
    for change in changes_between(old, new):
        assert hidden_count(change.told) == 0 and "\n" not in change.told and len(change.told) <= 240


def test_a_reply_can_differ_in_its_words_and_in_its_calls() -> None:
    new = changed("reply", text="Other.", added=["passages#000000"], calls=[{"id": "c1", "tool": "t", "args": {}}])
    (change,) = changes_between(LINES, new)
    assert set(change.aspects) >= {"text", "args"}
    (merged,) = [line for line in taken_over(LINES, new, WORDS) if line not in LINES]
    assert (merged["text"], "calls" in merged) == ("Other.", False)


def test_what_policy_put_in_a_results_place_is_about_policy() -> None:
    (change,) = changes_between(LINES, changed("result", status="denied", error="no"))
    assert change.aspects == ("policy",)
    assert change.told == "~ result of c1 (orders.get): status done -> denied; error no is new"
    (change,) = changes_between(LINES, changed("result", output={"other": 1}))
    assert change.aspects == ("tools",)


def test_lists_are_told_by_what_came_and_went() -> None:
    (change,) = changes_between(LINES, changed("select", select=["p1"]))
    assert (change.aspects, change.told) == (("retrieval",), "~ select: -p2")
    shorter = [line for line in LINES if "ask" not in line]
    assert [change.told.partition(":")[0] for change in changes_between(LINES, shorter)] == [
        "- ask of c2",
        "- ask of c2.1",
    ]
