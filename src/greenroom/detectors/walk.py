"""Every string of a payload, keys and long whole numbers included, with the path it stands at.

Invariant: two different places never have the same path, and what was not walked is said in `unchecked`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from greenroom.core.values import Json

MAX_DEPTH = 32
MAX_CHARACTERS = 1_000_000
MAX_STRINGS = 50_000

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_KEY_MARK = ".(key)"
_LONG = 10**11
_SHORT = 200


@dataclass(slots=True)
class Walked:
    """The strings of a payload as `(path, text)` in reading order, and what could not be walked, in plain words."""

    strings: list[tuple[str, str]] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    characters: int = 0

    def add(self, path: str, text: str) -> None:
        """Take one string in, unless the size cap is reached."""
        self.characters += len(text)
        if self.characters > MAX_CHARACTERS:
            self.miss(f"text beyond {MAX_CHARACTERS:,} characters")
        elif len(self.strings) >= MAX_STRINGS:
            self.miss(f"strings beyond {MAX_STRINGS:,}")
        else:
            self.strings.append((path, text))

    def miss(self, what: str) -> None:
        """Note once that something was not walked."""
        if what not in self.unchecked:
            self.unchecked.append(what)


def walk(payload: Json) -> Walked:
    """Every string of `payload`. Depth is capped at 32 levels and size at a million characters."""
    walked = Walked()
    _visit(payload, "", 0, walked)
    return walked


def child(path: str, key: str) -> str:
    """The path of `key` in the object at `path`; a key that is no plain word is quoted, so paths stay unambiguous."""
    # An ASCII identifier is a plain key too, and asking for one is quicker.
    if (key.isascii() and key.isidentifier()) or _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def key_path(path: str) -> str:
    """The path of a key itself, given the path of its value."""
    return path + _KEY_MARK


def _visit(value: Json, path: str, depth: int, walked: Walked) -> None:
    if isinstance(value, str):
        walked.add(path, value)
    elif value is None or value is True or value is False:
        return
    elif isinstance(value, float):
        if not math.isfinite(value):
            walked.miss(f"{path or 'value'} is not a finite number")
        elif digits := _digits(value):
            walked.add(path, digits)
    elif isinstance(value, int):
        if digits := _digits(value):
            walked.add(path, digits)
    elif depth >= MAX_DEPTH:
        walked.miss(f"nesting deeper than {MAX_DEPTH} levels")
    elif isinstance(value, dict):
        _visit_object(value, path, depth, walked)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _visit(item, f"{path}[{index}]", depth + 1, walked)
    else:
        walked.miss(f"{path or 'value'} is a {type(value).__name__}, which JSON lacks")


def _visit_object(value: dict[str, Json], path: str, depth: int, walked: Walked) -> None:
    for key, item in value.items():
        text = str(key)
        below, named = (_known_places if len(path) + len(text) <= _SHORT else _places)(path, text)
        walked.add(named, text)
        _visit(item, below, depth + 1, walked)


def _places(path: str, key: str) -> tuple[str, str]:
    """The paths of a key's value and of the key itself."""
    below = child(path, key)
    return below, key_path(below)


# Most payloads have the same few keys; what a model invents pushes the oldest out.
_known_places = lru_cache(2_048)(_places)


def _digits(value: float) -> str:
    """The digits of a whole number that has as many as a card or a phone, which may well come without quotes; else ''."""
    return str(int(value)) if _LONG <= value < _LONG**2 and value == int(value) else ""


def rewrite(payload: Json, change: Callable[[str, str], str]) -> Json:
    """A copy of `payload` with `change(path, text)` in place of every string, keys included.

    Nothing is lost when two keys become equal: the later one gets a number.
    """
    return _rewrite(payload, "", 0, change)


def _rewrite(value: Json, path: str, depth: int, change: Callable[[str, str], str]) -> Json:
    if isinstance(value, str):
        return change(path, value)
    if isinstance(value, int | float):
        digits = _digits(value)
        changed = change(path, digits) if digits else digits
        return value if changed == digits else changed
    if depth >= MAX_DEPTH:
        return value
    if isinstance(value, dict):
        out: dict[str, Json] = {}
        for key, item in value.items():
            below = child(path, str(key))
            out[_free(change(key_path(below), str(key)), out)] = _rewrite(item, below, depth + 1, change)
        return out
    if isinstance(value, list | tuple):
        return [_rewrite(item, f"{path}[{index}]", depth + 1, change) for index, item in enumerate(value)]
    return value


def _free(key: str, taken: dict[str, Json]) -> str:
    name, number = key, 2
    while name in taken:
        name, number = f"{key} ({number})", number + 1
    return name
