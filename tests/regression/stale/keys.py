"""Every key that a person can write of a persona, a policy file and greenroom.toml: two values for each, and all there are.

Invariant: `BEFORE` and `AFTER` of one file have the same keys and differ in each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args, get_origin

from pydantic import BaseModel

Key = tuple[str | int, ...]


def declared(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The keys of a model with all below it: `rule[].ask.role`, `models.*.use`."""
    for name, field in model.model_fields.items():
        yield from _below(field.annotation, f"{above}{field.alias or name}")


def _below(kind: Any, path: str) -> Iterator[str]:
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            between = {tuple: "[].", dict: ".*."}.get(get_origin(kind) or kind, ".")
            yield from declared(one, f"{path}{between}")
            return
    yield path


def leaves(data: Any, plain: set[str], path: Key = ()) -> Iterator[Key]:
    """The places of a file's values. What is one of the `plain` keys is one value, whatever it holds."""
    if spelled(path) in plain:
        yield path
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, plain, (*path, _free(key, spelled(path), plain)))
    else:
        for at, value in enumerate(data):
            yield from leaves(value, plain, (*path, at))


class _Name(str):
    """A key that people choose, such as the alias of a model."""

    __slots__ = ()


def _free(key: str, above: str, plain: set[str]) -> str:
    begins = f"{above}.*"
    return _Name(key) if any(one == begins or one.startswith(f"{begins}.") for one in plain) else key


def spelled(path: Key) -> str:
    """A place as `declared` spells it."""
    out = ""
    for step in path:
        out += "[]" if isinstance(step, int) else f".{'*' if isinstance(step, _Name) else step}"
    return out.removeprefix(".")


def value_at(data: Any, path: Key) -> Any:
    """What stands at a place."""
    for step in path:
        data = data[step]
    return data


def changed(data: Any, path: Key, value: Any) -> Any:
    """The data with another value at a place."""
    if not path:
        return value
    step, *rest = path
    copy: Any = dict(data) if isinstance(data, Mapping) else list(data)
    copy[step] = changed(copy[step], tuple(rest), value)
    return copy


PERSONA_BEFORE = {
    "schema": "persona/1",
    "id": "aria",
    "version": "1.3.0",
    "name": "Aria",
    "kind": "persona",
    "story": {"as_a": "customer-support persona", "i_want": "to answer", "so_that": "a customer knows"},
    "voice": {"tone": ["warm"], "never": ["guarantee"], "example": [{"user": "hello", "reply": "Hello!"}]},
    "prompt": {"file": "prompt.md", "variables": {"shop": "Northwind"}},
    "model": {"use": "desk", "fallback": ["scripted/outage"], "params": {"temperature": 0.2}},
    "knowledge": {"collections": ["returns"], "top_k": 6, "min_score": 0.15, "budget_chars": 6000},
    "memory": {"read": ["customer"], "write": ["customer"]},
    "tools": {"allow": ["orders.get", "orders.refund", "desk.look"]},
    "policy": {"files": ["whole"], "autonomy": 2},
    "orchestration": {"mode": "direct", "handoffs": ["ledger"]},
    "limits": {"tool_calls": 6, "replies": 8, "tokens": 20_000, "usd": 0.25, "seconds": 60},
    "data": [{"name": "orders", "format": "sql:orders.db", "sensitivity": "personal"}],
    "acceptance": [{"id": "one", "given": "an order", "when": "asked", "then": "told", "fixture": "whole"}],
    "objectives": {"latency_p95_ms": 4000, "error_rate": 0.01, "policy_denials": 0.05},
    "dependencies": {"personas": ["ledger@^1.0"], "policies": ["support@^2.3"]},
}
PERSONA_AFTER = {
    "schema": "persona/2",
    "id": "berta",
    "version": "1.4.0",
    "name": "Berta",
    "kind": "agent",
    "story": {"as_a": "support persona", "i_want": "to help", "so_that": "a customer goes on"},
    "voice": {"tone": ["brief"], "never": ["promise"], "example": [{"user": "good day", "reply": "Good day!"}]},
    "prompt": {"file": "other.md", "variables": {"shop": "Southwind"}},
    "model": {"use": "scripted/outage", "fallback": [], "params": {"temperature": 0.7}},
    "knowledge": {"collections": ["shipping"], "top_k": 5, "min_score": 0.2, "budget_chars": 3000},
    "memory": {"read": [], "write": []},
    "tools": {"allow": ["orders.get", "desk.look"]},
    "policy": {"files": ["support"], "autonomy": 1},
    "orchestration": {"mode": "plan", "handoffs": []},
    "limits": {"tool_calls": 5, "replies": 7, "tokens": 10_000, "usd": 0.1, "seconds": 30},
    "data": [{"name": "parcels", "format": "markdown", "sensitivity": "public"}],
    "acceptance": [{"id": "two", "given": "no order", "when": "pressed", "then": "said", "fixture": "other"}],
    "objectives": {"latency_p95_ms": 2000, "error_rate": 0.02, "policy_denials": 0.1},
    "dependencies": {"personas": [], "policies": []},
}

_WITH = {
    "hook": "tool.call",
    "tool": "orders.refund",
    "subject": "orders.refund",
    "args": {"amount": 120},
    "text": "pay",
    "origin": "user",
    "segment": "customer",
    "args_from": {"amount": ["user"]},
    "session": {
        "turn": 1,
        "taint": ["user"],
        "calls_this_turn": 1,
        "counts": {"orders.refund": 1},
        "sums": {"orders.refund:args.amount:session": 1},
        "autonomy": 2,
    },
    "payload": {"text": "pay"},
}
_WITH_OTHER = {
    "hook": "tool.result",
    "tool": "orders.get",
    "subject": "orders.get",
    "args": {"amount": 130},
    "text": "paid",
    "origin": "web",
    "segment": "session",
    "args_from": {"amount": ["web"]},
    "session": {
        "turn": 2,
        "taint": ["web"],
        "calls_this_turn": 2,
        "counts": {"orders.refund": 2},
        "sums": {"orders.refund:args.amount:session": 2},
        "autonomy": 1,
    },
    "payload": {"text": "paid"},
}
_DETECTOR = {
    "id": "shop.code",
    "why": "A code.",
    "pattern": "GC-[0-9]{4}",
    "check": "",
    "mask": "code",
    "near": ["code"],
    "within": 40,
    "test": [{"text": "the code GC-1234", "expect": ["GC-1234"]}],
}
POLICY_BEFORE = {
    "schema": "policy/1",
    "id": "whole",
    "version": "1.0.0",
    "mode": "enforce",
    "envelope": {
        "persona": {
            "tools": ["orders.get", "orders.refund"],
            "hosts": ["northwind.example"],
            "limits": {
                "calls_per_turn": 6,
                "calls": {"orders.get": {"turn": 3, "session": 5, "day": 9}},
                "sum": {"args.amount": {"turn": 100, "session": 500, "day": 900}},
            },
        }
    },
    "detector": [_DETECTOR],
    "rule": [
        {
            "id": "large",
            "why": "Large ones need a person.",
            "hook": "tool.call",
            "tools": "orders.refund",
            "when": ["args.amount > 100"],
            "any": [["args.amount > 1"]],
            "find": ["shop.code"],
            "then": "require_approval",
            "risk": {"base": 10, "add": [["args.amount > 250", 15]]},
            "ask": {"role": "operator", "deadline": "15m", "then": ["deny"], "runbook": "ask.md"},
            "show": ["args.amount"],
            "mode": "enforce",
            "autonomy_may": False,
            "test": [{"name": "a large one", "with": _WITH, "expect": "no_match"}],
        }
    ],
    "exception": [
        {
            "rule": "autonomy",
            "owner": "kim",
            "expires": date(2099, 1, 1),
            "why": "A week.",
            "tools": ["orders.refund"],
            "when": ["args.amount < 10"],
            "test": [{"name": "a small one", "with": _WITH, "expect": "in_force"}],
        }
    ],
}
POLICY_AFTER = {
    "schema": "policy/2",
    "id": "other",
    "version": "1.0.1",
    "mode": "observe",
    "envelope": {
        "persona": {
            "tools": ["orders.get"],
            "hosts": [],
            "limits": {
                "calls_per_turn": 5,
                "calls": {"orders.get": {"turn": 2, "session": 4, "day": 8}},
                "sum": {"args.amount": {"turn": 99, "session": 499, "day": 899}},
            },
        }
    },
    "detector": [
        {
            **_DETECTOR,
            "id": "shop.gift",
            "why": "A gift.",
            "pattern": "GC-[0-9]{5}",
            "check": "luhn",
            "mask": "gift",
            "near": ["gift"],
            "within": 30,
            "test": [{"text": "their code GC-4321", "expect": []}],
        }
    ],
    "rule": [
        {
            "id": "big",
            "why": "Big ones need a person.",
            "hook": ["tool.call", "tool.result"],
            "tools": "orders.ref*",
            "when": ["args.amount > 90"],
            "any": [["args.amount > 2"]],
            "find": [],
            "then": "escalate",
            "risk": {"base": 11, "add": []},
            "ask": {"role": "lead", "deadline": "20m", "then": ["notify:lead"], "runbook": "tell.md"},
            "show": ["args.order_id"],
            "mode": "observe",
            "autonomy_may": True,
            "test": [{"name": "a big one", "with": _WITH_OTHER, "expect": "deny"}],
        }
    ],
    "exception": [
        {
            "rule": "large",
            "owner": "lee",
            "expires": date(2098, 1, 1),
            "why": "Two weeks.",
            "tools": ["orders.ref*"],
            "when": ["args.amount < 5"],
            "test": [{"name": "a tiny one", "with": _WITH_OTHER, "expect": "set_aside"}],
        }
    ],
}

SETTINGS_BEFORE = {
    "schema": "workspace/1",
    "id": "helpdesk",
    "name": "Help desk",
    "persona": "aria",
    "knowledge": {"collections": {"returns": ["*.md"], "shipping": ["shipping.md"]}, "embedder": "ngrams"},
    "memory": {
        "segments": {
            "customer": {"sensitivity": "personal", "retention_days": 365, "read": ["aria"], "write": ["aria"]}
        }
    },
    "models": {
        "desk": {
            "use": "scripted/helpdesk",
            "api_base": "http://127.0.0.1:1",
            "key": "A_KEY",
            "timeout": 60,
            "context_tokens": 8000,
            "input_usd": 1,
            "output_usd": 2,
        }
    },
    "servers": {"shop": {"command": ["shop"], "url": "http://127.0.0.1:2", "secrets": ["A_KEY"]}},
    "store": {"chroma": ""},
    "limits": {"tool_calls": 9, "replies": 9, "tokens": 90_000, "usd": 9, "seconds": 900},
    "retention": {"sessions_days": 90},
    "audit": {"key": "A_KEY", "public": []},
}
SETTINGS_AFTER = {
    "schema": "workspace/2",
    "id": "desk",
    "name": "Desk",
    "persona": "",
    "knowledge": {"collections": {"returns": ["none.md"], "shipping": ["shipping.md"]}, "embedder": "other"},
    "memory": {
        "segments": {"customer": {"sensitivity": "secret", "retention_days": 1, "read": ["berta"], "write": ["berta"]}}
    },
    "models": {
        "desk": {
            "use": "scripted/outage",
            "api_base": "http://127.0.0.1:3",
            "key": "B_KEY",
            "timeout": 1,
            "context_tokens": 100,
            "input_usd": 3,
            "output_usd": 4,
        }
    },
    "servers": {"shop": {"command": ["other"], "url": "http://127.0.0.1:4", "secrets": []}},
    "store": {"chroma": "http://127.0.0.1:5"},
    "limits": {"tool_calls": 5, "replies": 7, "tokens": 10_000, "usd": 0.1, "seconds": 30},
    "retention": {"sessions_days": 1},
    "audit": {"key": "B_KEY", "public": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]},
}
