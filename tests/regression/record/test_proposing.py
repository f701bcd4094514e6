"""What is proposed holds for the recording, in every way it can be said; and it says what it is about."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.toml_text import parse
from greenroom.core.values import ToolResult
from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.record.proposal import KINDS, USUAL, Proposal, case_of
from greenroom.regression.record.proposing import case_text, proposals
from greenroom.regression.record.record import record
from greenroom.regression.record.telling_phrases import telling_phrases
from greenroom.regression.tape.tape import Line
from tests.engine.stage import says, stage
from tests.regression.taped import recorded_session


def lines_of(*arguments: dict[str, Any], reply: str = "Done: 90.00 EUR, see NW-7001.") -> list[Line]:
    """One turn with a call for each of these arguments; the tool returns an amount and a reference."""
    made = stage(says("", *(("orders.get", one) for one in arguments)), says(reply))
    made.tools.act = lambda call: ToolResult(status="done", output={"paid": 90.0, "ref": "NW-7001", "n": 3})
    session = made.session()
    asyncio.run(session.turn("Please."))
    return list(record(list(session.records), made.policy).tape.events)


def everywhere(found: tuple[Proposal, ...]) -> list[str]:
    return [item.means for one in found for item in one.items if item.on]


def held_in_every_way(found: tuple[Proposal, ...], lines: list[Line]) -> int:
    tried = 0
    for proposal in found:
        for item in proposal.items:
            for place in range(len(item.forms)):
                said = replace(item, at=place, on=True)
                case = parse(case_of("x", "", "good", (), [Proposal(proposal.turn, (said,))]), Case, "x")
                assert failures(case, lines) == (), said.row
                tried += 1
    return tried


def test_every_way_to_say_every_proposal_holds_for_the_recording() -> None:
    made, records = recorded_session()
    lines = list(record(records, made.policy).tape.events)
    found = proposals(lines, KINDS, ("guarantee*", "for sure"))
    assert {item.kind for one in found for item in one.items} == set(KINDS)
    assert held_in_every_way(found, lines) > 25
    assert parse(case_text("x", "", "good", (), lines, KINDS), Case, "x").assert_


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.text(max_size=30))
def test_whatever_the_model_called_with_what_is_proposed_holds(arguments: dict[str, Any], reply: str) -> None:
    lines: list[Line] = [
        {"turn": 1, "user": "x"},
        {"reply": 1, "calls": [{"id": "c1", "tool": "t", "args": arguments}], "tokens": [1, 1]},
        {"result": "c1", "tool": "t", "status": "done", "output": [reply, arguments]},
        {"reply": 2, "text": reply, "tokens": [1, 1]},
        {"finish": "answered"},
    ]
    held_in_every_way(proposals(lines, KINDS, ("a", "b c*")), lines)


@pytest.mark.parametrize("amount", [1e20, -1e20, 1e300, 9.3e18, 2.0**63, 2**53 - 1, 5e-324])
def test_an_amount_of_any_size_is_proposed_in_ways_that_hold(amount: float) -> None:
    lines = lines_of({"amount": amount})
    assert held_in_every_way(proposals(lines, KINDS, ()), lines) > 4


def test_kinds_choose_what_is_switched_on() -> None:
    lines = lines_of({"order_id": 7})
    for kind in KINDS:
        on = {item.kind for one in proposals(lines, {kind}, ("sure",)) for item in one.items if item.on}
        assert on <= {kind}
    assert "contains" in USUAL
    assert everywhere(proposals(lines)) == [
        "orders.get is called with order_id = 7",
        'the reply says "NW-7001" and "90.00"',
    ]


def test_a_whole_reply_is_expected_where_its_kind_is_named() -> None:
    lines: list[Line] = [
        {"turn": 1, "user": "Hi."},
        {"reply": 1, "text": "Hello there.", "tokens": [1, 1]},
        {"finish": "answered"},
    ]
    on = [[item.on for one in proposals(lines, kinds) for item in one.items] for kinds in (USUAL, ["contains"])]
    assert on == [[False, False], [True, False]], "the other is a limit"


def test_a_call_is_loosened_from_exact_to_its_tool_alone() -> None:
    item = proposals(lines_of({"order_id": 7, "amount": 90.0}))[0].items[0]
    said = []
    for _ in item.forms:
        said.append(item.row)
        item = item.loosened()
    assert said == [
        'call = { tool = "orders.get", args = { amount = 90.0, order_id = 7 } }',
        'call = { tool = "orders.get", args = { amount = { approx = 90.0, within = 9 }, order_id = 7 } }',
        'call = { tool = "orders.get" }',
        'call = { tool = "orders.get", args = { amount = 90.0, order_id = 7 }, match = "exact" }',
    ]
    assert item.row == said[0]


def test_arguments_that_toml_cannot_say_are_left_out_alone() -> None:
    item = proposals(lines_of({"note": None, "order_id": 7}))[0].items[0]
    assert item.row == 'call = { tool = "orders.get", args = { order_id = 7 } }'
    assert all("exact" not in form.means for form in item.forms)


def test_words_the_voice_rules_out_are_expected_never_to_come() -> None:
    lines = lines_of({"order_id": 7})
    [text] = [
        item.row for one in proposals(lines, {"never"}, ("guarantee*", "as an AI")) for item in one.items if item.on
    ]
    assert text == r'never = { text = { regex = "(?i)\\b(?:guarantee\\w*|as\\s+an\\s+AI)\\b" } }'
    case = parse(case_text("x", "", "good", (), lines, {"never"}), Case, "x")
    assert case.assert_ == ()
    said = lines_of({"order_id": 7}, reply="We GUARANTEED it.")
    assert not [one for one in proposals(said, {"never"}, ("guarantee*",)) if one.items[0].kind == "never"]


@pytest.mark.parametrize(
    ("reply", "outputs", "found"),
    [
        ("I refunded 90.00 EUR.", [{"amount": 90.0}], ["90.00"]),
        ("I refunded 1,250.00 EUR.", [{"amount": 1250}], ["1,250.00"]),
        ("It is 190 or 90.5.", [{"amount": 90}], []),
        ("See NW-7001.", [[{"ref": "NW-7001"}]], ["NW-7001"]),
        ("See it.", [{"ref": "NW-7001"}], []),
        ("Sent on 2026-11-12.", ["It was sent on 2026-11-12, they say."], ["2026-11-12"]),
        ("Write to ‹email#1›.", [{"mail": "‹email#1›"}], []),
        ("Yes.", [True, None, "Yes"], []),
        ("", [{"a": 1}], []),
    ],
)
def test_what_a_reply_repeats_of_its_tools(reply: str, outputs: list[Any], found: list[str]) -> None:
    assert telling_phrases(reply, outputs) == found
