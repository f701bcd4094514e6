"""A small shop for policy tests: five tools, and a policy like the one in DESIGN section 7."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.values import ToolSpec, Verdict
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role

Build = Callable[..., RulePolicy]
Put = Callable[..., Question]

SUPPORT = """
schema  = "policy/1"
id      = "support"
version = "2.3.0"

[envelope.persona]
tools  = ["orders.get*", "orders.refund", "orders.note", "mail.send"]
hosts  = ["*.northwind.example"]
limits = { calls_per_turn = 6, sum = { "args.amount" = { session = 500, day = 1000 } } }

[[rule]]
id    = "refund.large"
why   = "Refunds above 100 EUR need a person."
hook  = "tool.call"
tools = ["orders.refund"]
when  = ["args.amount > 100"]
then  = "require_approval"
risk  = { base = 40, add = [["session.taint.exists(t, t == 'web')", 25]] }
ask   = { role = "operator", deadline = "15m", then = ["escalate:lead", "deny"] }
show  = ["args.amount", "args.order_id"]
  [[rule.test]]
  name = "exactly 100 passes"
  with = { args = { amount = 100 } }
  expect = "no_match"
  [[rule.test]]
  name = "a missing amount must not slip through"
  with = { args = {} }
  expect = "require_approval"

[[rule]]
id   = "secrets.out"
why  = "A credential must not reach the screen, a tool, memory or an export."
hook = ["output", "tool.call", "memory.write", "export"]
find = ["secret.*"]
then = "redact"
"""


def _spec(name: str, properties: dict[str, Any], **more: Any) -> ToolSpec:
    return ToolSpec(name=name, description=name, parameters={"type": "object", "properties": properties}, **more)


AMOUNT = {"type": "number"}
TEXT = {"type": "string"}
ORDER = {"type": "integer"}


@pytest.fixture
def tools() -> tuple[ToolSpec, ...]:
    return (
        _spec("orders.get", {"order_id": ORDER}, effects="none"),
        _spec("orders.refund", {"order_id": ORDER, "amount": AMOUNT, "note": TEXT, "lines": {"type": "array"}}),
        _spec("orders.note", {"order_id": ORDER, "note": TEXT}, effects="repeatable", reversible=True),
        _spec("orders.delete", {"order_id": ORDER}),
        _spec("mail.send", {"to": TEXT, "body": TEXT}, outbound=True),
    )


@pytest.fixture
def support() -> str:
    return SUPPORT


@pytest.fixture
def build(tools: tuple[ToolSpec, ...]) -> Build:
    """Compile policy texts (without their three head lines if they have none) under the built-in pack."""

    def make(
        *texts: str, role: Role | None = None, builtin: bool = True, clock: FrozenClock | None = None
    ) -> RulePolicy:
        sources = [builtin_source()] if builtin else []
        for number, text in enumerate(texts):
            head = f'schema = "policy/1"\nid = "p{number}"\nversion = "1.0.0"\n'
            sources.append(PolicySource(f"p{number}.toml", text if "schema" in text else head + text))
        return compile_policies(sources, tools, role or Role(), clock=clock or FrozenClock())

    return make


@pytest.fixture
def put(tools: tuple[ToolSpec, ...]) -> Put:
    """A question about a tool call: `put("orders.refund", {"amount": 120}, autonomy=4)`."""

    def make(tool: str, args: Any, **facts: Any) -> Question:
        spec = next((one for one in tools if one.name == tool), None)
        facts.setdefault("autonomy", 4)
        return Question(
            hook="tool.call",
            subject=tool,
            payload={"args": args},
            origin="model",
            tool=spec,
            session=SessionFacts(**facts),
        )

    return make


@pytest.fixture
def refund(build: Build, put: Put, support: str) -> Callable[..., Verdict]:
    """The verdict of the support policy on a refund."""
    policy = build(support)

    def decide(args: Any, **facts: Any) -> Verdict:
        return policy.decide(put("orders.refund", args, **facts))

    return decide
