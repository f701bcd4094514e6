"""A waterfall has each step where it was: what went on together overlaps, waits are told from work, gaps are left out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import stamp
from greenroom.core.events import (
    AnyEvent,
    ApprovalGiven,
    ApprovalRequested,
    GatePassed,
    GatePaused,
    MemoriesRecalled,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
    TurnFinished,
    TurnInterrupted,
    TurnResumed,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Card, ToolCall, ToolSpec, Verdict
from greenroom.views.turns.waterfall import Bar, Stretch, drawn, room, waterfall

BEGUN = datetime(2026, 11, 20, 10, tzinfo=UTC)
ALLOW = Verdict(effect="allow", rule="default", why="")
SPEC = ToolSpec(name="orders.refund", description="", parameters={"type": "object"})
CARD = Card(call=ToolCall(id="c1", tool="orders.refund"), spec=SPEC, verdict=ALLOW)


def records(*events: tuple[int, AnyEvent]) -> list[Record]:
    """Events at so many milliseconds."""
    return [
        Record(seq=seq, at=stamp(BEGUN + timedelta(milliseconds=at)), event=event, prev="", hash="")
        for seq, (at, event) in enumerate(events)
    ]


def started(call: str, tool: str) -> ToolStarted:
    return ToolStarted(call=call, tool=tool, effects="none")


def test_parallel_calls_overlap_and_waiting_is_told_from_work() -> None:
    fall = waterfall(
        records(
            (0, TurnStarted(turn=1, words="both")),
            (5, MemoriesRecalled(turn=1)),
            (100, ReplyGenerated(turn=1, model="m", milliseconds=90, first_token_milliseconds=40)),
            (101, VerdictReached(hook="tool.call", effect="allow", rule="default", verdict=ALLOW)),
            (102, ApprovalRequested(call="c1", tool="orders.refund", rule="r", step="s", card=CARD)),
            (103, started("c2", "orders.get")),
            (303, ApprovalGiven(call="c1", step="s", decision="allow", binds="")),
            (304, started("c1", "orders.refund")),
            (320, ToolReturned(call="c2", tool="orders.get", status="timed_out")),
            (404, ToolReturned(call="c1", tool="orders.refund", status="done")),
            (500, TurnFinished(turn=1, outcome="answered")),
            (900, TurnResumed(turn=1)),
        )
    )
    assert fall.duration == 500_000
    by = {bar.label: bar for bar in fall.bars}
    assert by["generate"].stretches == (Stretch(10_000, 50_000, "first"), Stretch(50_000, 100_000))
    refund, get = by["orders.refund"], by["orders.get"]
    assert [one.look for one in refund.stretches] == ["person", "work", "work"]
    assert refund.note == "201 ms for a person"
    assert (refund.start, refund.took) == (102_000, 302)
    assert (get.start, get.took, get.status) == (103_000, 217, "timed out")
    assert get.start < refund.stretches[-1].end
    assert refund.start < get.stretches[-1].end
    assert by["1 verdict"] is fall.bars[-1]
    assert by["1 verdict"].took == 1


def test_time_away_is_left_out_and_said() -> None:
    day = 24 * 3_600_000
    fall = waterfall(
        records(
            (0, TurnStarted(turn=3, words="again")),
            (10, started("c1", "orders.get")),
            (40, TurnInterrupted(turn=3, cause="cancelled")),
            (day, TurnResumed(turn=3)),
            (day + 10, started("c1", "orders.get")),
            (day + 20, ToolReturned(call="c1", tool="orders.get", status="done")),
            (day + 30, GatePaused(step="g", gate="output", cause="step")),
        )
    )
    assert (fall.turn, fall.away, fall.duration) == (3, day - 40, 70_000)
    assert [(bar.label, bar.status, bar.took) for bar in fall.bars] == [
        ("orders.get", "interrupted", 30),
        ("orders.get", "", 10),
        ("output gate", "waits", 0),
    ]


def test_a_gate_that_was_passed_with_an_edit_says_so() -> None:
    fall = waterfall(
        records(
            (0, TurnStarted(turn=1, words="x")),
            (1, GatePaused(step="g", gate="input", cause="step")),
            (2_001, GatePassed(step="g", gate="input", action="edit", edit="y")),
        )
    )
    assert [(bar.label, bar.status, bar.note) for bar in fall.bars] == [("input gate", "edit", "2.0 s for a person")]
    assert waterfall([]).bars == ()


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=5),
    st.integers(1, 120),
)
def test_a_drawn_bar_fills_its_cells_and_shows_what_took_any_time(pairs: list[tuple[int, int]], cells: int) -> None:
    stretches = tuple(Stretch(min(pair), max(pair)) for pair in pairs)
    duration = max(one.end for one in stretches)
    runs = drawn(Bar("tool", "x", stretches, 1), duration, cells)
    text = "".join(part for part, _ in runs)
    assert len(text) == cells
    assert "━" in text
    assert all(set(part) == ({"━"} if look else {" "}) for part, look in runs)
    label, line = room(max(cells, 27))
    assert label + line + 9 <= max(cells, 27)
