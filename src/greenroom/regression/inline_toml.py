"""JSON values as TOML on one line, for case files that Greenroom proposes.

Invariant: what is written reads back as the same value, and holds no character a terminal could obey.
"""

from __future__ import annotations

import json
import re

from greenroom.core.inert import hidden_spans
from greenroom.core.values import Json

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml(value: Json) -> str:
    """A JSON value as inline TOML; None, which TOML lacks, is left out of tables and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(str(k))} = {toml(item)}" for k, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value if item is not None) + "]"
    return repr(value)


def holds_nothing(value: Json) -> bool:
    """Whether a value holds a None somewhere, which TOML cannot say."""
    if isinstance(value, dict):
        return any(map(holds_nothing, value.values()))
    return any(map(holds_nothing, value)) if isinstance(value, list) else value is None


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for start, end in reversed(list(hidden_spans(quoted))):
        quoted = quoted[:start] + "".join(f"\\U{ord(c):08x}" for c in quoted[start:end]) + quoted[end:]
    return quoted
