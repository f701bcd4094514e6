"""The demo's own policy: it loads against the demo's tools and persona, and its tests pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.core.toml_text import parse
from greenroom.core.values import ToolSpec
from greenroom.persona.contract import Persona
from greenroom.policy.check import check_policies
from greenroom.policy.checking.trial import run_trials
from greenroom.policy.load import load_policies, policy_paths, read_source
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role
from greenroom.tools.python_tools import PythonTools

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"


@pytest.fixture(scope="module")
def tools() -> tuple[ToolSpec, ...]:
    return PythonTools(HELPDESK / "tools", HELPDESK).specs()


@pytest.fixture(scope="module")
def persona() -> Persona:
    file = HELPDESK / "personas" / "aria" / "persona.toml"
    return parse(file.read_text(encoding="utf-8"), Persona, file.name)


def test_every_rule_loads_is_tested_and_passes(tools: tuple[ToolSpec, ...], persona: Persona) -> None:
    paths = policy_paths(HELPDESK / "policies", persona.policy.files)
    policy = load_policies(paths, tools, persona, root=HELPDESK)
    assert [result.line() for result in run_trials(policy, tools) if not result.passed] == []
    sources = [read_source(path, HELPDESK) for path in paths]
    assert [one.line() for one in check_policies(sources, tools, Role.of(persona))] == []


@pytest.mark.parametrize(("amount", "effect", "rule"), [
    (120, "require_approval", "refund.large"),
    (90, "require_approval", "autonomy"),
    (548, "deny", "envelope"),
])  # fmt: skip
def test_the_refunds_of_the_walk_through(
    tools: tuple[ToolSpec, ...], persona: Persona, amount: float, effect: str, rule: str
) -> None:
    policy = load_policies(policy_paths(HELPDESK / "policies", persona.policy.files), tools, persona, root=HELPDESK)
    verdict = policy.decide(
        Question(
            hook="tool.call",
            subject="orders.refund",
            payload={"args": {"order_id": 1001, "amount": amount, "reason": "arrived late"}},
            origin="model",
            tool=next(tool for tool in tools if tool.name == "orders.refund"),
            session=SessionFacts(autonomy=persona.policy.autonomy, taint=("user", "passage", "tool")),
        )
    )
    assert (verdict.effect, verdict.rule) == (effect, rule)
