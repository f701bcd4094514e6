"""`amount=90 note='two words'` as a tool's arguments, each read as the tool's schema wants it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json, ToolSpec


def arguments_of(words: Sequence[str], spec: ToolSpec) -> dict[str, Json]:
    """Arguments by name. A word may hold several pairs, quoted as in a shell, or one whole JSON object; in a word with
    one `=` and no quotes everything behind it is the value.

    Raises:
        UsageError: not `name=value`, or a name the tool does not have.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _object(words[0])
    known = dict(spec.parameters.get("properties", {}))
    found: dict[str, Json] = {}
    for pair in _pairs(words):
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"'{pair}' is not NAME=VALUE", hint=_example(known))
        if name not in known:
            raise UsageError(f"{spec.name} has no argument '{name}'", hint=suggest(name, list(known)))
        found[name] = _value(text, known[name])
    return found


def _object(text: str) -> dict[str, Json]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", hint='as in {"amount": 90}') from None
    assert isinstance(value, dict)
    return value


def _pairs(words: Sequence[str]) -> list[str]:
    if len(words) > 1:
        return list(words)
    if not words:
        return []
    try:
        pairs = shlex.split(words[0])
        one_text = "'" not in words[0] and '"' not in words[0] and not any("=" in pair for pair in pairs[1:])
        return [words[0]] if one_text else pairs
    except ValueError as error:
        raise UsageError(f"cannot be read: {error}", hint="quote values with spaces: note='two words'") from None


def _value(text: str, schema: Json) -> Json:
    """Text where the schema wants text, else whatever JSON it is; the schema check that follows judges the rest."""
    if isinstance(schema, dict) and schema.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _example(known: dict[str, Json]) -> str:
    return " ".join(f"{name}=..." for name in list(known)[:3]) or "it takes no arguments"
