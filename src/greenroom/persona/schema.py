"""The JSON Schema of `persona.toml`, made from the contract, so that editors complete and check what people write."""

from __future__ import annotations

from greenroom.core.values import Json
from greenroom.persona.contract import Persona

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Json]:
    """The schema of format persona/1, in draft 2020-12; keys are as in the file."""
    return {"$schema": DIALECT, "$id": "greenroom:persona/1", **Persona.model_json_schema(by_alias=True)}
