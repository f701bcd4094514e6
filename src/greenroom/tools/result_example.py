"""An example of what a tool returns, made from the schema it declares, for a person who makes a result up.

Invariant: made of nothing but the schema, and small whatever it says: a schema that speaks of itself comes to an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from greenroom.core.values import Json, ToolSpec

_ANY: dict[str, Json] = {"status": "ok"}
"""For a tool that does not say what it returns, or only that it is an object."""
_DEPTH = 8
_PARTS = 200
"""An example has at most so many parts in all."""
_PLAIN: dict[str, Json] = {"string": "", "boolean": True, "null": None, "integer": 0, "number": 0}


def example_of(spec: ToolSpec | None) -> Json:
    """A result of the kind that `spec` declares; what its author gave as an example or default comes first."""
    found = _made(spec.returns, (spec.returns, iter(range(_PARTS))), 0) if spec is not None and spec.returns else None
    return _ANY if found is None or found == {} else found


def _made(schema: object, whole: tuple[Mapping[str, Any], Iterator[int]], depth: int) -> Json:
    if not isinstance(schema, Mapping) or depth > _DEPTH or next(whole[1], None) is None:
        return None
    if (said := _said(schema)) is not None:
        return said[0]
    if (other := _elsewhere(schema, whole[0])) is not None:
        return _made(other, whole, depth + 1)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties")
        fields = fields if isinstance(fields, Mapping) else {}
        return {str(name): _made(one, whole, depth + 1) for name, one in islice(fields.items(), _PARTS)}
    if kind == "array":
        return [_made(schema["items"], whole, depth + 1)] if "items" in schema and depth < _DEPTH else []
    return schema.get("minimum", _PLAIN.get(str(kind))) if kind in ("integer", "number") else _PLAIN.get(str(kind))


def _said(schema: Mapping[str, Any]) -> list[Json] | None:
    """The value that the schema itself gives, in a list; None where it gives none."""
    for name in ("examples", "enum"):
        if isinstance(schema.get(name), list) and schema[name]:
            return [schema[name][0]]
    return next(([schema[name]] for name in ("const", "default") if schema.get(name) is not None), None)


def _elsewhere(schema: Mapping[str, Any], root: Mapping[str, Any]) -> object | None:
    """The schema that another one stands for: a definition, or the first of several that would do."""
    place = schema.get("$ref")
    if isinstance(place, str) and place.startswith("#/$defs/"):
        known = root.get("$defs")
        return known.get(place.removeprefix("#/$defs/")) if isinstance(known, Mapping) else None
    several: list[object] = next(
        (schema[name] for name in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(name), list)), []
    )
    return several[0] if several else None
