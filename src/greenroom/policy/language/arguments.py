"""Arguments as conditions see them: typed by the tools' JSON Schemas, flattened to dotted names, numbers normalised.

Invariant: a value that is absent, null or not of its declared type never turns into another value; clauses that need
it fail, and a failing clause restricts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.core.inert import inert_line
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json, ToolSpec

_DEPTH = 6
_SAFE = 2**53
_SCALARS = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
_SAID = {"string": "text", "int": "a whole number", "double": "a number", "bool": "true or false"}


@dataclass(frozen=True, slots=True)
class Declared:
    """Types by name (`args.amount`), and the names that not every tool has, with the tools that lack them."""

    types: dict[str, str]
    partial: dict[str, tuple[str, ...]]


def declare(tools: Sequence[ToolSpec]) -> Declared:
    """The names and types that the arguments of these tools have; where tools disagree, a name is `dyn`."""
    by_tool = {tool.name: _flatten(tool.parameters, "args", tool.parameters, 0) for tool in tools}
    types: dict[str, str] = {}
    for declared in by_tool.values():
        for name, kind in declared.items():
            types[name] = _common(types.get(name, kind), kind)
    lacking = {name: tuple(t for t, has in by_tool.items() if name not in has) for name in types}
    return Declared(types, {name: without for name, without in lacking.items() if without})


def _common(one: str, other: str) -> str:
    if one == other:
        return one
    return "double" if {one, other} == {"int", "double"} else "dyn"


def _flatten(schema: Mapping[str, Any], path: str, root: Mapping[str, Any], depth: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, below in _properties(schema).items():
        if not key.isidentifier() or not isinstance(below, Mapping):
            continue
        inner = _resolve(below, root)
        name = f"{path}.{key}"
        if _properties(inner) and depth < _DEPTH:
            found |= _flatten(inner, name, root, depth + 1)
        else:
            found[name] = _kind(inner, root, depth)
    return found


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _resolve(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, behind a local `$ref` and without the `null` of an optional value."""
    for _ in range(_DEPTH):
        reference = schema.get("$ref")
        options = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(reference, str) and reference.startswith("#/"):
            schema = _at(root, reference[2:].split("/"))
        elif isinstance(options, list):
            real = [option for option in options if isinstance(option, Mapping) and option.get("type") != "null"]
            if len(real) != 1:
                return {}
            schema = real[0]
        else:
            return schema
    return {}


def _at(root: Mapping[str, Any], parts: Sequence[str]) -> Mapping[str, Any]:
    here: Any = root
    for part in parts:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def _kind(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        real = [one for one in kind if one != "null"]
        kind = real[0] if len(real) == 1 else None
    if kind == "array":
        items = schema.get("items")
        inner = (
            _kind(_resolve(items, root), root, depth + 1) if isinstance(items, Mapping) and depth < _DEPTH else "dyn"
        )
        return f"list({inner})" if inner in _SCALARS.values() else "list(dyn)"
    if kind == "object":
        return "map(string, dyn)"
    return _SCALARS.get(kind, "dyn") if isinstance(kind, str) else "dyn"


def flatten(args: Mapping[str, Json], types: Mapping[str, str]) -> dict[str, Any]:
    """The value of each declared name that has one, and of each wrongly typed one a value no clause can use."""
    found: dict[str, Any] = {}
    for name, kind in types.items():
        here: Any = args
        for part in name.split(".")[1:]:
            here = here.get(part) if isinstance(here, Mapping) else None
        if here is not None:
            found[name] = _typed(here, kind)
    return found


def misfits(args: Mapping[str, Json], tool: ToolSpec) -> tuple[str, ...]:
    """What of these arguments no call of `tool` could have: unknown names, values of another type. What is missing fits."""
    return tuple(_misfits(args, tool.parameters, tool, "", 0))


def _misfits(
    args: Mapping[str, Json], schema: Mapping[str, Any], tool: ToolSpec, path: str, depth: int
) -> Iterator[str]:
    known = _properties(schema)
    closed = "properties" in schema and schema.get("additionalProperties") in (None, False)
    for key, value in args.items():
        below = known.get(key)
        if not isinstance(below, Mapping):
            if closed:
                yield f"{tool.name} has no argument '{path}{key}' ({suggest(key, sorted(known))})"
            continue
        inner = _resolve(below, tool.parameters)
        if isinstance(value, Mapping) and _properties(inner) and depth < _DEPTH:
            yield from _misfits(value, inner, tool, f"{path}{key}.", depth + 1)
        elif value is not None and isinstance(_typed(value, kind := _kind(inner, tool.parameters, depth)), _Unusable):
            yield f"'{path}{key}' of {tool.name} is {_SAID.get(kind, kind)}, and the test gives {inert_line(repr(value), 40)}"


def _typed(value: Json, kind: str) -> Any:
    """The value in its declared type. Numbers change only between whole int and float; the rest must be right."""
    if kind == "double":
        return float(value) if _is_number(value) else _Unusable(value)
    if kind == "int":
        return int(value) if _is_number(value) and float(value).is_integer() else _Unusable(value)
    if kind == "bool":
        return value if isinstance(value, bool) else _Unusable(value)
    if kind == "string":
        return value if isinstance(value, str) else _Unusable(value)
    if kind.startswith("list("):
        inner = kind[5:-1]
        if not isinstance(value, list | tuple):
            return _Unusable(value)
        items = [_typed(item, inner) for item in value]
        return _Unusable(value) if any(isinstance(item, _Unusable) for item in items) else items
    if kind.startswith("map("):
        return value if isinstance(value, dict) else _Unusable(value)
    return value


def _is_number(value: Json) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < _SAFE
    )


class _Unusable:
    """A value of the wrong type: the engine cannot read it, so every clause that needs it fails."""

    def __init__(self, value: Json) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def plain(value: Any) -> Json:
    """The value as it came, for showing."""
    return value.value if isinstance(value, _Unusable) else value
