"""Two readings of something a person wrote, told apart key by key: `limits.usd 0.25 -> 0.1`.

Invariant: nothing is said exactly where both are the same, and what is said is harmless and short.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from greenroom.core.inert import inert_line
from greenroom.regression.replay.difference import words_in_short

TOLD, SHOWN = 6, 60
"""So many changes of a component are told of by name, and so many characters of a value are shown."""
_GONE = object()
"""In the place of a key that is not there, which is not the same as null."""
_EXACT = 1e15
"""Up to which every whole number is told from the next."""
_LONG = 30
"""Characters from which two texts are told apart word by word."""
_PATTERNS, _PATTERN_SHOWN, _ALIKE = ("pattern", "regex"), 120, 20
"""What is a regular expression, which no words that went and came can be read as; of a longer one a stretch from where the
two part, with so many characters before it, is shown."""
NAMES = ("id", "name", "user")
"""What tells the tables of a list apart, e.g. acceptance criteria by their id."""


class Change(NamedTuple):
    """What is told of one key that differs, and its path: the name of an entry where a list has named ones."""

    told: str
    path: tuple[str, ...] = ()


def differences(old: Any, new: Any) -> Iterator[str]:
    """One saying for each key that differs, in the order of the keys."""
    return (change.told for change in changed_keys(old, new))


def changed_keys(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """The same with the path of each key."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from changed_keys(old.get(key, _GONE), new.get(key, _GONE), (*path, str(key)))
    elif old != new and (named := _by_name(old, new)) is not None and path != ("test",):
        yield from changed_keys(*named, path)
    elif old != new:
        yield Change(_told(old, new, ".".join(path)), path)


def _told(old: Any, new: Any, path: str) -> str:
    if path == "test":
        return "tests changed"
    shown = inert_line(path, SHOWN)
    if isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > 1:
        return f"{shown} {_came_and_went(old, new)}"
    if isinstance(old, str) and isinstance(new, str) and path.rpartition(".")[2] in _PATTERNS:
        return f"{shown} {' -> '.join(_patterns(old, new))}"
    if isinstance(old, str) and isinstance(new, str) and min(len(old), len(new)) > _LONG:
        return f"{shown}: {words_in_short(old, new, context=2)}"
    if isinstance(old, Mapping) and new is _GONE:
        return f"{shown} removed"
    if isinstance(new, Mapping) and old is _GONE:
        return inert_line(
            f"{shown} added: {', '.join(f'{key} {said(value)}' for key, value in new.items())}", 2 * SHOWN
        )
    return f"{shown} {said(old)} -> {said(new)}"


def _patterns(old: str, new: str) -> Iterator[str]:
    """Two regular expressions whole, or long ones from shortly before where they part."""
    apart = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(apart - _ALIKE, 0) if max(len(old), len(new)) > _PATTERN_SHOWN else 0
    for one in (old, new):
        yield inert_line(f"{'…' if start else ''}{one[start:]}" or "empty", _PATTERN_SHOWN)


def in_short(sayings: Sequence[str], between: str = "; ", most: int = TOLD) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(sayings) - most} more" if len(sayings) > most else ""
    return between.join(sayings[:most]) + more


def said(value: Any) -> str:
    """A value in a few harmless words."""
    if value is _GONE:
        return "none"
    if value in ("", []):
        return "empty"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return inert_line(", ".join(value), SHOWN)
    return inert_line(value if isinstance(value, str) else json.dumps(_as_written(value), ensure_ascii=False), SHOWN)


def _as_written(value: Any) -> Any:
    """A whole number as a person writes it: files are read with 500 as 500.0 where a fraction could stand."""
    if isinstance(value, Mapping):
        return {key: _as_written(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_written(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _came_and_went(old: Sequence[Any], new: Sequence[Any]) -> str:
    """`+mail.send -orders.find`; where only the order or the number differs, both."""
    parts = [f"+{said(one)}" for one in new if one not in old] + [f"-{said(one)}" for one in old if one not in new]
    return inert_line(" ".join(parts), 2 * SHOWN) if parts else f"{said(old)} -> {said(new)}"


def _by_name(old: Any, new: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Two lists of tables by what names each of them; None if they are not that."""
    one, other = ({} if value is _GONE else _named(value) for value in (old, new))
    return None if one is None or other is None or not (one or other) else (one, other)


def _named(value: Any) -> dict[str, Any] | None:
    if not (isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value)):
        return None
    for name in NAMES:
        keys = [item.get(name) for item in value]
        if all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
            return dict(zip(keys, value, strict=True))
    return None
