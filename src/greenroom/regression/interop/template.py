"""The part of promptfoo's templates that only puts a value in: `{{ name }}`, `{{ name.part }}`, `{{ name | dump }}`.

Invariant: a template that does more (`{% if %}`, other filters) is not guessed at: `render` returns None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from greenroom.core.values import Json

_VALUE = re.compile(r"\{\{-?\s*([A-Za-z_][\w.]{0,200})\s*(\|\s*(?:dump|safe)\s*)?-?\}\}")
_MORE = re.compile(r"\{\{|\{%|\{#")


def is_template(text: str) -> bool:
    """Whether promptfoo would do something about a text."""
    return _MORE.search(text) is not None


def render(text: str, values: Mapping[str, Json]) -> str | None:
    """The text with its values put in, or None where that is not all it asks for; an unknown name is empty."""
    if _MORE.search(_VALUE.sub("", text)):
        return None
    return _VALUE.sub(lambda found: _shown(found[1], found[2] or "", values), text)


def _shown(name: str, asked: str, values: Mapping[str, Json]) -> str:
    value: Json = values
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if "dump" in asked or isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
