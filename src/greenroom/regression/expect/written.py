"""The plain values of a case as they may be written: TOML has types, and each is taken for what it is.

Invariant: a value that only looks like what is wanted ("3", true, nan) is an error when the case is read, and the JSON
Schema made of these types says so too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from greenroom.core.values import Json


def _whole(value: Any) -> Any:
    """A number without a fraction is whole however it is written, as JSON Schema has it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, Field(ge=0), Strict(), BeforeValidator(_whole)]
"""A whole number from 0 on; 3.0 is one."""

Count = Annotated[int, Field(ge=1), Strict(), BeforeValidator(_whole)]
"""A whole number from 1 on."""

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A number, neither infinite nor nan."""

Flag = Annotated[bool, Strict()]
"""True or false."""


def require_json(value: Json, depth: int = 0) -> Json:
    """A value that JSON has too.

    Raises:
        ValueError: it holds a date, a time, a number that is none, or tables without end.
    """
    if depth > 64:
        raise ValueError("nested too deeply")
    if isinstance(value, Mapping):
        for item in value.values():
            require_json(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            require_json(item, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that JSON has")
    elif not isinstance(value, str | int | float | None):
        raise ValueError(f"{value} is a date or time, which JSON does not have; write it as text, in quotes")
    return value


Plain = Annotated[Json, AfterValidator(require_json)]
"""Any value of JSON."""


def one_of(*keys: str) -> dict[str, Any]:
    """Of a JSON Schema: one of these keys must be there."""
    return {"anyOf": [{"required": [key]} for key in keys]}
