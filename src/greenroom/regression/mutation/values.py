"""JSON values changed one at a time: other words, other numbers, another of the words a key may have, an item gone.

Invariant: the value given is left as it is, and what is yielded differs from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from greenroom.core.values import ApprovalReply, Effect, GateReply, Json, ToolResult
from greenroom.regression.mutation.mutant import said
from greenroom.regression.tape.tape import Line

_WORD = re.compile(r"\w+")
_WORDS: dict[str, tuple[str, ...]] = {
    "decision": get_args(ApprovalReply.model_fields["decision"].annotation),
    "effect": get_args(Effect),
    "status": get_args(ToolResult.model_fields["status"].annotation),
    "action": get_args(GateReply.model_fields["action"].annotation),
    "finish": ("answered", "limited", "stopped", "blocked", "abandoned"),
    "scope": ("once", "turn", "session"),
}
_HINTS = {
    "text": "an expectation about the words of the reply, such as text = { contains = ... }",
    "release": "an expectation about the words of the reply, such as text = { contains = ... }",
    "edit": "an expectation about the words of the reply, such as text = { contains = ... }",
    "tokens": "limits = { tokens = ... }",
    "micro_usd": "limits = { usd = ... }",
    "decision": "approval = { decision = ... }",
    "args": "call = { tool = ..., args = { ... } }",
    "user": "an expectation about what these words led to",
}


def hint(line: Line, path: str) -> str:
    """Which expectation would notice a change at a path of a tape line."""
    return _HINTS.get(
        path.partition(".")[0].partition("[")[0], f"an expectation about what this {next(iter(line))} led to"
    )


def changed(line: Line) -> Iterator[tuple[str, str, Line]]:
    """Path, change and line, for every value of a tape line changed and every key but the first left out."""
    for place, (key, value) in enumerate(line.items()):
        for path, change, fresh in _value(key, value, key):
            yield path, change, {**line, key: fresh}
        if place:
            yield key, f"{key} left out", {name: item for name, item in line.items() if name != key}


def other_words(text: str) -> str:
    """The text with its last word another one."""
    words = list(_WORD.finditer(text))
    return f"{text[: words[-1].end()]}x{text[words[-1].end() :]}" if words else f"{text}x"


def _value(path: str, value: Json, key: str) -> Iterator[tuple[str, str, Json]]:
    if isinstance(value, dict):
        for name, item in value.items():
            for inner, change, fresh in _value(f"{path}.{name}", item, name):
                yield inner, change, {**value, name: fresh}
            left = {other: kept for other, kept in value.items() if other != name}
            yield f"{path}.{name}", f"{path}.{said(name)} left out", left
    elif isinstance(value, list):
        yield from _list(path, value)
    else:
        for fresh in _plain(key, value):
            yield path, f"{said(path)} {said(value)} -> {said(fresh)}", fresh


def _list(path: str, value: list[Json]) -> Iterator[tuple[str, str, Json]]:
    for place, item in enumerate(value):
        here = f"{path}[{place}]"
        for inner, change, fresh in _value(here, item, path):
            yield inner, change, [*value[:place], fresh, *value[place + 1 :]]
        yield here, f"{said(here)} left out", [*value[:place], *value[place + 1 :]]
    for place in range(len(value) - 1):
        if value[place] != value[place + 1]:
            swapped = [*value[:place], value[place + 1], value[place], *value[place + 2 :]]
            yield path, f"{said(path)} [{place}] and [{place + 1}] swapped", swapped


def _plain(key: str, value: Json) -> Iterator[Json]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        if value:
            yield 0
    elif isinstance(value, str):
        known = _WORDS.get(key, ())
        yield from (word for word in known if word != value) if value in known else (other_words(value),)
    else:
        yield "x"
