"""What was shown in a turn: every reply of it, those beside calls and those of a turn that was given up too."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.regression import expect
from greenroom.regression.expect.own import Facts
from greenroom.regression.record.proposing import proposals
from greenroom.regression.tape.facts import MemoryFacts, turns_of, turns_over
from greenroom.regression.tape.tape import Line
from greenroom.workspace.layout import Workspace
from tests.regression.expect.runs import case_of
from tests.regression.expect.shop import checked, opened, under_pytest, write_case

CALL = {"id": "c1", "tool": "orders.refund", "args": {"amount": 120}}
RUN: list[Line] = [
    {"turn": 1, "user": "Refund me."},
    {"reply": 1, "text": "As an AI I look first. [1]", "calls": [CALL], "tokens": [1, 1]},
    {"result": "c1", "tool": "orders.refund", "status": "done", "ran": True},
    {"reply": 2, "text": '{"paid": 120}', "tokens": [1, 1]},
    {"memory": "m1", "segment": "customer", "key": "note", "text": "card 4111"},
    {"memory": "m2", "segment": "customer", "key": "note", "text": "likes trails"},
    {"memory": "m3", "segment": "customer", "text": "no key"},
    {"memory": "m4", "segment": "customer", "text": "none either"},
    *({"write": f"m{number}"} for number in range(1, 5)),
    {"finish": "answered"},
    {"turn": 2, "user": "And again."},
    {"recall": ["m1", "m2"]},
    {"reply": 1, "text": "I guarantee it.", "calls": [{**CALL, "id": "c2"}], "tokens": [5, 5]},
    {"verdict": "tool.call", "of": "c2", "effect": "deny", "rule": "mail.outside"},
    {"finish": "abandoned", "after": "verdict tool.call of c2"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return opened(tmp_path_factory.mktemp("shown") / "shop")


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        (
            'never = { text = { contains = "I will look at order 1001" } }',
            'never come (contains = "I will look at order 1001"): "I will look at order 1001 first."',
        ),
        ('text = { absent = "I am asking for a refund of 120.00 EUR now" }', "the reply contains"),
        ('voice = { never = ["I am asking for"] }', 'the reply says "I am asking for"'),
        ("voice = { sentences = { at_most = 1 } }", "the reply has 2 sentences, expected at most 1"),
        ('turn = 1\nnot = { text = { regex = "^I will look" } }', "this must not hold, and does"),
    ],
)
def test_a_word_beside_a_call_is_noticed_by_check(shop: Workspace, assertion: str, said: str) -> None:
    write_case(shop, assertion)
    code, told = checked(shop)
    assert code == 1
    assert said in told


@pytest.mark.parametrize(
    "assertion",
    [
        'text = { contains = ["I will look at order 1001 first", "R-0001"] }',
        'text = { regex = "^I found order" }',
        "text = { similar = 1.0 }",
        "voice = { sentences = { at_least = 3 } }",
    ],
)
def test_what_was_shown_or_answered_holds(shop: Workspace, assertion: str) -> None:
    write_case(shop, assertion)
    assert checked(shop)[0] == 0


def test_pytest_says_it_too(shop: Workspace) -> None:
    write_case(shop, 'never = { text = { contains = "I will look at order 1001" } }')
    code, told = under_pytest(shop)
    assert code == 1
    assert 'must never come (contains = "I will look at order 1001"): "I will look at order 1001 first."' in told


def test_json_and_similar_are_about_the_final_answer_alone() -> None:
    run = expect(RUN).turn(1)
    run.text(json={"shape": {"paid": 120}}, similar={"at_least": 1, "to": '{"paid": 120}'})
    run.text(contains=["As an AI", "paid"], regex="^As an")
    with pytest.raises(AssertionError, match="the reply is not JSON"):
        expect(RUN).turn(2).text(json={"shape": {}})


def test_no_phrase_is_proposed_as_never_said_that_a_reply_beside_a_call_says() -> None:
    found = [item for one in proposals(RUN, never=["as an AI"]) for item in one.items if item.kind == "never"]
    assert found == []
    clean = [{**line, "text": "So."} if "reply" in line else line for line in RUN]
    assert [item.kind for one in proposals(clean, never=["as an AI"]) for item in one.items if item.kind == "never"]


@pytest.mark.parametrize(
    ("unwanted", "said"),
    [
        ({"text": {"contains": "guarantee"}}, "turn 2: the reply is one that must never come"),
        ({"call": {"tool": "orders.refund", "args": {"amount": 120}}}, "turn 2: orders.refund with amount = 120"),
        ({"verdict": {"rule": "mail.outside"}}, "turn 2: a verdict rule mail.outside"),
    ],
)
def test_a_turn_that_was_given_up_is_looked_at(unwanted: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError) as raised:
        expect(RUN).turn(2).never(**unwanted)
    assert str(raised.value).startswith(said)
    expect(RUN).turn(2).finished("abandoned").limits(tokens=10)
    with pytest.raises(AssertionError, match="10 tokens were used"):
        expect(RUN).turn(2).limits(tokens=9)


def test_a_turn_that_is_still_open_is_looked_at_in_python() -> None:
    with pytest.raises(AssertionError, match=r"turn 2: orders\.refund was called"):
        expect(RUN[:-1]).turn(2).never(tool="orders.refund")
    assert [turn.turn for turn in turns_over(RUN[:-1])] == [1]
    assert [turn.turn for turn in turns_of(RUN)] == [1]


def test_of_two_memories_under_one_name_neither_is_lost() -> None:
    expect(RUN).memory(write={"note": "trails"}).memory(write={"note": "4111"}).memory(recall={"note": "4111"})
    expect(RUN).memory(write={"customer": "no key"}).memory(write={"customer": "none either"})
    for unwanted in ({"*": "4111"}, {"note": "4111"}, {"customer": "no key"}):
        with pytest.raises(AssertionError, match="was written with"):
            expect(RUN).memory(never_written=unwanted)
    assert Facts(tuple(turns_of(RUN)), ()).turns[0].memories[0] == MemoryFacts("note", "customer", "card 4111")


def test_bounds_are_for_every_reply_and_at_least_for_the_final_answer() -> None:
    expect(RUN).turn(1).voice(words={"at_least": 2, "at_most": 7})
    longer = [{**line, "text": "As an AI I look first, dear friend."} if line.get("calls") else line for line in RUN]
    with pytest.raises(AssertionError, match="the reply has 8 words, expected at most 7"):
        expect(longer).turn(1).voice(words={"at_most": 7})
    with pytest.raises(AssertionError, match="the reply has 2 words, expected at least 3"):
        expect(RUN).turn(1).voice(words={"at_least": 3})
    assert case_of({"turn": 2, "finish": "abandoned"}).assert_[0].finish == "abandoned"


def test_the_facts_hold_what_was_shown() -> None:
    first, second = turns_over(RUN)
    assert first.shown == ("As an AI I look first. [1]", '{"paid": 120}')
    assert (second.shown, second.text) == (("I guarantee it.",), "")
