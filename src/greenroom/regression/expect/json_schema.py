"""A value held against a JSON Schema (draft 2020-12).

Invariant: nothing is fetched, and patterns are searched in linear time, so that no schema or reply can stall a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from greenroom.core.values import Json
from greenroom.regression.expect.beside import CannotJudge
from greenroom.regression.expect.matcher import pattern, searched
from greenroom.regression.expect.said import bare, shown


def schema_problem(schema: Json, value: Json) -> str:
    """Why a value is not what the schema says, or ''.

    Raises:
        CannotJudge: the schema refers to what is not there.
    """
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]  # ships no types

    try:
        found = best_match(_validator(orjson.dumps(schema)).iter_errors(value))
    except Exception as error:  # noqa: BLE001  # an unknown reference or format of a schema a person wrote; never a crash
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CannotJudge(f"the JSON Schema cannot be used: {shown(said)}") from None
    if found is None:
        return ""
    at = ".".join(map(str, found.absolute_path)) or "it"
    return f"in the reply's JSON {bare(at)} is not as the schema says: {bare(found.message)}"


def require_schema(schema: Json, name: str) -> None:
    """Have a schema be one.

    Raises:
        CannotJudge: it is none; the text names it as `name`.
    """
    from jsonschema.exceptions import SchemaError

    try:
        _validator(orjson.dumps(schema))
    except SchemaError as error:
        raise CannotJudge(f"{name} is no JSON Schema: {shown(error.message)}") from None
    except Exception as error:  # noqa: BLE001  # whatever else a schema a person wrote makes of its reader; never a crash
        raise CannotJudge(f"{name} is no JSON Schema that can be used: {type(error).__name__}") from None


@lru_cache(maxsize=32)
def _validator(schema: bytes) -> Any:
    """A validator of the schema, which looks nowhere else."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
    from jsonschema.validators import extend  # type: ignore[import-untyped]  # ships no types
    from referencing import Registry

    loaded = orjson.loads(schema)
    Draft202012Validator.check_schema(loaded)
    kind = extend(Draft202012Validator, {"pattern": _pattern, "patternProperties": _pattern_properties})
    return kind(loaded, registry=Registry())


def _pattern(validator: Any, expression: str, value: Json, schema: Json) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and not searched(pattern(expression), value):
        yield ValidationError(f"{shown(value, 60)} does not match {shown(expression, 60)}")


def _pattern_properties(validator: Any, properties: dict[str, Json], value: Json, schema: Json) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    for expression, below in properties.items():
        for key, item in value.items():
            if searched(pattern(expression), key):
                yield from validator.descend(item, below, path=key, schema_path=expression)
