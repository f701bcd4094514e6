"""What a tool says it returns, and whether a result that a person made up is of that kind.

Invariant: a real result is never held against it; a function whose return type cannot be told takes any result.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from greenroom.core.inert import inert_line
from greenroom.core.values import Json, ToolSpec

_SHOWN = 200


def returned_schema(kind: Any) -> dict[str, Json]:
    """The JSON Schema of a return annotation, empty where it says nothing or is no type JSON has."""
    if kind is Any:
        return {}
    try:
        found: dict[str, Json] = TypeAdapter(kind).json_schema(mode="serialization")
    except Exception:  # noqa: BLE001  # a team's own types: whatever they raise, the tool itself works
        return {}
    return found


def result_problem(spec: ToolSpec | None, output: Json) -> str:
    """Why a made-up result is not what the tool says it returns, or ''."""
    if spec is None or not spec.returns:
        return ""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types; loaded on use
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # ships no types either

    try:
        found = best_match(Draft202012Validator(spec.returns).iter_errors(output))
    except Exception as error:  # noqa: BLE001  # a schema that cannot be used constrains nothing a person can meet
        return f"its result schema cannot be used: {inert_line(str(error), _SHOWN)}"
    if found is None:
        return ""
    at = ".".join(map(str, found.absolute_path))
    return inert_line(f"{f'{at}: ' if at else ''}{found.message}", _SHOWN)
