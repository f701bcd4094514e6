"""Mutants of tool schemas: arguments required or not, of another type or name, fewer choices, other effects.

Invariant: one thing of one spec changes. Calls of that tool are then held to the changed schema, all others to their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, get_args

from greenroom.core.values import Effects, ToolSpec
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Mutant, said
from greenroom.regression.mutation.persona import without

_OTHER = {
    "string": "integer",
    "integer": "string",
    "number": "string",
    "boolean": "string",
    "array": "string",
    "object": "string",
}
_FLAGS = ("reversible", "outbound", "untrusted")


def mutants(ground: Ground) -> Iterator[Mutant]:
    """Every mutant of the tools that the persona of a ground may call."""
    for spec in ground.contract.tools:
        called = f"a fixture in which {spec.name} is called"
        for operator, change, fields, hint in (*_arguments(spec), *_effects(spec)):
            changed = spec.model_copy(update=fields)
            made = partial(ground.with_spec, changed)
            # Clauses of rules without tools are typed by all schemas, so another tool's call may be judged otherwise.
            yield Mutant("tools", operator, spec.name, change, made, hint=hint or called)
        gone = partial(ground.without, spec.name)
        yield Mutant("tools", "drop a tool", spec.name, "dropped", gone, frozenset({spec.name}), hint=called)


def _arguments(spec: ToolSpec) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    schema = spec.parameters
    properties: dict[str, Any] = schema.get("properties") or {}
    required = list(schema.get("required") or ())
    for name, declared in properties.items():
        here = f"a fixture in which {spec.name} is called with {said(name)}"
        if name in required:
            rest = [one for one in required if one != name]
            hint = f"a fixture in which {spec.name} is called without {said(name)}"
            yield "optional", f"{said(name)}: required -> optional", _with(schema, required=rest), hint
        else:
            hint = f"a fixture in which {spec.name} is called without {said(name)}"
            yield "required", f"{said(name)}: optional -> required", _with(schema, required=[*required, name]), hint
        for operator, change, other in _declared(declared):
            yield operator, f"{said(name)}: {change}", _with(schema, properties={**properties, name: other}), here
        renamed = {f"{one}_" if one == name else one: value for one, value in properties.items()}
        needed = [f"{one}_" if one == name else one for one in required]
        yield "rename", f"{said(name)} -> {said(name)}_", _with(schema, properties=renamed, required=needed), here
    if schema.get("additionalProperties") is False:
        hint = f"a fixture in which the model calls {spec.name} with an argument it does not have"
        yield "open", "other arguments: refused -> let through", _with(schema, additionalProperties=True), hint


def _declared(declared: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    kind = declared.get("type")
    if isinstance(kind, str) and kind in _OTHER and "enum" not in declared:
        yield "another type", f"{kind} -> {_OTHER[kind]}", {**declared, "type": _OTHER[kind]}
    choices = tuple(declared.get("enum") or ())
    if len(choices) > 1:
        for item, rest in without(choices):
            yield "fewer choices", f"choice {said(item)} dropped", {**declared, "enum": rest}


def _with(schema: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"parameters": {**schema, **changes}}


def _effects(spec: ToolSpec) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    for other in get_args(Effects):
        if other != spec.effects:
            yield "effects", f"effects {spec.effects} -> {other}", {"effects": other}, ""
    for flag in _FLAGS:
        value = getattr(spec, flag)
        yield "flag", f"{flag} {said(value)} -> {said(not value)}", {flag: not value}, ""
