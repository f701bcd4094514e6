"""Finding events: fields begin so or are exactly so, words are looked for in content alone, and what is not meant is left out."""

from greenroom.core.events import (
    AnyEvent,
    ApprovalRequested,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
    TurnStarted,
    VerdictReached,
)
from greenroom.core.values import Card, Fired, Passage, ToolCall, ToolSpec, Verdict
from greenroom.views.travel.finding import query, spans, wanting

REFUND = ToolCall(id="c1", tool="orders.refund", arguments={"amount": 120, "reason": 'The ÜBER "soft" sole\nbroke'})
LARGE = Verdict(
    effect="require_approval",
    rule="refund.large",
    why="Refunds above 100 EUR need a person.",
    fired=(
        Fired(rule="refund.large", effect="require_approval", why=""),
        Fired(rule="watch.all", effect="allow", why=""),
    ),
)
SPEC = ToolSpec(name="orders.refund", description="pays back", parameters={"type": "object"})
EVENTS: tuple[AnyEvent, ...] = (
    TurnStarted(turn=1, words="I want a refund, kind:of"),
    PassagesRetrieved(turn=1, candidates=(Passage(id="p1", text="Within 30 days.", source="returns.md"),)),
    ReplyGenerated(turn=1, model="scripted/helpdesk", calls=(REFUND,)),
    VerdictReached(
        turn=1, hook="tool.call", subject="orders.refund", effect="require_approval", rule="refund.large", verdict=LARGE
    ),
    ApprovalRequested(
        turn=1, call="c1", tool="orders.refund", rule="refund.large", card=Card(call=REFUND, spec=SPEC, verdict=LARGE)
    ),
    ToolReturned(turn=12, call="c1", tool="orders.refund_all", status="denied"),
)
RECORDS = [
    Record(seq=seq, at="2026-11-20T10:00:00.000000Z", event=event, prev="", hash="") for seq, event in enumerate(EVENTS)
]


def found(words: str) -> list[int]:
    return [record.seq for record in RECORDS if query(words).holds(record)]


def test_a_field_begins_so_or_is_exactly_so() -> None:
    assert found("kind:tool") == [5]
    assert found("kind:turn_st") == found("kind=turn_started") == [0]
    assert found("kind=turn") == []
    assert found("tool:orders.refund") == [2, 3, 4, 5]
    assert found("tool=orders.refund") == [2, 3, 4]
    assert found("TOOL:ORDERS.*_all") == [5]
    assert found("rule:refund.l") == [3, 4]
    assert found("rule=watch.all") == [3]
    assert found("effect:require") == [3, 4]
    assert found("turn:1") == [0, 1, 2, 3, 4], "turn 12 does not begin with a 1 that is meant"


def test_words_are_looked_for_in_what_an_event_says() -> None:
    assert found("30 DAYS") == found('"30 days"') == [1]
    assert found("über") == [2, 4]
    assert found('"sole\nbroke"') == [2, 4], "as it stands, not as JSON writes it"
    assert found("arguments") == found("heading") == [], "the names of fields are not content"
    assert found("120") == [2, 4]
    assert found("kind:of") == []
    assert found('"kind:of"') == [0]


def test_parts_go_together_and_can_be_turned_round() -> None:
    assert found("tool:orders rule:refund effect:require -kind:approval") == [3]
    assert found("-tool:orders -30") == [0]
    assert found("") == [0, 1, 2, 3, 4, 5]
    assert found("- :") == []


def test_options_of_one_kind_each_hold() -> None:
    held = wanting(["ÜBER"], tool=["orders.refund"], rule=[])
    assert [record.seq for record in RECORDS if held.holds(record)] == [2, 4]


def test_words_are_marked_where_they_stand() -> None:
    assert spans("Refund of the refund", ["refund", ""]) == [(0, 6), (14, 20)]
