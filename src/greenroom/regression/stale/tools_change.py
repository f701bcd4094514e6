"""What changed between two states of a persona's tools, tool by tool and argument by argument.

Invariant: never raises; something is said of every tool that differs, whatever of it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from greenroom.core.inert import inert_line
from greenroom.policy.files.rules import matching
from greenroom.regression.replay.difference import words_in_short
from greenroom.regression.stale.by_key import SHOWN, Change, differences, in_short, said

_ARGUMENT = ("type", "default", "enum", "minimum", "maximum")


def tools_change(old: str, new: str, allowed: tuple[str, ...] = ()) -> str:
    """`orders.refund gained the required argument 'reason'; mail.send: description changed`; '' if nothing is told.

    What came or went because a contract allows others (`allowed`: names, or patterns with `*`) is left out.
    """
    told = tools_changes(old, new, allowed)
    return words_in_short(old, new, context=3) if told is None else in_short(told)


def tools_changes(old: str, new: str, allowed: tuple[str, ...] = ()) -> list[str] | None:
    """The same, each tool's changes by themselves; None where one of them cannot be read."""
    found = tools_keys(old, new, allowed)
    return None if found is None else [change.told for change in found]


def tools_keys(old: str, new: str, allowed: tuple[str, ...] = ()) -> list[Change] | None:
    """The same with the name of the tool that each is about."""
    before, after = _tools(old), _tools(new)
    if before is None or after is None:
        return None
    one_sided = tuple(before.keys() ^ after.keys())
    elsewhere = {name for pattern in allowed for name in matching(pattern, one_sided)}
    names = [name for name in dict.fromkeys((*before, *after)) if name not in elsewhere]
    return [Change(line, (name,)) for name in names for line in _told(name, before.get(name), after.get(name))]


def _tools(text: str) -> dict[str, Any] | None:
    try:
        return {str(spec["name"]): spec for spec in json.loads(text)}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _told(name: str, old: Any, new: Any) -> Iterator[str]:
    shown = inert_line(name, SHOWN)
    if old is None or new is None:
        yield f"{shown} added" if old is None else f"{shown} removed"
        return
    if old == new:
        return
    yield from (f"{shown} {saying}" for saying in _arguments(old.get("parameters"), new.get("parameters")))
    before, after = (
        {key: value for key, value in spec.items() if key not in ("parameters", "name")} for spec in (old, new)
    )
    yield from (f"{shown}: {saying}" for saying in _rest(before, after))


def _rest(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old.get("description") != new.get("description"):
        yield f"description {words_in_short(str(old.get('description', '')), str(new.get('description', '')), 80, 2)}"
    before, after = ({key: value for key, value in one.items() if key != "description"} for one in (old, new))
    yield from differences(before, after)


def _arguments(old: Any, new: Any) -> Iterator[str]:
    """What a caller of the tool has to know: which arguments came, went, or must be given now."""
    if old == new:
        return
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield "takes other arguments"
        return
    before, after = (one.get("properties") or {} for one in (old, new))
    must, needed = (set(map(str, one.get("required") or ())) for one in (old, new))
    count = 0
    for name in dict.fromkeys((*before, *after)):
        for saying in _argument(name, before.get(name), after.get(name), name in must, name in needed):
            count += 1
            yield saying
    if not count:
        yield from (f"arguments: {saying}" for saying in differences(old, new))


def _argument(name: str, old: Any, new: Any, must: bool, needed: bool) -> Iterator[str]:
    shown = f"'{inert_line(name, SHOWN)}'"
    if old is None:
        yield f"gained the {'required' if needed else 'optional'} argument {shown}"
    elif new is None:
        yield f"lost the argument {shown}"
    else:
        if must != needed:
            yield f"{'needs' if needed else 'no longer needs'} the argument {shown}"
        if old != new:
            yield _changed(shown, old, new)


def _changed(shown: str, old: Any, new: Any) -> str:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in _ARGUMENT:
            if old.get(key) != new.get(key):
                return f"argument {shown}: {key} {said(old.get(key))} -> {said(new.get(key))}"
        if old.get("description") != new.get("description"):
            return f"argument {shown}: description changed"
    return f"argument {shown} changed"
