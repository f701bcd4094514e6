"""How long a decision with detectors takes on 1.5 KB of arguments (DESIGN section 18: 25 rules 0.25 ms, 100 rules 0.5 ms).

Run: `pytest tests/benchmarks/test_policy_speed.py`. Nothing is asserted about time. Detectors remember what they looked
at; they are made to forget before each round, but for the figure that says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.core.values import ToolSpec
from greenroom.detectors import scan
from greenroom.detectors.find import _remembered
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role

TOOL = ToolSpec(
    name="orders.refund",
    description="",
    effects="none",
    parameters={
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "order_id": {"type": "integer"},
            "note": {"type": "string"},
            "lines": {"type": "array", "items": {"type": "string"}},
        },
    },
)
ARGS = {
    "amount": 120,
    "order_id": 7,
    "note": "The customer says the parcel arrived late and the box was open. " * 12,
    "lines": [f"item number {number} of the order, blue, size 42" for number in range(16)],
}
CLAUSES = (
    "args.amount > {0}000",
    "args.order_id == 1{0} && args.note.contains('zz{0}')",
    "session.taint.exists(t, t == 'web') && args.amount > {0}",
    "session.calls_this_turn > 5{0} || 'x{0}' in findings.kinds",
)


def policy(count: int, tools: int = 1) -> RulePolicy:
    """`count` rules that do not fire, spread over `tools` tools; the first tool has its even share."""
    specs = [TOOL, *(TOOL.model_copy(update={"name": f"other.{number}"}) for number in range(1, tools))]
    rules = "".join(
        f'[[rule]]\nid = "r{number}"\nwhy = "w"\nhook = "tool.call"\ntools = ["{specs[number % tools].name}"]\n'
        f'when = ["{CLAUSES[number % 4].format(number + 1)}"]\nthen = "require_approval"\n'
        for number in range(count)
    )
    head = (
        'schema = "policy/1"\nid = "speed"\nversion = "1.0.0"\n[envelope.persona]\ntools = ["orders.*"]\n'
        'hosts = ["*.shop.example"]\nlimits = { sum = { "args.amount" = { session = 5000 } } }\n'
    )
    return compile_policies([builtin_source(), PolicySource("speed.toml", head + rules)], specs, Role())


QUESTION = Question(
    hook="tool.call",
    subject=TOOL.name,
    payload={"args": ARGS},
    tool=TOOL,
    session=SessionFacts(autonomy=4, taint=("user", "passage")),
)


@pytest.mark.parametrize(("count", "tools"), [(25, 1), (100, 1), (1000, 20)])
def test_decision(benchmark: Any, count: int, tools: int) -> None:
    decide = policy(count, tools).decide
    verdict = benchmark.pedantic(decide, (QUESTION,), setup=_remembered.cache_clear, rounds=2_000, warmup_rounds=50)
    assert (verdict.effect, verdict.rule) == ("allow", "autonomy")


def test_detectors_alone(benchmark: Any) -> None:
    found = benchmark.pedantic(scan, (QUESTION.payload,), setup=_remembered.cache_clear, rounds=2_000, warmup_rounds=50)
    assert found.findings == ()


def test_detectors_on_what_they_looked_at_before(benchmark: Any) -> None:
    assert benchmark(scan, QUESTION.payload).findings == ()


@pytest.mark.parametrize("unit", ["plain words and 42 numbers ", "4111 1111 ", "a@b.de "])
def test_a_megabyte_is_decided(benchmark: Any, unit: str) -> None:
    big = QUESTION.model_copy(update={"payload": {"args": {**ARGS, "note": unit * (990_000 // len(unit))}}})
    made = policy(25)
    assert benchmark.pedantic(made.decide, (big,), rounds=5).effect in {"allow", "deny"}
