"""`not` and `any_of`: what they turn round and join, and what is concluded where something is not known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures
from tests.regression.expect.runs import RUN, case_of, judged

SIMPLE: list[dict[str, Any]] = [
    {"text": {"contains": "30 days"}},
    {"text": {"contains": "nowhere"}},
    {"call": {"tool": "orders.refund", "args": {"amount": 120}}},
    {"call": {"tool": "mail.send"}},
    {"verdict": {"effect": "require_approval"}, "approval": {"asked": True}},
    {"tools": {"order": "subset", "calls": ["orders.*"]}},
    {"limits": {"model_calls": 1}},
    {"never": {"tool": "orders.refund"}},
    {"finish": "refused"},
    {"memory": {"write": {"size": "42"}}},
]
UNKNOWN: list[dict[str, Any]] = [
    {"limits": {"milliseconds": 1}},
    {"voice": {"never": True}},
    {"text": {"similar": 0.5}},
    {"text": {"json": {"schema": "x.json"}}},
]
TURNS = st.sampled_from(["any", 1, 2, 3, "1-2", "2-3"])
TREES = st.recursive(
    st.sampled_from(SIMPLE),
    lambda inner: (
        st.builds(lambda one: {"not": one}, inner)
        | st.builds(lambda some: {"any_of": some}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)


def holds(assertion: dict[str, Any]) -> bool:
    return judged(assertion) == ()


@given(TURNS, TREES)
def test_not_turns_the_answer_round(turn: int | str, tree: dict[str, Any]) -> None:
    assert holds({"turn": turn, "not": tree}) != holds({"turn": turn, **tree})
    assert holds({"turn": turn, "not": {"not": tree}}) == holds({"turn": turn, **tree})


@given(TURNS, st.lists(TREES, min_size=1, max_size=3))
def test_any_of_is_or_and_its_negation_is_none_of(turn: int | str, trees: list[dict[str, Any]]) -> None:
    each = [holds({"turn": turn, **tree}) for tree in trees]
    assert holds({"turn": turn, "any_of": trees}) == any(each)
    assert holds({"turn": turn, "not": {"any_of": trees}}) == (not any(each))


@given(st.sampled_from(UNKNOWN), st.sampled_from(SIMPLE))
def test_nothing_is_concluded_from_what_is_not_known(unknown: dict[str, Any], known: dict[str, Any]) -> None:
    assert judged({"turn": 2, **unknown}) == ()
    assert judged({"turn": 2, "not": unknown}) == ()
    assert judged({"turn": 2, "any_of": [unknown, {"text": {"contains": "nowhere"}}]}) == ()
    # ... and what is known beside it is judged all the same.
    if unknown.keys().isdisjoint(known):
        assert holds({"turn": 2, **unknown, **known}) == holds({"turn": 2, **known})
        assert holds({"turn": 2, "not": {**unknown, **known}}) or holds({"turn": 2, **known})


def test_a_bad_case_that_cannot_be_judged_here_did_not_happen_again() -> None:
    slow = {"limits": {"milliseconds": 10}}
    assert failures(case_of(slow, expect="bad"), RUN) == ()
    assert failures(case_of(slow, {"finish": "refused"}, expect="bad"), RUN) == (
        "what was recorded as bad happened again: turn any: limits = { milliseconds = 10 }",
        'turn any: finish = "refused"',
    )
    assert failures(case_of(slow, expect="bad"), RUN, Beside(milliseconds={1: 5})) == (
        "what was recorded as bad happened again: turn any: limits = { milliseconds = 10 }",
    )


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        (
            {"turn": 1, "not": {"text": {"contains": "30"}}},
            'assert[0] turn 1: this must not hold, and does: text = { contains = "30" }',
        ),
        (
            {"not": {"call": {"tool": "orders.refund"}}},
            'assert[0] turn 2: this must not hold, and does: call = { tool = "orders.refund" }',
        ),
        (
            {"turn": 1, "any_of": [{"text": {"contains": "40"}}, {"finish": "refused"}]},
            (
                'assert[0] turn 1: none of 2 alternatives holds: (1) turn 1: the reply does not contain "40": '
                '"Within 30 days. [2] We never guaranteed it!"; (2) turn 1: the turn ended as answered, expected refused'
            ),
        ),
        ({"not": {"turn": 7, "finish": "refused"}}, "assert[0] there is no turn 7: the recording has 3"),
        (
            {"turn": 2, "any_of": [{"turn": 3, "finish": "refused"}]},
            "assert[0] there is no turn 3: it is looked for in turn 2",
        ),
    ],
)
def test_what_is_said_of_them(assertion: dict[str, Any], said: str) -> None:
    assert judged(assertion) == (said,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[assert]]\nturn = 1\n", "x:2 assert[0]: expects nothing"),
        ("[[assert]]\nnot = {}\n", "expects nothing"),
        (
            "[[assert]]\ntext = {}\n",
            "x:3 assert[0].text: expects nothing: write one of contains, regex, absent, json, similar",
        ),
        ("[[assert]]\nnever = { verdict = {} }\n", "x:3 assert[0].never.verdict: expects nothing: write one of rule"),
        ("[[assert]]\nnot = { txt = 1 }\n", "x:3 assert[0].not.txt: unknown key 'txt' (did you mean 'text'?)"),
        ("[[assert]]\nany_of = []\n", "assert[0].any_of"),
        ("[[assert]]\nany_of = [ { finish = 'answred' } ]\n", "x:3 assert[0].any_of[0].finish: must be 'answered'"),
        ("[[assert]]\ntools = { ordr = 'strict' }\n", "did you mean 'order'?"),
        ("[[assert]]\ntools = { calls = [ { tol = 'x' } ] }\n", "did you mean 'tool'?"),
        ("[[assert]]\ntools = { never = ['or*ders'] }\n", "'or*ders' is not a tool"),
        (
            "[[assert]]\ntext = { json = { schema = { type = 7 } } }\n",
            "x:3 assert[0].text.json.schema: it is no JSON Schema: ",
        ),
        ("[[assert]]\ntext = { similar = 2 }\n", "x:3 assert[0].text.similar: must be less than or equal to 1"),
        ("[[assert]]\ntext = { similar = { at_lest = 1 } }\n", "did you mean 'at_least'?"),
        ("[[assert]]\ntext = { json = { schema = '../x' } }\n", "must be a path inside"),
        ("[[assert]]\npassages = { at_most_rank = 1 }\n", "names no passage"),
        ("[[assert]]\nvoice = { words = {} }\n", "bounds nothing"),
        ("[[assert]]\nturn = '4-2'\nfinish = 'answered'\n", "'4-2' is not a turn"),
        ("[match]\nordr = 'strict'\n", "did you mean 'order'?"),
        ("[match]\nargs = { x = 'exat' }\n", "x:3 match.args.x: must be 'exact'"),
        ("[[assert]]\n" + "not." * 500 + "finish = 'answered'\n", "x:"),
    ],
)
def test_a_slip_is_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(FileInvalid) as raised:
        parse('schema = "case/1"\n' + text, Case, "x")
    assert said in raised.value.line()
    assert "\n" not in raised.value.line()
