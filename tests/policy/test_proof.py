"""Tests inside policies that prove nothing are found, and clauses are complained about in words a person wrote."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolSpec
from greenroom.policy.check import PolicyProblem, check_policies
from greenroom.policy.checking.trial import failing, run_trials
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource
from greenroom.policy.verdict.bounds import Role

Tools = tuple[ToolSpec, ...]
RULE = """
schema = "policy/1"
id = "p0"
version = "1.0.0"
[[rule]]
id = "outside"
why = "Mail to others needs a person."
hook = "tool.call"
tools = ["mail.send"]
when = ["!args.to.endsWith('@north.example')"]
then = "require_approval"
  [[rule.test]]
  name = "others"
  with = { args = { to = "x@y.example", body = "b" } }
  expect = "require_approval"
  [[rule.test]]
  name = "ours"
  with = { args = { to = "x@north.example", body = "b" } }
  expect = "no_match"
  [[rule.test]]
  name = "nobody"
  with = { args = { body = "b" } }
  expect = "require_approval"
"""
OURS = "!args.to.endsWith('@north.example')"


def check(tools: Tools, text: str) -> list[PolicyProblem]:
    return check_policies([PolicySource("p0.toml", text)], tools, Role(), clock=FrozenClock())


def test_a_sound_rule_with_a_test_about_a_missing_value_has_nothing_said(tools: Tools) -> None:
    assert check(tools, RULE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('to = "x@y.example"', 'tto = "x@y.example"', "mail.send has no argument 'tto' (did you mean 'to'?)"),
        ('to = "x@y.example"', "to = 5", "'to' of mail.send is text, and the test gives 5"),
    ],
)
def test_a_test_no_call_can_be_like_is_a_problem_at_its_own_line(tools: Tools, old: str, new: str, said: str) -> None:
    (found,) = check(tools, RULE.replace(old, new))
    assert (found.level, found.where) == ("problem", "p0.toml:13 rule[0].test[0].name")
    assert found.message == f"test 'others' of outside is about no call there can be: {said}"


@pytest.mark.parametrize("clause", ["args.to.matches('(?i)zalan(do')", "matches(args.to, r'(?i)zalan(do')"])
def test_a_literal_that_is_no_pattern_is_a_problem_and_its_tests_prove_nothing(tools: Tools, clause: str) -> None:
    found = check(tools, RULE.replace(OURS, clause))
    assert [(one.level, one.where.split()[1]) for one in found[:2]] == [
        ("problem", "rule[0].when"),
        ("warning", "rule[0].test[0].name"),
    ]
    assert "zalan(do') is no pattern" not in found[0].message and "is no pattern: missing )" in found[0].message
    assert "passes only because invalid regular expression" in found[1].message
    assert found[2].message == "test 'ours' of outside failed: expected no_match, got require_approval"
    assert check(tools, RULE.replace(OURS, "!args.to.matches('@north[.]example$')")) == []


def test_an_argument_fits_where_one_of_the_rules_tools_has_it(tools: Tools) -> None:
    text = RULE.replace('tools = ["mail.send"]', "").replace(OURS, "has(args.to) && args.to == 'a'")
    assert not [one for one in check(tools, text) if "no call there can be" in one.message]


def test_what_a_policys_own_tests_come_to_in_one_line(tools: Tools, build: Callable[..., RulePolicy]) -> None:
    assert failing(run_trials(build(RULE, builtin=False), tools)) == ""
    broken = build(RULE.replace("@north.example')", "@south.example')"), builtin=False)
    assert failing(run_trials(broken, tools)) == "1 of 3 policy tests fails: outside"


@pytest.mark.parametrize(
    ("old", "new", "said", "hint"),
    [
        (OURS, "args.to >> 'a'", "extraneous input '>'", ""),
        (OURS, "args.to = 'a'", "'=' is no operator", "compare with =="),
        (OURS, "args.to.size()", "'args.to.size()' is a whole number, not true or false", "compare it with something"),
        (
            'then = "req',
            'show = ["args.boddy"]\nthen = "req',
            "in \"args.boddy\": unknown name 'args.boddy'",
            "did you",
        ),
    ],
)
def test_a_clause_is_complained_about_in_the_words_it_was_written_in(
    build: Callable[..., RulePolicy], old: str, new: str, said: str, hint: str
) -> None:
    with pytest.raises(FileInvalid) as caught:
        build(RULE.replace(old, new))
    assert said in caught.value.message and hint in caught.value.hint
