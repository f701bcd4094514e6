"""Rows of a column: places are stable, heights are exact where looked at, sums are right."""

from hypothesis import given
from hypothesis import strategies as st
from textual.strip import Strip

from greenroom.tui.conversation.column import Column, Place
from greenroom.tui.conversation.entries import Entry, Part
from greenroom.tui.conversation.heights import Heights
from greenroom.tui.conversation.painter import Painter
from greenroom.tui.conversation.palette import Palette
from greenroom.tui.text.wrapping import wrap


@given(
    st.lists(st.integers(0, 9), max_size=60), st.lists(st.tuples(st.integers(0, 59), st.integers(0, 9)), max_size=20)
)
def test_sums_follow_every_change(start: list[int], changes: list[tuple[int, int]]) -> None:
    heights, plain = Heights(start[:30]), list(start)
    for height in start[30:]:
        heights.append(height)
    for index, height in changes:
        if index < len(plain):
            heights.set(index, height)
            plain[index] = height
    assert [heights.start(index) for index in range(len(plain) + 1)] == [sum(plain[:i]) for i in range(len(plain) + 1)]
    for row in range(sum(plain)):
        index, within = heights.find(row)
        assert sum(plain[:index]) + within == row
        assert within < plain[index]


def tall(part: Part, width: int) -> list[Strip]:
    """As many rows as the part's text says, whatever the guess was."""
    return [Strip([], 0)] * (int(part.text or 1) + part.gap)


ENTRIES = st.lists(st.integers(1, 9), min_size=1, max_size=25)


@given(ENTRIES, st.integers(0, 200), st.integers(-60, 60))
def test_walking_there_and_back_ends_where_it_began(heights: list[int], start: int, rows: int) -> None:
    column = Column(tall)
    column.load([Entry(str(i), "person", text=str(h)) for i, h in enumerate(heights)], 40)
    here = column.place(start)
    there = column.walk(here, rows)
    moved = column.offset(there) - column.offset(here)
    assert column.walk(there, -moved) == here
    assert abs(moved) <= abs(rows)
    if abs(moved) < abs(rows):
        assert there in (Place(0, 0, 0), column.end())


@given(ENTRIES, st.integers(1, 30))
def test_a_window_is_the_rows_in_order(heights: list[int], height: int) -> None:
    column = Column(tall)
    column.load([Entry(str(i), "person", text=str(h)) for i, h in enumerate(heights)], 40)
    window = column.window(column.bottom(height), height)
    assert window[-1].place == column.end()
    assert [row.place for row in window] == sorted(row.place for row in window)
    total = sum(heights) + len(heights) - 1
    assert len(window) == min(height, total)


@given(st.text(max_size=300), st.integers(1, 40))
def test_wrapped_rows_fit_and_lose_only_white_space(text: str, width: int) -> None:
    from rich.cells import cell_len

    rows = wrap(text, width)
    assert all(cell_len(row) <= width or len(row) <= 2 for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.expandtabs(4).split())


@given(st.text(max_size=200))
def test_any_reply_can_be_drawn(text: str) -> None:
    column = Column(Painter(Palette()).draw)
    column.load(
        [Entry("1", "persona", "Aria", text, (text,), open=True), Entry("2", "tool", text, text, open=True)], 40
    )
    for row in column.window(Place(), 200):
        assert row.strip.cell_length <= 40
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in row.strip.text)
