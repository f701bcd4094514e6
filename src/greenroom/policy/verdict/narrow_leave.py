"""The narrow clauses that leave for later calls begins with: what was approved, and no more.

Invariant: every argument of the approved call is spoken of, or there are no clauses at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from greenroom.core.errors import UsageError
from greenroom.core.values import Json, ToolSpec
from greenroom.policy.language.arguments import declare


def narrow(spec: ToolSpec, arguments: Mapping[str, Json]) -> tuple[str, ...]:
    """Clauses that hold for the approved call and for those like it: texts, whole numbers and yes or no must be equal,
    a number (JSON type `number`) may be less but not below 0. An argument that was left out must be left out again.

    Raises:
        UsageError: an argument cannot be spoken of in a clause: it is nested, or a name no clause can write.
    """
    declared = spec.parameters.get("properties", {})
    clauses = [clause for name in sorted(arguments) for clause in _clauses(name, declared.get(name), arguments[name])]
    left_out = [name for name in sorted(declare([spec]).types) if name.split(".")[1] not in arguments]
    return (*clauses, *(f"!has({name})" for name in left_out))


def _clauses(name: str, schema: Any, value: Json) -> list[str]:
    _speakable(name)
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(value, bool):
        return [f"args.{name} == {'true' if value else 'false'}"]
    if isinstance(value, int | float) and math.isfinite(value):
        if kind == "integer":
            return [f"args.{name} == {int(value)}"]
        if kind == "number":
            return [f"args.{name} <= {_number(value)}", f"args.{name} >= 0"] if value >= 0 else [_equal(name, value)]
    if isinstance(value, str) and kind == "string":
        return [f"args.{name} == {json.dumps(value, ensure_ascii=False)}"]
    raise UsageError(
        f"'{name}' is not a plain value, so no clause can say which later calls are meant",
        hint="allow this one only, or say it yourself with --when",
        code="scope.nested",
    )


def _equal(name: str, value: float) -> str:
    return f"args.{name} == {_number(value)}"


def _number(value: float) -> str:
    """A number as a clause writes it: without an exponent, and whole where it is."""
    return str(int(value)) if float(value).is_integer() else format(Decimal(repr(value)), "f")


def _speakable(name: str) -> None:
    if not name.isidentifier() or not name.isascii():
        raise UsageError(
            f"no clause can speak of an argument named '{name}'", hint="allow this one only", code="scope.name"
        )
