"""A compared turn in columns: within its width, every word there, and marked also for those who see no colour."""

import asyncio
from collections.abc import Sequence

import pytest
from rich.cells import cell_len

from greenroom.core.events import Record
from greenroom.tui.compare.heads import changes_of, head_lines
from greenroom.tui.compare.lines import Look, places_for, turn_lines
from greenroom.tui.text.runs import Line, plain
from greenroom.views.comparison.comparison import Comparison, Side, compare
from tests.engine.stage import AmountPolicy, ListedApprover, says, stage

LETTERS = "ABCD"
CALL = ("orders.refund", {"order_id": 1, "amount": 120})


def played(reply: str, *calls: tuple[str, dict[str, int]], limit: float = 500) -> Sequence[Record]:
    replies = [says("Paying.", *calls), says(reply)] if calls else [says(reply)]
    session = stage(*replies, policy=AmountPolicy(limit=limit), approver=ListedApprover([])).session()
    asyncio.run(asyncio.wait_for(session.turn("My name is Mara, pay me 120"), 10))
    return session.records


def compared(*sides: Sequence[Record]) -> Comparison:
    return compare([Side(f"s{place}", records) for place, records in enumerate(sides)])


def look(width: int, sides: int, chosen: int = 0, *, marked: bool = True) -> Look:
    return Look(width, tuple(LETTERS[:sides]), places_for(width, sides, chosen), chosen, marked)


def text(lines: Sequence[Line]) -> str:
    return "\n".join(map(plain, lines))


@pytest.mark.parametrize("width", [24, 76, 136])
@pytest.mark.parametrize("chosen", [0, 2])
def test_no_line_is_wider_than_asked(width: int, chosen: int) -> None:
    sides = [
        played(words) for words in ("Short.", "多くの言葉 " * 30, "a" * 300 + " \x1b[31m 🙂 and more\n\tthan that")
    ]
    found = compared(*sides)
    where = look(width, 3, chosen)
    lines = [*turn_lines(found.turns[0], where), *head_lines(found, changes_of(found), where, "s1", 0)]
    assert max(cell_len(plain(line)) for line in lines) <= width
    assert "\x1b" not in text(lines)


def test_the_words_that_differ_are_marked_and_only_those() -> None:
    found = compared(played("It costs 60.00 EUR in all."), played("It costs 20.00 EUR in all."))
    wide = turn_lines(found.turns[0], look(136, 2))
    tinted = [(run.text, run.tint) for line in wide for run in line if run.tint in ("gone", "came")]
    assert tinted == [("60.00", "gone"), ("20.00", "came")]
    assert "≠ reply" in text(wide)
    assert not [
        run for line in turn_lines(found.turns[0], look(136, 2, marked=False)) for run in line if run.tint == "gone"
    ]
    narrow = text(turn_lines(found.turns[0], look(76, 2, 1)))
    assert "20.00" in narrow
    assert "60.00" not in narrow


def test_wholly_other_words_are_not_all_marked() -> None:
    found = compared(played("Nothing was paid out."), played("Done, your reference is R-1, have a good day!"))
    lines = turn_lines(found.turns[0], look(136, 2))
    assert "wholly other words" in text(lines)
    assert not [run for line in lines for run in line if run.tint in ("gone", "came")]


def test_rows_say_of_each_side_what_it_has_at_every_width() -> None:
    found = compared(played("Done.", CALL), played("Done.", CALL, limit=5))
    for width in (76, 136):
        shown = text(turn_lines(found.turns[0], look(width, 2)))
        assert "≠ tool.call orders.refund  flipped" in shown
        assert "allow by default" in shown
        assert "deny by refund.large" in shown
        assert "≠ orders.refund came to" in shown
    assert "A allow by default" in text(turn_lines(found.turns[0], look(76, 2)))


def test_the_first_side_stays_beside_the_chosen_one() -> None:
    assert places_for(76, 4, 2) == (2,)
    assert places_for(136, 4, 1) == (0, 1, 2)
    assert places_for(136, 4, 3) == (0, 2, 3)
    assert places_for(100, 4, 3) == (0, 3)


def test_a_head_says_who_it_is_and_which_is_open_and_chosen() -> None:
    found = compared(played("a"), played("b", limit=5))
    changes = changes_of(found)
    assert changes[0] == ""
    assert changes[1].startswith("policy")
    shown = text(head_lines(found, changes, look(136, 2, 1), "s1", 0))
    assert "A  aria@1.0.0 on listed/replies" in shown
    assert "open here" in shown
    assert "▌ B" in shown
    assert "▌ A" not in shown
