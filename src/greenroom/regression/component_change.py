"""What changed between two states of a persona's file, its tools or its model parameters, place by place.

Invariant: never raises; a text that cannot be read as what it should be is told by the words that changed.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from greenroom.core.inert import inert_line
from greenroom.regression.difference import word_diff
from greenroom.regression.policy_change import policy_change

_TOLD, _SHOWN, _LONG = 3, 60, 24
_NAMES = ("id", "name")
_VERSION = ("version",)
_PARAMETERS = ("model", "params")

Change = tuple[tuple[str, ...], Any, Any]
"""Path of keys, value before, value after."""


@lru_cache(maxsize=64)
def component_change(component: str, old: str, new: str) -> str:
    """`limits.usd 0.25 -> 0.5; tools.allow -mail.send` between two texts of a component as tapes keep them.

    Remembered, because one changed text concerns every fixture of a suite.
    """
    if component == "policy":
        return policy_change(old, new)
    before, after = _read(component, old), _read(component, new)
    if before is None or after is None:
        return word_diff(old, new, context=3)
    told = [_told(change) for change in _changes(before, after) if change[0] != _VERSION or component != "persona"]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return "; ".join(told[:_TOLD]) + more if told else "only its version, layout or comments"


def persona_version(text: str) -> str:
    """The version that a persona's file names, or ''."""
    found = _read("persona", text)
    return inert_line(str(found.get("version", "")), _SHOWN) if isinstance(found, dict) else ""


@lru_cache(maxsize=64)
def told_elsewhere(old: str, new: str, others: Collection[str]) -> bool:
    """Whether a persona's file changed in nothing but its version and what the changed components `others` tell."""
    before, after = _read("persona", old), _read("persona", new)
    if not isinstance(before, dict) or not isinstance(after, dict) or not others:
        return False
    paths = [path for path, _, _ in _changes(before, after)]
    return all(path == _VERSION or (path[:2] == _PARAMETERS and "parameters" in others) for path in paths)


@lru_cache(maxsize=64)
def _read(component: str, text: str) -> Any:
    """The value that a text stands for; None where it is prose, or broken."""
    try:
        if component == "persona":
            return tomllib.loads(text)
        return None if component == "prompt" else _by_name(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _changes(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    old, new = _by_name(old), _by_name(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), (*path, str(key)))
    elif old != new:
        yield path, old, new


def _by_name(value: Any) -> Any:
    """A list of named tables as one table, so that one more of them does not move the others."""
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return value
    for key in _NAMES:
        names = [item.get(key) for item in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {item[key]: {name: one for name, one in item.items() if name != key} for item in value}
    return value


def _told(change: Change) -> str:
    path, old, new = change
    place = inert_line(".".join(path), 100)
    if old is None or new is None:
        whole = new if old is None else old
        shown = "" if isinstance(whole, dict) else f" ({_said(whole)})"
        return f"{place} {'added' if old is None else 'removed'}{shown}"
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _LONG:
        return f"{place} {word_diff(old, new, 120)}"
    if _is_words(old) and _is_words(new) and set(old) != set(new):
        signs = [f"-{one}" for one in old if one not in new] + [f"+{one}" for one in new if one not in old]
        return f"{place} {inert_line(' '.join(signs), 120)}"
    return f"{place} {_said(old)} -> {_said(new)}"


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _said(value: Any) -> str:
    return inert_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), _SHOWN)
