"""The JSON Schema of a case knows matchers: an editor that checks by it takes what the reader takes, at any depth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from pydantic import ValidationError

from greenroom.regression.case import Case
from greenroom.regression.expect.matcher import TYPES, WORDS

SCHEMA = Draft202012Validator(Case.model_json_schema(by_alias=True))


def case(value: Any) -> dict[str, Any]:
    call = {"tool": "orders.refund", "args": {"amount": value, "items.0": {"deep": [value]}}}
    return {"schema": "case/1", "assert": [{"call": call}]}


def reads(value: Any) -> bool:
    try:
        Case.model_validate(case(value))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "value",
    [
        90, "x", True, [1, {"approx": 2}], {}, {"order_id": 1001}, {"note": {"one_of": ["a", {"regex": "b"}]}},
        {"approx": 90, "within": 1}, {"at_least": 1, "at_most": 5.5}, {"regex": "^R-"}, {"one_of": [1, {"any": True}]},
        {"type": "number"}, {"any": True}, {"contains": "x"}, {"length": 2}, {"length": {"at_most": 3}},
        {"each": {"type": "string"}}, {"not": {"one_of": [1]}}, {"subset": {"a": {"approx": 1}}}, {"superset": {"a": 1}},
        {"equals": {"approx": "no matcher here"}}, {"type": "customer", "id": 3}, {"length": 3, "colour": "red"},
    ],
)  # fmt: skip
def test_what_the_reader_takes_the_schema_takes(value: Any) -> None:
    assert reads(value)
    assert SCHEMA.is_valid(case(value)), [error.message for error in SCHEMA.iter_errors(case(value))]


@pytest.mark.parametrize(
    "value",
    [
        {"approx": "90"}, {"within": 1}, {"approx": 90, "within": -1}, {"at_least": True}, {"regex": 3}, {"one_of": []},
        {"one_of": "x"}, {"type": "strnig"}, {"any": False}, {"subset": 3}, {"superset": [1]}, {"approx": 90, "withn": 1},
        {"at_least": 3, "colour": "red"}, {"not": {"type": "strnig"}}, [{"within": 1}], {"a": {"one_of": 3}},
        {"each": {"approx": 1, "within": "x"}}, {"subset": {"a": {"regex": []}}},
    ],
)  # fmt: skip
def test_what_the_reader_refuses_the_schema_refuses(value: Any) -> None:
    assert not reads(value)
    assert not SCHEMA.is_valid(case(value))


_PLAIN = st.sampled_from([1, 0.5, -1, "x", "number", True, None, "^R"])
_KEYS = st.sampled_from([*sorted(WORDS), "order_id", "colour", *TYPES])
_VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3))


@given(_VALUES)
def test_no_value_that_can_be_read_is_marked_wrong(value: Any) -> None:
    if reads(value):
        assert SCHEMA.is_valid(case(value))


def test_every_word_is_described_and_the_schema_is_one() -> None:
    whole = Case.model_json_schema(by_alias=True)
    Draft202012Validator.check_schema(whole)
    [matcher] = [one for one in whole["$defs"]["Expected"]["anyOf"] if "properties" in one]
    assert matcher["properties"].keys() == WORDS
