"""Lists of sessions: a family stands together, and what nobody said anything in is left out."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from greenroom.log.summary import SessionSummary, by_family, said_in
from greenroom.views.branches.lineage import Line
from greenroom.views.branches.rerun import Branch


def one(id: str, began: str, parent: str = "", turn: int = 1, turns: int = 1) -> SessionSummary:
    origin = Branch(id, parent, 5, turn) if parent else None
    status = "closed" if turns else "empty"
    line = Line(id, "2026-11-01", turns, "", "answered", origin, began=began)
    return SessionSummary(id, "aria", "1", "2026-11-01", turns, status, "words", line)


FAMILY = (
    one("old", "2026-11-02"),
    one("root", "2026-11-01"),
    one("late", "2026-11-05", "root", 3),
    one("early", "2026-11-03", "root", 2),
    one("deep", "2026-11-04", "early", 4),
    one("lost", "2026-11-06", "gone"),
)


def test_branches_stand_below_their_parent_and_the_family_last_begun_comes_first() -> None:
    for seed in range(10):
        shown = by_family(random.Random(seed).sample(FAMILY, len(FAMILY)))
        told = [(each.id, each.place.rails, each.place.branch) for each in shown]
        assert told == [
            ("lost", "", "gone turn 1: forked"),
            ("root", "", ""),
            ("early", "├─ ", "turn 2: forked"),
            ("deep", "│  └─ ", "turn 4: forked"),
            ("late", "└─ ", "turn 3: forked"),
            ("old", "", ""),
        ]


def test_empty_sessions_are_left_out_but_a_parent_and_the_one_that_is_open() -> None:
    known = (one("a", "1", turns=0), one("b", "2", turns=0), one("c", "3", "b"), one("d", "4"), one("e", "5", turns=0))
    assert [each.id for each in said_in(known)] == ["b", "c", "d"]
    assert [each.id for each in said_in(known, "e")] == ["b", "c", "d", "e"]
    damaged = SessionSummary("x", status="damaged: its file is gone")
    assert said_in((damaged,)) == (damaged,)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=8, unique_by=lambda pair: pair[0]))
def test_every_session_is_listed_once_whatever_parents_a_log_names(pairs: list[tuple[int, int]]) -> None:
    known = [one(f"s{me}", str(me), f"s{parent}") for me, parent in pairs]
    assert sorted(each.id for each in by_family(known)) == sorted(each.id for each in known)
