"""A card in plain text, and a person's typed answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.commands.answering.card import answer_of, card_lines
from greenroom.commands.tool.arguments import arguments_of
from greenroom.core.errors import UsageError
from greenroom.core.inert import hidden_count, inert
from greenroom.core.values import Card, Clause, Finding, Fired, ToolCall, ToolSpec, Verdict

SPEC = ToolSpec(
    name="orders.refund",
    description="Pay money back.",
    parameters={
        "type": "object",
        "properties": {"order_id": {"type": "integer"}, "amount": {"type": "number"}, "note": {"type": "string"}},
    },
    effects="once",
)


def card(note: str = "torn box") -> Card:
    fired = Fired(
        rule="refund.large",
        effect="require_approval",
        why="Refunds above 100 EUR need a person.",
        policy="support@2.3.0",
        clauses=(Clause(source="args.amount > 100", outcome="true", values={"args.amount": 120}),),
    )
    verdict = Verdict(
        effect="require_approval",
        rule="refund.large",
        why="Refunds above 100 EUR need a person.",
        policy="support@2.3.0",
        risk=65,
        addends=(("refund.large", 40), ("autonomy", 25)),
        autonomy=2,
        fired=(fired,),
        findings=(Finding(detector="personal.mail", path="args.note", start=3, end=9),),
        unchecked=("args.blob",),
    )
    call = ToolCall(id="c1", tool="orders.refund", arguments={"order_id": 1001, "amount": 120, "note": note})
    return Card(call=call, spec=SPEC, verdict=verdict, reason="", origin=("user", "passage"))


def test_a_card_says_what_why_on_what_evidence_and_at_what_risk() -> None:
    text = "\n".join(card_lines(card(), "2026-11-20T10:15:00.000000Z"))
    for part in (
        "orders.refund (c1)",
        "amount = 120",
        "cannot be undone",
        "require_approval by refund.large",
        "args.amount > 100",
        "args.amount = 120",
        "personal.mail at args.note, 3 to 9",
        "user, passage",
        "65",
        "not checked: args.blob",
        "until: 2026-11-20T10:15",
    ):
        assert part in text
    assert text.index("amount = 120") < text.index("require_approval by") < text.index("65")


@given(st.text())
def test_no_argument_can_reach_the_terminal_as_a_command(note: str) -> None:
    for line in card_lines(card(note)):
        assert hidden_count(line) == 0
        assert "\n" not in line


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=400))
def test_every_character_of_an_argument_is_on_the_card(note: str) -> None:
    long = f"{note} {'word ' * 60}\n{note}"
    shown = "\n".join(card_lines(card(long)))
    assert shown.count(inert(note)) >= 2
    assert f"{len(long)} characters" in shown


@pytest.mark.parametrize("text", ["", "  ", "y", "ok", "approved", "1", "\x1b[A", "deny", "no", "edit", "simulate"])
def test_anything_unclear_is_no_answer(text: str) -> None:
    with pytest.raises(UsageError):
        answer_of(text, card())


def test_the_answers() -> None:
    assert answer_of("approve", card()).decision == "allow"
    assert answer_of(" YES ", card()).decision == "allow"
    denied = answer_of("deny over the limit", card())
    assert (denied.decision, denied.reason) == ("deny", "over the limit")
    edited = answer_of("edit amount=90 note='two words'", card())
    assert edited.arguments == {"order_id": 1001, "amount": 90, "note": "two words"}
    assert answer_of('edit {"amount": 1}', card()).arguments == {"amount": 1}
    assert answer_of('simulate {"ok": true}', card()).result == {"ok": True}
    assert answer_of("simulate paid", card()).result == "paid"
    assert answer_of("stop enough", card()).decision == "stop"
    assert answer_of("approve", card()).established == "terminal"


def test_arguments_are_read_as_the_schema_wants_them() -> None:
    assert arguments_of(["order_id=1001", "note=5"], SPEC) == {"order_id": 1001, "note": "5"}
    assert arguments_of(["note=two plain words"], SPEC) == {"note": "two plain words"}
    assert arguments_of(["note='two words' order_id=7"], SPEC) == {"note": "two words", "order_id": 7}
    assert arguments_of(['{"amount": 3}'], SPEC) == {"amount": 3}
    assert arguments_of(["amount=many"], SPEC) == {"amount": "many"}
    assert arguments_of([], SPEC) == {}


@pytest.mark.parametrize("words", [["amount"], ["amonut=3"], ["note='open"], ["{nonsense"]])
def test_arguments_that_cannot_be_read_are_usage_errors(words: list[str]) -> None:
    with pytest.raises(UsageError):
        arguments_of(words, SPEC)


def test_a_misspelt_argument_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        arguments_of(["amonut=3"], SPEC)
    assert "amount" in caught.value.hint
