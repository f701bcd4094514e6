"""A session told in plain lines: everything a person should notice, one line each, harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.commands.answer import answer, table
from greenroom.commands.live.narrate import told
from greenroom.commands.session.as_data import as_data
from greenroom.core.clock import FrozenClock
from greenroom.core.events import (
    AnyEvent,
    ApprovalGiven,
    AttemptFailed,
    Event,
    ReplyReleased,
    ToolReturned,
    ToolStarted,
    TurnAbandoned,
    TurnFinished,
    TurnInterrupted,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.ids import CountedIds
from greenroom.core.inert import hidden_count
from greenroom.core.values import Verdict
from greenroom.log.memory_log import MemoryLog


def line(event: Event) -> str:
    said = told(MemoryLog("s1", FrozenClock(), CountedIds()).append(event))
    return said.text if said else ""


def verdict(effect: str) -> VerdictReached:
    reached = Verdict.model_validate({"effect": effect, "rule": "refund.large", "why": "Above 100 EUR."})
    return VerdictReached(
        turn=1, hook="tool.call", subject="orders.refund", effect=reached.effect, rule="refund.large", verdict=reached
    )


@pytest.mark.parametrize(
    ("event", "parts"),
    [
        (
            verdict("require_approval"),
            ("policy", "orders.refund", "require_approval by refund.large", "Above 100 EUR."),
        ),
        (
            ToolStarted(turn=1, call="c1", tool="orders.get", effects="none", arguments={"order_id": 7}),
            ("tool", "c1 orders.get", '{"order_id": 7}'),
        ),
        (
            ToolReturned(turn=1, call="c1", tool="orders.get", status="failed", error="no such order"),
            ("tool", "failed: no such order"),
        ),
        (
            ToolReturned(turn=1, call="c1", tool="orders.get", status="done", simulated=True, output={"a": 1}),
            ("simulated", '{"a": 1}'),
        ),
        (
            ApprovalGiven(turn=1, call="c1", decision="deny", approver="kim", reason="too much"),
            ("deny by kim: too much",),
        ),
        (AttemptFailed(turn=1, model="m", attempt=2, problem="model.rate_limit"), ("m, attempt 2", "rate_limit")),
        (
            TurnInterrupted(turn=1, cause="x", problem="cut off", hint="resume it"),
            ("interrupted: cut off (resume it)",),
        ),
        (TurnAbandoned(turn=1, reason="enough"), ("abandoned: enough",)),
        (TurnFinished(turn=1, outcome="limited"), ("limited",)),
    ],
)
def test_what_a_person_should_notice_is_told(event: AnyEvent, parts: tuple[str, ...]) -> None:
    for part in parts:
        assert part in line(event)


def test_what_is_plain_is_not_told() -> None:
    assert line(verdict("allow")) == ""
    assert line(TurnFinished(turn=1, outcome="answered")) == ""


@given(st.text())
def test_hostile_text_is_harmless_whatever_it_comes_in(text: str) -> None:
    for event in (
        TurnStarted(turn=1, words=text),
        ReplyReleased(turn=1, text=text),
        ToolReturned(turn=1, call="c1", tool="t", status="failed", error=text),
        TurnAbandoned(turn=1, reason=text),
    ):
        assert hidden_count(line(event)) == 0


@given(st.text())
def test_answers_and_tables_are_harmless(text: str) -> None:
    shown = answer(None, [text, *table(("a", "b"), [(text, text)])], notes=[text])
    assert all(hidden_count(part) == 0 for part in (*shown.lines, *shown.notes))


def test_a_table_keeps_columns_under_their_heads_and_each_row_on_one_line() -> None:
    lines = table(("id", "text"), [("a", "one\ntwo"), ("longer", "three")])
    assert lines == ["ID      TEXT", "a       one two", "longer  three"]
    assert table(("id",), []) == []


def test_a_record_for_programs_has_its_place_and_the_events_own_fields() -> None:
    record = MemoryLog("s1", FrozenClock(), CountedIds()).append(TurnStarted(turn=3, words="hello"))
    data = as_data(record)
    assert list(data)[:4] == ["seq", "at", "turn", "kind"]
    assert (data["turn"], data["kind"], data["words"]) == (3, "turn_started", "hello")
