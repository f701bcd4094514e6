"""Clauses: typed, guarded, and never anything but true, false or an error."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import ToolSpec
from greenroom.policy.language.arguments import declare, flatten
from greenroom.policy.language.clauses import names
from greenroom.policy.language.conditions import ClauseInvalid, Environment, Outcome
from greenroom.policy.language.vocabulary import names_at

SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"Address": {"type": "object", "properties": {"city": {"type": "string"}, "floor": {"type": "integer"}}}},
    "properties": {
        "amount": {"type": "number"},
        "count": {"type": "integer"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "urgent": {"type": ["boolean", "null"]},
        "address": {"$ref": "#/$defs/Address"},
        "meta": {"type": "object"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "items": {"type": "array", "items": {"type": "object"}},
        "any": {},
    },
}
TYPES = declare([ToolSpec(name="t", description="", parameters=SCHEMA)]).types
ENVIRONMENT = Environment({**names_at(("tool.call",)), **TYPES})


def outcome(clause: str, args: dict[str, Any]) -> Outcome:
    return ENVIRONMENT.compile(clause).outcome(ENVIRONMENT.activation(flatten(args, TYPES)))


def test_types_come_from_the_schema() -> None:
    assert TYPES == {
        "args.amount": "double",
        "args.count": "int",
        "args.note": "string",
        "args.urgent": "bool",
        "args.address.city": "string",
        "args.address.floor": "int",
        "args.meta": "map(string, dyn)",
        "args.tags": "list(string)",
        "args.items": "list(dyn)",
        "args.any": "dyn",
    }


@pytest.mark.parametrize(("clause", "args", "expected"), [
    ("args.amount > 100", {"amount": 100.01}, True),
    ("args.amount > 100", {"amount": 100}, False),
    ("100 < args.amount", {"amount": 101}, True),
    ("args.amount >= -5 && args.amount <= 5", {"amount": -5}, True),
    ("args.amount == 90", {"amount": 90}, True),
    ("args.amount * 2 > 180", {"amount": 91}, True),
    ("args.amount > args.count", {"amount": 1.5, "count": 1}, True),
    ("args.count > 1.5", {"count": 2}, True),
    ("args.count == 2", {"count": 2.0}, True),
    ("has(args.note)", {}, False),
    ("has(args.note)", {"note": None}, False),
    ("has(args.note) && args.note.contains('x')", {"note": "axe"}, True),
    ("has(args.address)", {"address": {"city": "Kiel"}}, True),
    ("args.address.city == 'Kiel'", {"address": {"city": "Kiel"}}, True),
    ("args.meta.depth > 3", {"meta": {"depth": 4}}, True),
    ("has(args.meta.depth)", {"meta": {}}, False),
    ("args.items.exists(item, item.price > 3)", {"items": [{"price": 2}, {"price": 4}]}, True),
    ("args.tags.all(tag, tag.size() < 4) && 'b' in args.tags", {"tags": ["a", "b"]}, True),
    ("args.urgent", {"urgent": True}, True),
    ("'args.amuont' == args.note", {"note": "args.amuont"}, True),
    ("args.note.matches('^(a+)+$')", {"note": "a" * 5_000 + "b"}, False),
])  # fmt: skip
def test_outcomes(clause: str, args: dict[str, Any], expected: bool) -> None:
    assert outcome(clause, args) is expected


@pytest.mark.parametrize(("clause", "args", "said"), [
    ("args.amount > 100", {}, "args.amount is absent"),
    ("args.amount > 100", {"amount": "120"}, "args.amount is not a number"),
    ("args.amount > 100", {"amount": True}, "args.amount is not a number"),
    ("args.count > 1", {"count": 1.5}, "args.count is not a whole number"),
    ("args.tags.size() > 1", {"tags": [1, 2]}, "args.tags is not what its schema says"),
    ("args.count / 0 == 1", {"count": 1}, "divide by zero"),
    ("args.meta.depth > 3", {"meta": {"depth": "deep"}}, "no matching overloads"),
    ("args.meta.flag", {"meta": {"flag": "true"}}, "neither true nor false"),
    ("args.meta.flag", {"meta": {"flag": 1}}, "neither true nor false"),
    ("args.note.matches('[')", {"note": "x"}, "invalid regular expression"),
])  # fmt: skip
def test_what_cannot_be_evaluated_is_an_error_and_not_true(clause: str, args: dict[str, Any], said: str) -> None:
    result = outcome(clause, args)
    assert isinstance(result, str)
    assert said in result


@pytest.mark.parametrize("clause", [
    "args.amuont > 1", "args.address.ctiy == 'x'", "amount > 1", "args.note > 1", "args.amount", "args.amount >", "f(args.note)",
    "tool.nam == 'x'", "has(args.nothing)", "(" * 500 + "true" + ")" * 500, "args.note == 'x", "'" + "a" * 3_000 + "' == args.note",
])  # fmt: skip
def test_what_cannot_work_does_not_compile(clause: str) -> None:
    with pytest.raises(ClauseInvalid):
        ENVIRONMENT.compile(clause)


def test_live_values_are_those_of_the_names_in_the_clause() -> None:
    condition = ENVIRONMENT.compile("args.amount > 100 && args.meta.who == 'x' && args.tags.exists(t, t == 'a')")
    values = flatten({"amount": 120, "meta": {"who": "y", "z": 1}, "tags": ["a"], "note": "n" * 900}, TYPES)
    assert condition.live(values) == {"args.amount": 120, "args.meta.who": "y", "args.tags": ["a"]}
    assert len(ENVIRONMENT.compile("args.note != ''").live(values)["args.note"]) == 200


def test_names_leave_out_strings_functions_and_bound_variables() -> None:
    found = names("has(args.a.b) && size(args.c) > 1 && args.d.exists(t, t.x == args.e) && 'args.f' != args . g")
    assert set(found.used) == {"args.a.b", "args.c", "args.d", "args.e", "args.g"}
    assert found.guarded == {"args.a.b"}
    assert found.used["args.a.b"] == 5


@given(st.dictionaries(st.sampled_from([name.split(".")[1] for name in TYPES]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["city", "floor", "x"]), inner, max_size=3),
    max_leaves=5,
)))  # fmt: skip
def test_any_arguments_give_true_false_or_an_error_text(args: dict[str, Any]) -> None:
    for clause in ("args.amount > 100", "args.count == 1", "args.note == 'x'", "args.urgent", "args.any == 1",
                   "args.address.city == 'x'", "args.meta.x == 1", "'a' in args.tags", "has(args.items)"):  # fmt: skip
        result = outcome(clause, args)
        assert type(result) in {bool, str}


@given(st.text())
def test_any_text_compiles_or_is_refused(clause: str) -> None:
    with contextlib.suppress(ClauseInvalid):
        assert ENVIRONMENT.compile(clause).source == clause
