"""The example of a result: of the kind the tool declares, whatever a Python function is annotated with."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from greenroom.core.values import ToolSpec
from greenroom.tools.result_example import example_of
from greenroom.tools.result_schema import result_problem, returned_schema


class Line(BaseModel):
    sku: str = Field(examples=["MUG-1"])
    count: int = Field(ge=1)


class Order(BaseModel):
    number: int
    state: Literal["open", "sent"]
    lines: list[Line]
    note: str | None = None


class Tree(TypedDict):
    name: str
    below: list[Tree]


def spec(returns: dict[str, Any]) -> ToolSpec:
    return ToolSpec(name="shop.get", description="", parameters={}, returns=returns)


@pytest.mark.parametrize("kind", [Order, list[Order], dict[str, Any], str, int, bool, list[str], Line | None])
def test_the_example_is_of_the_kind_that_the_tool_declares(kind: Any) -> None:
    declared = spec(returned_schema(kind))
    assert declared.returns and result_problem(declared, example_of(declared)) == ""


def test_what_an_author_gave_comes_first_and_a_free_object_gets_a_status() -> None:
    order = example_of(spec(returned_schema(Order)))
    assert order["lines"] == [{"sku": "MUG-1", "count": 1}] and order["state"] == "open"
    assert example_of(spec({})) == example_of(None) == {"status": "ok"}
    assert example_of(spec(returned_schema(dict[str, Any]))) == {"status": "ok"}


@pytest.mark.parametrize(
    "schema",
    [
        returned_schema(Tree),
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"type": "object", "properties": "none", "$defs": []},
        {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {n: {"$ref": "#/$defs/a"} for n in "wxyz"}}}},
        {"anyOf": [], "type": ["array"], "items": {"items": 3}},
        {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(5000)}},
    ],
)
def test_a_schema_without_end_or_sense_comes_to_a_small_example(schema: dict[str, Any]) -> None:
    assert len(json.dumps(example_of(spec(schema)))) < 10_000
