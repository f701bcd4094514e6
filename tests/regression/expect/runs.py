"""A run that expectations are tried on, and a way to judge one."""

from __future__ import annotations

from typing import Any

from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures
from greenroom.regression.tape.tape import Line

JSON_REPLY = 'Here it is:\n```json\n{"refund": {"id": "R-1", "amount": 90, "lines": [1, 2]}}\n```\nAnything else?'
RUN: list[Line] = [
    {"turn": 1, "user": "Hello, I wear 42."},
    {"memory": "m1", "segment": "customer", "key": "taste", "text": "Likes trails"},
    {"recall": [["m1", 0.8]]},
    {"retrieve": [["p1", "returns.md#refunds", 0.9], ["p2", "shipping.md", 0.5]]},
    {"select": ["p1", "p2"]},
    {"reply": 1, "text": "Within 30 days. [2] We never guaranteed it!", "tokens": [100, 10]},
    {"memory": "m2", "segment": "customer", "key": "size", "text": "Size: 42"},
    {"propose": ["m2"]},
    {"write": "m2"},
    {"finish": "answered"},
    {"turn": 2, "user": "Refund please"},
    {"reply": 1, "calls": [{"id": "c1", "tool": "orders.refund", "args": {"amount": 120}}], "tokens": [200, 20]},
    {"verdict": "tool.call", "of": "c1", "effect": "require_approval", "rule": "refund.large"},
    {"ask": "c1", "rule": "refund.large", "role": "lead"},
    {"answer": "c1", "decision": "allow"},
    {"result": "c1", "tool": "orders.refund", "status": "done", "ran": True},
    {"reply": 2, "text": JSON_REPLY, "tokens": [250, 5], "micro_usd": 1500},
    {"finish": "answered"},
    {"turn": 3, "user": "And a poem?"},
    {"reply": 1, "text": "Roses.", "tokens": [50, 5]},
    {"verdict": "output", "effect": "require_approval", "rule": "poems"},
    {"ask": "output", "rule": "poems", "role": "editor"},
    {"answer": "output", "decision": "deny"},
    {"release": "I may not say that.", "effect": "deny"},
    {"finish": "refused"},
]


def case_of(*assertions: dict[str, Any], **more: Any) -> Case:
    return Case.model_validate({"schema": "case/1", "assert": list(assertions), **more})


def judged(assertion: dict[str, Any], beside: Beside | None = None) -> tuple[str, ...]:
    return failures(case_of(assertion), RUN, beside or Beside())
