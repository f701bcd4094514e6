"""promptfoo configurations: prompts with tests, files beside them, assertions as a case can hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from greenroom.core.toml_text import parse
from greenroom.core.values import Json
from greenroom.regression.expect.calls import args_problem
from greenroom.regression.inline_toml import toml
from greenroom.regression.interop import openai_messages, promptfoo
from greenroom.regression.interop.conversation import Call, Losses, Reply, Result, Turn
from greenroom.regression.interop.expected import keep
from greenroom.regression.interop.promptfoo_asserts import read_assert, write_asserts
from greenroom.regression.interop.template import render
from tests.regression.interop.conversations import source, taped

CONFIG = """
prompts:
  - 'Be kind. {{question}}'
  - '[{"role": "system", "content": "x"}, {"role": "user", "content": {{ question | dump }}}]'
  - file://../outside.txt
providers: [openai:gpt-4o]
defaultTest:
  assert: [{type: cost, threshold: 0.01}]
tests:
  - description: The window
    vars: {question: [How many days?, Where is it?]}
    providerOutput: You have 30 days.
    assert: [{type: contains, value: '30 {{unit}}'}, {type: llm-rubric, value: kind}]
  - vars: {question: '{% if x %}no{% endif %}'}
  - vars: {question: When?, unit: days}
    assert: [{type: icontains, value: '30 {{unit}}'}]
"""


def test_every_prompt_with_every_test_is_a_conversation_or_a_loss(tmp_path: Path) -> None:
    found = source(tmp_path, "x.yaml", CONFIG)
    assert found.format == "promptfoo"
    said = [(one.turns[0].user, one.recorded, one.name) for one in found.conversations]
    assert said == [
        ("Be kind. How many days?", True, "The window"),
        ("Be kind. Where is it?", True, "The window"),
        ("How many days?", True, "The window"),
        ("Where is it?", True, "The window"),
        ("Be kind. When?", False, ""),
        ("When?", False, ""),
    ]
    assert found.conversations[0].turns == (Turn("Be kind. How many days?", (Reply("You have 30 days."),)),)
    assert found.conversations[0].expectations == (
        {"turn": 1, "limits": {"usd": 0.01}},
        {"turn": 1, "text": {"contains": "30 "}},
    )
    assert found.conversations[-1].expectations[1] == {"turn": 1, "text": {"regex": "(?i)30 days"}}
    lost = {loss.what for loss in found.losses}
    assert lost >= {"the providers", "a prompt", "the assertion llm-rubric", "a system message"}


def test_files_of_its_own_folder_are_read_and_no_others(tmp_path: Path) -> None:
    inner = tmp_path / "suite"
    inner.mkdir()
    (tmp_path / "outside.txt").write_text("secret {{q}}")
    (inner / "prompts.txt").write_text("One: {{q}}\n---\nTwo: {{q}}\n")
    (inner / "tests.csv").write_text('q,__expected,__description\nhi,"contains: hello",greets\nbye,"Good, bye",\n')
    (inner / "link.yaml").symlink_to(tmp_path / "outside.txt")
    text = "prompts: [file://prompts.txt, file://../outside.txt, file://link.yaml]\ntests: file://tests.csv\n"
    found = source(inner, "x.yaml", text)
    assert [one.turns[0].user for one in found.conversations] == ["One: hi", "Two: hi", "One: bye", "Two: bye"]
    assert found.conversations[0].name == "greets"
    assert found.conversations[0].expectations == ({"turn": 1, "text": {"contains": "hello"}},)
    assert found.conversations[2].expectations == ({"turn": 1, "text": {"regex": r"\AGood, bye\z"}},)
    assert [loss.where.rpartition(" ")[2] for loss in found.losses if loss.what == "a prompt"] == [
        "prompts[2]",
        "prompts[3]",
    ]


def test_lists_that_multiply_are_cut_and_it_is_said(tmp_path: Path) -> None:
    many = [str(number) for number in range(100)]
    text = f"prompts: ['{{{{a}}}}{{{{b}}}}{{{{c}}}}']\ntests: [{{vars: {{a: {many}, b: {many}, c: {many}}}}}]\n"
    found = source(tmp_path, "x.yaml", text)
    assert len(found.conversations) == 2_000
    assert any("beyond 2000" in loss.what for loss in found.losses)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"type": "contains", "value": "a"}, [{"text": {"contains": "a"}}]),
        ({"type": "not-contains", "value": "a"}, [{"text": {"absent": "a"}}]),
        ({"type": "icontains", "value": "a.b"}, [{"text": {"regex": r"(?i)a\.b"}}]),
        ({"type": "not-icontains", "value": "a"}, [{"never": {"text": {"regex": "(?i)a"}}}]),
        ({"type": "contains-all", "value": ["a", "b"]}, [{"text": {"contains": ["a", "b"]}}]),
        (
            {"type": "contains-any", "value": ["a|b", "c"]},
            [{"any_of": [{"text": {"contains": "a|b"}}, {"text": {"contains": "c"}}]}],
        ),
        ({"type": "icontains-any", "value": ["a", "b"]}, [{"text": {"regex": "(?i)(?:a|b)"}}]),
        ({"type": "equals", "value": "a b"}, [{"text": {"regex": r"\Aa b\z"}}]),
        ({"type": "starts-with", "value": "("}, [{"text": {"regex": r"\A\("}}]),
        ({"type": "regex", "value": "a+"}, [{"text": {"regex": "a+"}}]),
        ({"type": "cost", "threshold": 0.5}, [{"limits": {"usd": 0.5}}]),
        ({"type": "latency", "threshold": 900}, [{"limits": {"milliseconds": 900}}]),
        ({"type": "trajectory:tool-used", "value": "a"}, [{"call": {"tool": "a"}}]),
        ({"type": "not-trajectory:tool-used", "value": "a"}, [{"never": {"tool": "a"}}]),
        (
            {"type": "trajectory:tool-args-match", "value": {"name": "a", "args": {"x": 1}}},
            [{"call": {"tool": "a", "args": {"x": 1}, "match": "subset"}}],
        ),
        ({"type": "is-json"}, [{"text": {"json": {}}}]),
        ({"type": "word-count", "value": {"max": 9}}, [{"voice": {"words": {"at_most": 9}}}]),
        (
            {"type": "trajectory:tool-sequence", "value": {"steps": ["a", "b"], "mode": "exact"}},
            [{"tools": {"calls": ["a", "b"], "order": "strict"}}],
        ),
        (
            {"type": "not-contains-any", "value": ["a", "b"]},
            [{"not": {"any_of": [{"text": {"contains": "a"}}, {"text": {"contains": "b"}}]}}],
        ),
        ({"type": "assert-set", "assert": [{"type": "contains", "value": "a"}]}, [{"text": {"contains": "a"}}]),
    ],
)
def test_assertions_have_their_counterparts(entry: Json, wanted: list[Json]) -> None:
    losses = Losses()
    found = read_assert(entry, "x", losses, lambda value: value)
    assert found == wanted
    kept = keep(found, 1, "x", "it", losses)
    assert [{key: item for key, item in one.items() if key != "turn"} for one in kept] == wanted
    assert not losses


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "javascript", "value": "output"},
        {"type": "similar", "value": "a", "threshold": 0.8},
        {"type": "contains", "value": "a", "transform": "output.x"},
        {"type": "contains", "value": "a", "weight": 0},
        {"type": "regex", "value": "(?=a)"},
        {"type": "contains"},
        {"type": "assert-set", "threshold": 0.5, "assert": [{"type": "contains", "value": "a"}]},
        {"type": "not-icontains-all", "value": ["a", "b"]},
        {"value": "a"},
        "contains",
    ],
)
def test_what_a_case_cannot_hold_is_listed_and_not_guessed(entry: Json) -> None:
    losses = Losses()
    assert keep(read_assert(entry, "x", losses, lambda value: value), 1, "x", "it", losses) == []
    assert len(losses) == 1


@pytest.mark.parametrize("value", [None, {"at_most": 3}, [{"regex": "x"}], {"a": [None]}, {"a": 1}, "x"])
def test_arguments_that_look_like_something_else_stand_for_themselves(value: Json) -> None:
    losses = Losses()
    entry = {"type": "trajectory:tool-args-match", "value": {"name": "a", "args": {"x": value}, "mode": "exact"}}
    (found,) = keep(read_assert(entry, "x", losses, lambda one: one), 2, "x", "it", losses)
    wanted = parse(f"x = {toml(found['call']['args'])}", _Any, "x").x
    assert args_problem(wanted, {"x": value}, "exact") == ""
    assert args_problem(wanted, {"x": [value]}, "exact") != ""
    assert not losses


class _Any(BaseModel):
    x: Any


@pytest.mark.parametrize("kind", ["contains", "icontains", "equals", "starts-with", "regex"])
@pytest.mark.parametrize("value", ["30 days", "a.b|c(d)", "x\\y", "[1]"])
def test_an_assertion_on_text_survives_the_way_there_and_back(kind: str, value: str) -> None:
    value = r"\[\d\]" if kind == "regex" else value
    losses = Losses()
    (item,) = read_assert({"type": kind, "value": value}, "x", losses, lambda one: one)
    assert write_asserts(item, "x", losses) == [{"type": kind, "value": value}]
    several = {"type": "contains-any", "value": [value, "else"]}
    (item,) = read_assert(several, "x", losses, lambda one: one)
    assert write_asserts(item, "x", losses) == [several]
    assert not losses


def test_expectations_of_each_turn_travel_with_the_test_of_that_turn(tmp_path: Path) -> None:
    turns = (Turn("hi", (Reply("hello"),)), Turn("bye", (Reply("good bye"),)))
    expected = (
        {"turn": 1, "text": {"contains": ["hello"]}},
        {"turn": 2, "text": {"absent": ["never"]}},
        {"text": {"contains": "x"}},
    )
    text, losses = promptfoo.write([taped(turns, expectations=expected)])
    (one,) = source(tmp_path, "x.yaml", text).conversations
    assert one.turns == turns
    assert one.expectations == ({"turn": 1, "text": {"contains": "hello"}}, {"turn": 2, "text": {"absent": "never"}})
    assert [loss.what for loss in losses] == ["the expectation on text"]


def test_what_is_expected_of_calls_is_listed_by_name(tmp_path: Path) -> None:
    turns = (Turn("hi", (Reply("hello"),)),)
    expected = (
        {"turn": 1, "call": {"tool": "orders.refund"}, "approval": {"decision": "allow"}},
        {"turn": "any", "never": {"tool": ["mail.send", "mail.read"]}},
        {"turn": 1, "tools": {"calls": ["orders.get", {"tool": "orders.refund"}], "order": "strict"}},
        {"turn": 1, "never": {"call": {"tool": "tickets.create"}}},
    )
    text, losses = promptfoo.write([taped(turns, expectations=expected)])
    assert "orders" not in text
    assert [loss.what for loss in losses] == [
        "the expectation on call (orders.refund)",
        "the expectation on approval",
        "the expectation never.tool (mail.send, mail.read)",
        "the expectation on tools (orders.get, orders.refund)",
        "the expectation never.call (tickets.create)",
    ]
    assert {"in traces" in loss.why for loss in losses} == {True}


def test_braces_that_somebody_said_come_back_and_are_pointed_out(tmp_path: Path) -> None:
    turns = (Turn("{{ x }} {% raw %}", (Reply("{{ y }}"),)),)
    text, losses = promptfoo.write([taped(turns)])
    assert [loss.what for loss in losses] == ["braces in what was said"]
    assert source(tmp_path, "x.yaml", text).conversations[0].turns == turns


def test_templates_put_values_in_and_do_no_more() -> None:
    values: dict[str, Json] = {"a": "x", "b": {"c": [1, True]}}
    assert render("{{a}} {{ b.c | dump }} {{ nobody }}", values) == "x [1, true] "
    assert render("{% for x in a %}", values) is None
    assert render("{{ a | upper }}", values) is None


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("contain", "did you mean 'contains'?"),
        ("not-contain", "did you mean 'contains'?"),
        ("javascript", "judged by code"),
    ],
)
def test_a_misspelt_type_is_not_told_as_one_of_promptfoos_own(kind: str, why: str) -> None:
    losses = Losses()
    assert read_assert({"type": kind, "value": "x"}, "x", losses, lambda value: value) == []
    assert why in losses[0].why


def test_messages_say_that_a_denied_call_is_lost() -> None:
    denied = Call("orders.refund", {"amount": 9}, Result(error="no", status="denied"))
    done = Call("orders.get", {}, Result({"total": 9}))
    turn = Turn("Money back", (Reply("", (denied, done)), Reply("No.")))
    _, losses = openai_messages.write([taped((turn,))])
    assert [loss.what for loss in losses if "ended as" in loss.what] == ["that a call of orders.refund ended as denied"]
