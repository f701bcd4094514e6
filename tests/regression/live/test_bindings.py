"""Ids that could be either are bound by the first call that tells, and followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.regression.live.bindings import Bindings

ONE = {"ticket": "T-1", "queue": 7, "order": 1001}
TWO = {"ticket": "T-2", "queue": 8, "order": 1001}


def test_two_equal_calls_may_have_changed_places() -> None:
    bound = Bindings()
    bound.add([ONE, TWO])
    assert bound.unify({"ticket": "T-2", "text": "a"}, {"ticket": "T-1", "text": "a"})
    assert bound.recorded(["T-1", "see T-2!", "T-22", 1001]) == ["T-2", "see T-1!", "T-22", 1001]
    assert bound.live("about T-1") == "about T-2"
    assert bound.unify({"about": "it is T-1"}, {"about": "it is T-2"})
    assert not bound.unify({"ticket": "T-1"}, {"ticket": "T-1"})
    assert bound.unify({"ticket": "T-1"}, {"ticket": "T-2"})


def test_what_was_told_apart_once_stays_so() -> None:
    bound = Bindings()
    bound.add([ONE, TWO])
    assert bound.unify("T-1", "T-1")
    assert not bound.unify("T-2", "T-1")
    assert bound.recorded("T-2") == "T-2"


def test_a_comparison_that_fails_binds_nothing() -> None:
    bound = Bindings()
    bound.add([ONE, TWO])
    assert not bound.unify({"ticket": "T-2", "text": "a"}, {"ticket": "T-1", "text": "b"})
    assert bound.unify({"ticket": "T-1", "text": "b"}, {"ticket": "T-1", "text": "b"})


def test_small_numbers_and_what_is_alike_in_both_are_no_ids() -> None:
    bound = Bindings()
    bound.add([ONE, TWO])
    assert not bound.unify(7, 8)
    assert bound.unify(1001, 1001)
    assert bound.unify("T-2", "T-1")


@given(st.permutations(range(4)), st.data())
def test_any_order_of_equal_results_can_be_told_and_only_one(order: list[int], data: st.DataObject) -> None:
    bound = Bindings()
    bound.add([{"id": f"X-{n}"} for n in range(4)])
    for live in data.draw(st.permutations(range(4))):
        assert bound.unify({"id": f"X-{live}"}, {"id": f"X-{order[live]}"})
    assert [bound.recorded(f"X-{n}") for n in range(4)] == [f"X-{n}" for n in order]
    assert [bound.live(bound.recorded(f"X-{n}")) for n in range(4)] == [f"X-{n}" for n in range(4)]
