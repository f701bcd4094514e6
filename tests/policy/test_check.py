"""Checks of policy files and the tests inside rules."""

from __future__ import annotations

import re
from collections.abc import Callable

from greenroom.core.clock import FrozenClock
from greenroom.core.values import ToolSpec
from greenroom.policy.check import PolicyProblem, check_policies
from greenroom.policy.checking.trial import run_trials
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, builtin_source
from greenroom.policy.verdict.bounds import Role

Build = Callable[..., RulePolicy]
Tools = tuple[ToolSpec, ...]


def check(tools: Tools, *texts: str, role: Role | None = None) -> list[PolicyProblem]:
    sources = [PolicySource(f"p{number}.toml", text) for number, text in enumerate(texts)]
    return check_policies(sources, tools, role or Role(), clock=FrozenClock())


def test_the_sample_passes_its_tests_and_warns_of_the_rule_without_one(tools: Tools, support: str) -> None:
    found, double = check(tools, support)
    assert (found.level, found.where) == ("warning", "p0.toml:31 rule[1].id")
    assert found.message == "rule 'secrets.out' has no test"
    said = "rule 'secrets.out' adds nothing: 'secrets.masked' of builtin@1.0.0 fires whenever it does"
    assert (double.level, double.where) == ("warning", "p0.toml:31 rule[1].id")
    assert double.message == f"{said} and also comes to redact"


def test_the_built_in_pack_is_clean(tools: Tools, build: Build) -> None:
    assert [one for one in check(tools, builtin_source().text) if one.level == "problem"] == []
    results = run_trials(build(), tools)
    assert len(results) >= 5
    assert all(result.passed for result in results)


def test_a_failing_test_is_a_problem_with_its_place(tools: Tools, support: str) -> None:
    problems = [one for one in check(tools, support.replace("> 100", ">= 100")) if one.level == "problem"]
    (found,) = problems
    assert found.message == "test 'exactly 100 passes' of refund.large failed: expected no_match, got require_approval"
    assert re.fullmatch(r"p0.toml:\d+ rule\[0\].test\[\d\].name", found.where)


def test_one_broken_file_does_not_hide_the_next(tools: Tools, support: str) -> None:
    found = check(tools, "schema = 3", support.replace("args.amount > 100", "args.amuont > 100"), support)
    assert [one.level for one in found] == ["problem", "problem", "warning", "warning"]
    assert found[1].hint == "did you mean 'args.amount'?"


def test_what_is_shadowed_said_twice_expired_or_toothless_is_a_warning(tools: Tools, support: str) -> None:
    other = """
schema  = "policy/1"
id      = "other"
version = "1.0.0"
[envelope.arria]
tools = ["orders.get"]
[[rule]]
id   = "refund.large"
why  = "w"
hook = "output"
find = ["link.mismatch"]
then = "allow"
[[rule]]
id   = "secrets.too"
why  = "w"
hook = ["export", "output", "tool.call", "memory.write"]
find = ["secret.*"]
then = "redact"
[[exception]]
rule = "secrets.too"
owner = "o"
expires = 2026-01-01
why = "w"
"""
    said = " | ".join(one.message for one in check(tools, support, other, role=Role(id="aria")))
    assert "rule 'refund.large' is also in support@2.3.0; both count" in said
    assert "the exception for 'secrets.too' expired on 2026-01-01, so it has no effect" in said
    assert "envelope 'arria' does not bind aria" in said
    assert "rule 'refund.large' allows, which only records" in said


def test_tests_name_hooks_tools_facts_and_payloads(build: Build, tools: Tools) -> None:
    policy = build(
        """
[[rule]]
id = "r"
why = "w"
hook = ["tool.call", "memory.write"]
when = ["session.taint.exists(t, t == 'web')", "origin != 'user'"]
then = "escalate"
  [[rule.test]]
  name = "tainted"
  with = { hook = "memory.write", text = "x", segment = "customer", session = { taint = ["web"] } }
  expect = "escalate"
  [[rule.test]]
  name = "clean"
  with = { tool = "mail.send", args = { to = "x" } }
  expect = "no_match"
  [[rule.test]]
  name = "wrong on purpose"
  with = { origin = "user", session = { taint = ["web"] } }
  expect = "deny"
""",
        builtin=False,
    )
    results = run_trials(policy, tools)
    assert [(result.name, result.got, result.passed) for result in results] == [
        ("tainted", "escalate", True),
        ("clean", "no_match", True),
        ("wrong on purpose", "no_match", False),
    ]
    assert (
        results[2].line()
        == "FAIL  p0@1.0.0 r: wrong on purpose (expected deny, got no_match; p0.toml:20 rule[0].test[2].name)"
    )


def test_a_rule_that_asks_where_nobody_can_be_asked_is_pointed_out(tools: Tools) -> None:
    text = """
schema = "policy/1"
id = "results"
version = "1.0.0"
[[rule]]
id = "cards.back"
why = "A person looks at results with card numbers."
hook = ["tool.result", "output"]
find = ["personal.card"]
then = "require_approval"
"""
    said = " | ".join(one.message for one in check(tools, text))
    assert "rule 'cards.back' asks at tool.result, where nobody can be asked: it withholds there" in said
    assert "asks at" not in " | ".join(one.message for one in check(tools, text.replace('"tool.result", ', "")))
