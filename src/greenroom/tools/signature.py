"""A function's signature as a JSON Schema for the model and as a strict check of the arguments that come back.

Invariant: arguments that pass `check` can be given to the function as they are; nothing is guessed: text is never
read as a number. What JSON Schema itself allows is: 3 where a float is meant, 3.0 where an integer is.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticUndefined

from greenroom.core.canonical import clean_json
from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import dotted, suggest
from greenroom.core.values import Json
from greenroom.tools.docstring import Described, described
from greenroom.tools.result_schema import returned_schema

_GIVEN = {"idempotency_key": str, "workspace": Path}
"""Keyword parameters the workbench fills in itself; a model never sees them."""

_PLAIN = (str, int, float, bool, Any, type(None), dict, list)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model is told (`description`, `parameters`), what is filled in for it (`given`), and the check.

    `returns` is the schema of the result, empty where the function does not say what it returns.
    """

    description: str
    parameters: dict[str, Json]
    returns: dict[str, Json]
    given: frozenset[str]
    _model: type[BaseModel]
    _nullable: frozenset[str]

    def check(self, arguments: dict[str, Json]) -> tuple[dict[str, Any], str]:
        """The arguments as the function takes them, and what is wrong with them ('' if nothing is)."""
        known = list(self._model.model_fields)
        for name in arguments:
            if name not in known:
                return {}, f"unknown argument '{name}' ({suggest(name, known) if known else 'it takes none'})"
        present = {k: v for k, v in arguments.items() if v is not None or k not in self._nullable}
        try:
            checked = self._model.model_validate(present)
        except ValidationError as error:
            return {}, _told(error)
        return {name: getattr(checked, name) for name in known}, ""


def signature_of(function: Callable[..., Any], where: str) -> Signature:
    """The signature of a tool function; `where` is `file:line` for errors.

    Raises:
        FileInvalid: no docstring, a parameter without a type or with one a model cannot be told about, or a docstring
            that speaks of an argument there is not.
    """
    words = described(function.__doc__)
    if not words.description:
        raise FileInvalid(
            "the tool has no docstring", where=where, hint="say in a sentence what it does", code="tool.docstring"
        )
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise FileInvalid(f"a type cannot be read: {error}", where=where, code="tool.signature") from None
    taken, given = _split(function, hints, where)
    for name, parameter in taken.items():
        _check_default(name, parameter, hints[name], where)
    for name in words.arguments:
        if name not in taken and name not in given:
            hint = suggest(name, [p.name for p in taken.values()]) if taken else "it takes none"
            raise FileInvalid(
                f"the docstring has an argument '{name}', the function has not",
                where=where,
                hint=hint,
                code="tool.docstring",
            )
    return Signature(
        description=words.description,
        parameters=_parameters(taken, hints, words),
        returns=returned_schema(hints.get("return", Any)),
        given=frozenset(given),
        _model=_model(function.__name__, taken, hints),
        _nullable=frozenset(
            n for n, p in taken.items() if p.default is not inspect.Parameter.empty and _optional(hints[n])
        ),
    )


def _split(
    function: Callable[..., Any], hints: dict[str, Any], where: str
) -> tuple[dict[str, inspect.Parameter], set[str]]:
    """The parameters a model fills in, and the names of those the workbench does."""
    taken: dict[str, inspect.Parameter] = {}
    given: set[str] = set()
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
            raise FileInvalid(
                f"parameter '{name}' cannot be passed by name",
                where=where,
                hint="use plain named parameters",
                code="tool.signature",
            )
        if name not in hints:
            raise FileInvalid(
                f"parameter '{name}' has no type",
                where=where,
                hint=f"write {name}: str, for example",
                code="tool.signature",
            )
        if name in _GIVEN:
            given.add(name)
        elif not _tellable(hints[name]):
            raise FileInvalid(
                f"parameter '{name}' has a type a model cannot be told about",
                where=where,
                hint="use str, int, float, bool, Literal, list, dict or Optional of those",
                code="tool.signature",
            )
        else:
            taken[name] = parameter
    return taken, given


def _check_default(name: str, parameter: inspect.Parameter, kind: Any, where: str) -> None:
    """A default is told to the model and given to the function, so it must be JSON of the parameter's own type."""
    if parameter.default is inspect.Parameter.empty:
        return
    try:
        TypeAdapter(_normal(kind)).validate_python(clean_json(parameter.default), strict=True)
    except ValueError:
        raise FileInvalid(
            f"the default of '{name}' does not fit its type",
            where=where,
            hint="write Optional[...] where None is meant",
            code="tool.signature",
        ) from None


def _parameters(taken: dict[str, inspect.Parameter], hints: dict[str, Any], words: Described) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    for name, parameter in taken.items():
        schema = _untitled(TypeAdapter(_without_none(hints[name])).json_schema())
        if text := words.arguments.get(name):
            schema["description"] = text
        if parameter.default is not inspect.Parameter.empty and parameter.default is not None:
            schema["default"] = clean_json(parameter.default)
        properties[name] = schema
    required = [name for name, parameter in taken.items() if parameter.default is inspect.Parameter.empty]
    out: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**out, "required": required} if required else out


def _model(name: str, taken: dict[str, inspect.Parameter], hints: dict[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for key, parameter in taken.items():
        default = PydanticUndefined if parameter.default is inspect.Parameter.empty else parameter.default
        fields[key] = (_normal(hints[key]), default)
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())
    return create_model(name, __config__=config, **fields)


def _tellable(kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return True
    if origin is Literal:
        return all(isinstance(word, str | int | bool) for word in inner)
    if origin is Annotated:
        return _tellable(inner[0])
    if origin is dict:
        return inner[0] is str and _tellable(inner[1])
    return origin in (list, Union, types.UnionType) and all(map(_tellable, inner))


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def _without_none(kind: Any) -> Any:
    """`Optional[X]` as `X`: a model leaves an argument out rather than sending null, and both are understood."""
    if not _optional(kind):
        return kind
    rest = tuple(part for part in get_args(kind) if part is not type(None))
    return Union[rest]  # noqa: UP007  built at run time from a tuple of types


def _normal(kind: Any) -> Any:
    """The type with every `int` also taking 3.0, as JSON Schema does."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is int:
        return Annotated[int, BeforeValidator(_whole)]
    if origin is list:
        return list[_normal(inner[0])]  # type: ignore[misc]  # built at run time
    if origin is dict:
        return dict[str, _normal(inner[1])]  # type: ignore[misc]  # built at run time
    if origin in (Union, types.UnionType):
        return Union[tuple(map(_normal, inner))]  # noqa: UP007  built at run time from a tuple of types
    if origin is Annotated and inner[0] is int:
        return Annotated[(kind, BeforeValidator(_whole))]
    return kind


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _untitled(schema: dict[str, Json]) -> dict[str, Json]:
    """Pydantic's schema without the titles it makes up."""
    return {
        key: _untitled(value) if isinstance(value, dict) else value
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    path = dotted(tuple(part for part in first["loc"] if isinstance(part, int) or "[" not in part))
    if first["type"] == "missing":
        return f"argument '{path}' is missing"
    said = first["msg"].removeprefix("Input should be ")
    return f"argument '{path}' must be {said}, not {first['input']!r:.60}"
