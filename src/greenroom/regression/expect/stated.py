"""What every table of an expectation has in common: it states something.

Invariant: an empty table, which would hold whatever happens, is an error when the case is read.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, model_validator

from greenroom.core.values import Frozen


class Stated(Frozen):
    """A table that must not be empty."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="before")
    @classmethod
    def _states_something(cls, written: Any) -> Any:
        if written == {}:
            keys = ", ".join(field.alias or name for name, field in cls.model_fields.items())
            raise ValueError(f"expects nothing: write one of {keys}")
        return written
