"""Lists beside one another: every item once and in order, equal ones together, and no side is the better one."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom.views.comparison.columns import columns, pairs

LISTS = st.lists(st.text("abcd", max_size=2), max_size=8)


def key(item: str) -> str:
    return item


def near(one: str, other: str) -> float:
    return 0.5 if one[:1] == other[:1] else -1.0


@given(st.lists(LISTS, min_size=2, max_size=4))
def test_every_item_stands_once_and_in_its_order(lists: list[list[str]]) -> None:
    rows = columns(lists, key, near)
    for place, items in enumerate(lists):
        assert [row[place] for row in rows if row[place] is not None] == items
    for row in rows:
        assert any(cell is not None for cell in row)


@given(LISTS, LISTS)
def test_two_lists_turned_round_give_the_same_pairs(one: list[str], other: list[str]) -> None:
    assert [(b, a) for a, b in pairs(other, one, key, near)] == pairs(one, other, key, near)


@given(LISTS)
def test_a_list_stands_beside_itself(items: list[str]) -> None:
    assert columns([items, items, items], key, near) == [(item, item, item) for item in items]


def test_what_only_one_has_leaves_the_others_empty() -> None:
    assert columns([["a", "c"], ["a", "b", "c"]], key, near) == [("a", "a"), (None, "b"), ("c", "c")]
    assert columns([["a"], ["b"], ["b"]], key, near) == [("a", None, None), (None, "b", "b")]


def test_what_differs_in_the_same_place_is_a_pair_where_it_can_be() -> None:
    assert columns([["x", "ca"], ["x", "cb"]], key, near) == [("x", "x"), ("ca", "cb")]
    assert columns([["x", "ca"], ["x", "db"]], key, near) == [("x", "x"), ("ca", None), (None, "db")]
    assert len(columns([[f"a{n}" for n in range(60)], [f"ab{n}" for n in range(60)]], key, near)) == 60
