"""The header and hint rows at every width."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from greenroom.core.durations import short_time
from greenroom.core.values import Passage, Verdict
from greenroom.tui.conversation.entries import parts_of
from greenroom.tui.conversation.painter import Painter
from greenroom.tui.conversation.palette import Palette
from greenroom.tui.conversation.talk import answered_by
from greenroom.tui.deeds import keys
from greenroom.tui.deeds.table import DEEDS, MORE
from greenroom.tui.frame.header import Standing, header_row, short_number
from greenroom.tui.frame.hints import Hint, fitting, hint_row, hint_rows, key_name
from greenroom.tui.panes import policy, retrieval
from greenroom.tui.sheets import leave_sheet
from greenroom.views.turns.retrieval import Hit
from greenroom.views.turns.verdicts import Decided

FULL = Standing(
    "Aria", "1.3.0", "staged", "openai/gpt-5-mini", 2, "step", 12_431, 4_200, 1_240, "retrieving", "read-only"
)


def test_at_eighty_columns_what_matters_is_there() -> None:
    row = header_row(FULL, 80).plain
    assert len(row) <= 80
    for piece in ("Aria@1.3.0", "read-only", "autonomy 2", "step", "$0.0042"):
        assert piece in row


def test_at_forty_columns_the_persona_and_the_warning_remain() -> None:
    row = header_row(FULL, 40).plain
    assert len(row) <= 40
    assert row.startswith("Aria")
    assert "read-only" in row


def test_what_is_stopped_and_another_autonomy_stay_at_every_width() -> None:
    held = replace(FULL, stopped="STOPPED everything", usual_autonomy=1, until="14:30")
    assert "STOPPED everything" in header_row(held, 40).plain
    row = header_row(held, 80).plain
    assert "STOPPED everything" in row
    assert "autonomy 2 raised until 14:30" in row
    assert "lowered" in header_row(replace(held, usual_autonomy=3), 100).plain


@given(st.text(max_size=40), st.text(max_size=40), st.integers(60, 200))
def test_the_header_is_one_safe_row(name: str, warning: str, width: int) -> None:
    row = header_row(Standing(persona=name, model=warning, warning=warning, tokens=1), width).plain
    assert "\n" not in row
    assert "\x1b" not in row
    assert cell_len(row) <= width + 48


@given(
    st.lists(st.sampled_from([Hint("ctrl+p", "everything"), Hint("enter", "send"), Hint("f1", "keys")])),
    st.integers(4, 90),
)
def test_hints_fit_and_none_is_lost_on_several_rows(hints: list[Hint], width: int) -> None:
    assert len(hint_row(hints, width).plain) <= width
    words = hint_rows(hints, max(width, 20)).plain.split()
    assert words == [word for hint in hints for word in (key_name(hint.key), hint.does)]


def test_numbers_are_short() -> None:
    assert [short_number(n) for n in (950, 12_431, 3_100_000)] == ["950", "12.4k", "3.1M"]
    assert [short_time(n) for n in (340, 2_100, 185_000)] == ["340 ms", "2.1 s", "3:05"]
    assert key_name("ctrl+x ctrl+e") == "^x ^e"


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_way_out_is_on_the_row_at_every_width(width: int) -> None:
    for row, last in ((leave_sheet._HINTS, "esc back"), (keys.chords(), "all keys"), (keys.WRITE, "^q quit")):
        text = hint_row(fitting(row, width - 2), width - 2).plain
        assert text.endswith(last)
        assert len(text) <= width - 2


def test_an_effect_and_its_rule_are_whole_in_the_policy_pane() -> None:
    verdict = Verdict(effect="escalate", rule="address.changed_lately", why="x", risk=70)
    entry = policy._row(
        Decided(4, "t1/verdict:tool.call:c1", "tool.call", "orders.set_address", verdict), (), open=False
    )
    (part,) = parts_of(entry, None)
    (row,) = Painter(Palette()).draw(part, 62)
    assert row.text.split() == ["escalate", "tool.call", "address.changed_lately", row.text.split()[3], "risk", "70"]


def test_a_threshold_is_said_with_the_leg_it_is_on() -> None:
    passage = Passage(id="p", text="x", source="a.md", score=0.93, vector=0.08, lexical=0.14)
    found = retrieval._short(Hit(3, passage, reason="score: 0.14 is under 0.15"))
    assert found == "lexical 0.14<0.15"
    other = retrieval._short(Hit(3, passage, reason="budget: no room is left"))
    assert other == "no room is left"


def test_who_answered_is_said_in_one_word_for_grants() -> None:
    assert answered_by("root", "grant t2/ask:c3", "allow") == "covered by the grant of turn 2, given by root"
    assert answered_by("mara", "approve no", "deny") == "mara denied (approve no)"
    said = {text for deed in DEEDS for text in (deed.name, deed.does)} | {keys_line[2] for keys_line in MORE}
    assert not [text for text in said if re.search(r"\bleave (expires|for later|with)", text)]
