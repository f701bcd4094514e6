"""The case file and what its expectations say of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import tables
from greenroom.regression.case import Case, case_path, load_case
from greenroom.regression.expect import failures, fits
from greenroom.regression.inline_toml import toml
from greenroom.regression.record.proposing import case_text
from greenroom.regression.tape.tape import Line

LINES: list[Line] = [
    {"turn": 1, "user": "Hello, I wear 42."},
    {"retrieve": [["p1", "returns.md#refunds", 0.9], ["p2", "shipping.md", 0.5]]},
    {"select": ["p1", "p2"]},
    {"reply": 1, "text": "Within 30 days. [1]", "tokens": [100, 10]},
    {"memory": "m1", "segment": "customer", "key": "size", "text": "Size: 42"},
    {"propose": ["m1"]},
    {"write": "m1"},
    {"finish": "answered"},
    {"turn": 2, "user": "Refund please"},
    {
        "reply": 1,
        "calls": [{"id": "c1", "tool": "orders.refund", "args": {"amount": 120, "order_id": 1}}],
        "tokens": [200, 20],
    },
    {"verdict": "tool.call", "of": "c1", "effect": "require_approval", "rule": "refund.large"},
    {"ask": "c1", "rule": "refund.large", "role": "operator"},
    {"answer": "c1", "decision": "edit", "args": {"amount": 90.0, "order_id": 1}},
    {"ask": "c1.1", "rule": "autonomy", "role": "operator", "args": {"amount": 90.0, "order_id": 1}},
    {"answer": "c1.1", "decision": "allow"},
    {"result": "c1", "tool": "orders.refund", "status": "done", "ran": True, "args": {"amount": 90.0, "order_id": 1}},
    {"reply": 2, "text": "Done.", "tokens": [250, 5], "micro_usd": 1500},
    {"release": "Done, for ‹card#1›.", "effect": "redact"},
    {"finish": "answered"},
    {"turn": 3, "user": "Oops"},
    {"finish": "abandoned"},
]


def judged(expect: str = "good", **assertion: Any) -> tuple[str, ...]:
    return failures(Case.model_validate({"schema": "case/1", "expect": expect, "assert": [assertion]}), LINES)


@pytest.mark.parametrize(
    "assertion",
    [
        {"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 90}}},
        {
            "turn": "1-2",
            "call": {
                "tool": "orders.refund",
                "args": {"amount": {"approx": 91, "within": 1}, "order_id": 1},
                "match": "exact",
            },
        },
        {"call": {"tool": "orders.refund", "status": "done"}, "approval": {"decision": "allow", "asked": True}},
        {"turn": 2, "approval": {"decision": "edit"}},
        {"turn": 1, "approval": {"asked": False}},
        {"turn": 2, "verdict": {"rule": "refund.large", "effect": "require_approval", "hook": "tool.call"}},
        {"turn": 1, "text": {"contains": ["30", "days"], "regex": r"\d+ days", "absent": "guarantee"}},
        {"turn": 2, "text": {"contains": "‹card#1›"}},
        {"never": {"text": {"contains": "guarantee"}, "tool": "mail.send", "verdict": {"effect": "deny"}}},
        {"turn": 1, "passages": {"includes": ["returns.md#refunds", "shipping.md"], "at_most_rank": 2}},
        {"passages": {"includes": "returns.md"}},
        {"memory": {"write": {"size": "42"}}},
        {"limits": {"model_calls": 3, "tool_calls": 1, "tokens": 585, "usd": 0.0015}},
        {"turn": 1, "limits": {"model_calls": 1, "tool_calls": 0}},
    ],
)
def test_what_holds_is_not_mentioned(assertion: dict[str, Any]) -> None:
    assert judged(**assertion) == ()


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ({"turn": 1, "call": {"tool": "orders.refund"}}, "turn 1: orders.refund was not called; there was no tool"),
        ({"turn": 2, "call": {"tool": "mail.send"}}, "turn 2: mail.send was not called; there was orders.refund"),
        ({"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 120}}}, "amount = 90.0, expected 120"),
        ({"turn": 2, "call": {"tool": "orders.refund", "args": {"note": "x"}}}, "without the argument note"),
        (
            {"turn": 2, "call": {"tool": "orders.refund", "args": {"amount": 90}, "match": "exact"}},
            "with more arguments: order_id",
        ),
        ({"turn": 2, "call": {"tool": "orders.refund", "status": "denied"}}, "it ended as done, expected denied"),
        ({"turn": 1, "approval": {"asked": True}}, "nobody was asked"),
        ({"turn": 2, "approval": {"asked": False}}, "a person was asked, and none should be"),
        ({"turn": 2, "approval": {"decision": "deny"}}, "the decision was edit, allow, expected deny"),
        ({"turn": 2, "verdict": {"rule": "x"}}, "no verdict rule x; there was: refund.large (require_approval)"),
        ({"turn": 1, "text": {"contains": "40"}}, 'does not contain "40": "Within 30 days. [1]"'),
        ({"turn": 1, "text": {"absent": "30"}}, 'the reply contains "30"'),
        ({"turn": 1, "text": {"regex": "^Yes"}}, "does not match"),
        ({"never": {"tool": "orders.refund"}}, "turn 2: orders.refund was called, and never should be"),
        ({"never": {"text": {"contains": "Done"}}}, "turn 2: the reply is one that must never come"),
        (
            {"turn": 1, "passages": {"includes": "x.md"}},
            "the passage x.md is not in the prompt; there: returns.md#refunds, shipping.md",
        ),
        ({"turn": 1, "passages": {"includes": "shipping.md", "at_most_rank": 1}}, "has rank 2, expected at most 1"),
        ({"memory": {"write": {"name": "Mara"}}}, "no memory 'name' was written"),
        ({"turn": 1, "memory": {"write": {"size": "43"}}}, 'the memory \'size\' is "Size: 42", expected "43"'),
        ({"limits": {"tokens": 500}}, "585 tokens were used, at most 500 expected"),
        ({"turn": 7, "text": {"contains": "x"}}, "there is no turn 7: the recording has 3"),
    ],
)
def test_what_does_not_hold_is_one_sentence(assertion: dict[str, Any], said: str) -> None:
    found = judged(**assertion)
    assert len(found) == 1
    assert found[0].startswith("assert[0] ")
    assert said in found[0]


def test_bad_and_observe_turn_the_question_round() -> None:
    holds = {"turn": 1, "text": {"contains": "30"}}
    fails = {"turn": 1, "text": {"contains": "40"}}
    assert judged("bad", **holds) == ('what was recorded as bad happened again: turn 1: text = { contains = "30" }',)
    assert judged("bad", **fails) == ()
    assert judged("observe", **fails) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('schema = "case/1"\nexpcet = "good"', "x.case.toml:2 expcet: unknown key 'expcet' (did you mean 'expect'?)"),
        ('schema = "case/1"\n[[assert]]\nturn = 0', "is not a turn"),
        ('schema = "case/1"\n[[assert]]\nturn = "2-"', "is not a turn"),
        ('schema = "case/1"\n[[assert]]\n[assert.text]\nregex = "("', "not a regular expression"),
        ('schema = "case/1"\n[[assert]]\ncall = { tool = "x", arg = {} }', "did you mean 'args'?"),
        ('schema = "case/1"\ntags = ["a b"]', "tags"),
        (
            'schema = "case/1"\ntags = ["x", "skipif"]',
            "'skipif' is a mark of pytest's own, which says nothing of a fixture",
        ),
        ('schema = "case/2"', "schema"),
        ("why = ", "not TOML"),
    ],
)
def test_a_broken_case_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.case.toml"
    path.write_text(text)
    with pytest.raises(FileInvalid) as raised:
        load_case(path)
    assert said in raised.value.line()
    assert raised.value.line().startswith("x.case.toml:")
    assert "\n" not in raised.value.line()


def test_a_tape_without_its_case_is_half_a_fixture(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match=r"^x\.case\.toml: is missing, and nothing says what is expected") as error:
        load_case(case_path(tmp_path / "x.tape.jsonl"))
    assert 'schema = "case/1"' in error.value.hint
    assert case_path(tmp_path / "x.tape.jsonl").name == "x.case.toml"


def test_a_proposed_case_holds_for_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "x.case.toml"
    path.write_text(case_text("x", 'It said "no"\x1b\u202e.', "good", ["refunds"], LINES))
    case = load_case(path)
    assert failures(case, LINES) == ()
    assert case.why == 'It said "no"\x1b\u202e.'
    assert "\u202e" not in path.read_text()
    text = path.read_text()
    for proposed in (
        'tool = "orders.refund"',
        'decision = "allow"',
        'rule = "refund.large"',
        "returns.md#refunds",
        'size = "Size: 42"',
    ):
        assert proposed in text
    first = next(i for i, a in enumerate(case.assert_) if a.call)
    broken = case.model_copy(update={"assert_": case.assert_[first : first + 1]})
    without = [line for line in LINES if "reply" not in line]
    assert failures(broken, without)


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_inline_toml_reads_back_as_the_value(value: Any) -> None:
    assert tables(f"x = {toml(value)}", "x")["x"] == value


@given(VALUES)
def test_a_value_fits_itself(value: Any) -> None:
    assert fits(value, value) or (isinstance(value, dict) and "approx" in str(value))


@pytest.mark.parametrize(
    ("expected", "value"),
    [(1, True), (True, 1), ({"approx": 90}, "90"), ({"approx": 90}, 91), ([1], [1, 2]), ({"a": 1}, {})],
)
def test_what_only_looks_alike_does_not_fit(expected: Any, value: Any) -> None:
    assert not fits(expected, value)
