"""The JSON Schema of values in a case: a value as it is meant, or a table of matchers, at any depth.

Invariant: what the reader takes passes, and every slip that one table by itself shows (an unknown word beside a matcher's
own, a value that no word of the kind can have) does not.
"""

from __future__ import annotations

from typing import Any

from greenroom.regression.expect.matcher import OURS, TYPES, VALUE, WORDS

NAME = "Expected"
_REF = {"$ref": f"#/$defs/{NAME}"}
_LIKE_KEYS = {"type": "object", "additionalProperties": _REF}
_WORDS: dict[str, dict[str, Any]] = {
    "approx": {"type": "number", "description": "Near this number: within 1e-9 of it, or as `within` says."},
    "within": {"type": "number", "minimum": 0, "description": "How far from `approx` is near enough."},
    "at_least": {"type": "number"},
    "at_most": {"type": "number"},
    "regex": {"type": "string", "description": "Found somewhere in the text; RE2."},
    "one_of": {"type": "array", "minItems": 1, "items": _REF, "description": "Any one of these fits."},
    "type": {"enum": list(TYPES)},
    "any": {"const": True, "description": "Whatever it is, as long as it is there."},
    "contains": {**_REF, "description": "A part of the text, or an entry of the list."},
    "length": {**_REF, "description": "How long the text, list or table is."},
    "equals": {"description": "This very value, also where it reads as a matcher."},
    "not": {**_REF, "description": "Does not fit."},
    "subset": {**_LIKE_KEYS, "description": "No other keys than these; some may be missing."},
    "superset": {**_LIKE_KEYS, "description": "At least these keys."},
    "each": {**_REF, "description": "Fits every entry of the list."},
}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a model with its values described; as it is where it has none."""
    found = _referring(schema)
    if found == schema:
        return schema
    return {**found, "$defs": {**found.get("$defs", {}), NAME: _expected()}}


def _expected() -> dict[str, Any]:
    matcher = {
        "type": "object",
        "description": "A matcher: what its words say must all hold.",
        "minProperties": 1,
        "properties": {word: _WORDS[word] for word in sorted(WORDS)},
        "additionalProperties": False,
        "dependentRequired": {"within": ["approx"]},
    }
    table = {
        "type": "object",
        "description": "A table that means itself; one that reads as a matcher goes under `equals`.",
        "not": {"anyOf": [{"required": [word]} for word in sorted(OURS)]},
        "anyOf": [{"maxProperties": 0}, {"not": {"propertyNames": {"enum": sorted(WORDS)}}}],
        "additionalProperties": _REF,
    }
    plain = {"type": ["string", "number", "boolean", "null"]}
    return {**VALUE, "anyOf": [plain, {"type": "array", "items": _REF}, matcher, table]}


def _referring(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("description") == VALUE["description"]:
            return _REF
        return {key: _referring(item) for key, item in schema.items()}
    return [_referring(item) for item in schema] if isinstance(schema, list) else schema
