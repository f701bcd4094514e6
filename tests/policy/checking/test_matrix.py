"""The tests of a policy as a matrix and as JUnit XML."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from greenroom.core.values import ToolSpec
from greenroom.policy.checking.junit import junit
from greenroom.policy.checking.matrix import matrix
from greenroom.policy.checking.trial import TrialResult, run_trials
from greenroom.policy.decide import RulePolicy

Build = Callable[..., RulePolicy]
Tools = tuple[ToolSpec, ...]


def test_every_rule_has_a_row_with_what_its_tests_expect(build: Build, tools: Tools, support: str) -> None:
    policy = build(support.replace("> 100", ">= 100"), builtin=False)
    large, secrets = matrix(policy, run_trials(policy, tools))
    assert (large.policy, large.subject, large.tests, large.passed) == ("support@2.3.0", "refund.large", 2, 1)
    assert large.cells == {"no_match": (0, 1), "require_approval": (1, 1)}
    assert (secrets.subject, secrets.tests) == ("secrets.out", 0)


def test_two_exceptions_to_one_rule_and_detectors_are_counted(build: Build, tools: Tools) -> None:
    one = (
        '[[exception]]\nrule = "autonomy"\nowner = "o"\nexpires = 2026-12-01\nwhy = "w{}"\ntools = ["orders.note"]\n'
        'when = ["args.order_id == {}"]\n[[exception.test]]\nname = "t"\nwith = {{ args = {{ order_id = {} }} }}\n'
        'expect = "set_aside"\n'
    )
    detector = (
        '[[detector]]\nid = "shop.order"\nwhy = "w"\npattern = "NW-[0-9]{6}"\n'
        '[[detector.test]]\ntext = "see NW-123456"\nexpect = ["NW-123456"]\n'
    )
    policy = build(one.format(1, 1, 1) + one.format(2, 2, 2) + detector, builtin=False)
    rows = {row.subject: row.cells for row in matrix(policy, run_trials(policy, tools))}
    assert rows == {"shop.order": {"found": (1, 1)}, "autonomy (exception)": {"set_aside": (2, 2)}}


def test_junit_names_suites_cases_places_and_failures(build: Build, tools: Tools, support: str) -> None:
    policy = build(support.replace("> 100", ">= 100"))
    root = ET.fromstring(junit(run_trials(policy, tools)))  # written a line above
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"builtin@1.0.0", "support@2.3.0"}
    assert (root.get("failures"), suites["support@2.3.0"].get("failures")) == ("1", "1")
    failed, passed = suites["support@2.3.0"]
    assert (failed.get("classname"), failed.get("name")) == ("support.refund.large", "exactly 100 passes")
    assert (failed.get("file"), failed.get("line")) == ("p0.toml", "22")
    (failure,) = failed
    assert failure.get("message") == "expected no_match, got require_approval"
    assert list(passed) == []


def test_junit_is_well_formed_whatever_a_name_holds() -> None:
    odd = 'a\x1b[31m\x00 <b> & "q" \ud800 \ufffe ]]>'
    root = ET.fromstring(junit([TrialResult("p@1", "r", odd, "deny", odd, "p.toml:3 rule[0].id")]))
    name = root[0][0].get("name") or ""
    assert name.startswith('a\\x1b[31m\\x00 <b> & "q"') and "\x1b" not in name
