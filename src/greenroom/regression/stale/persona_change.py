"""What changed in a persona: its contract key by key, its parameters by name.

Invariant: never raises; '' exactly where a contract that can be read says the same as before, be it written otherwise.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from greenroom.core.inert import inert_line
from greenroom.regression.replay.difference import words_in_short
from greenroom.regression.stale.by_key import SHOWN, Change, changed_keys, in_short, said

OWN_LIMIT = "the persona's own"
"""What counts where the workspace sets no lower limit."""
_ELSEWHERE = (("version",), ("model", "params"))
"""Keys that are told of by themselves: the version before everything else, the parameters as a component of their own."""


def contract_change(old: str, new: str, without: tuple[str, ...] = ()) -> str:
    """`limits.usd 0.25 -> 0.1; model scripted/helpdesk -> gpt-5` between two contracts, but for the version and the
    keys that are told of elsewhere.
    """
    told = contract_changes(old, new, without)
    return words_in_short(old, new, context=3) if told is None else in_short(told)


def contract_changes(old: str, new: str, without: tuple[str, ...] = ()) -> list[str] | None:
    """The same, each key by itself; None where one of them cannot be read."""
    found = contract_keys(old, new, without)
    return None if found is None else [change.told for change in found]


def contract_keys(old: str, new: str, without: tuple[str, ...] = ()) -> list[Change] | None:
    """The same with the path of each key."""
    before, after = _contract(old), _contract(new)
    if before is None or after is None:
        return None
    models = [str(_at(one, "model", "use") or "") for one in (before, after)]
    told = []
    if models[0] != models[1]:
        told.append(Change(f"model {said(models[0])} -> {said(models[1])}", ("model", "use")))
    return [
        *told,
        *(one for one in changed_keys(before, after) if one.told.partition(" ")[0] not in ("model.use", *without)),
    ]


def allowances(old: str, new: str) -> tuple[str, ...]:
    """What one of two contracts lets its persona call and the other does not, as it says it: names, or patterns."""
    before, after = (_at(_contract(text), "tools", "allow") for text in (old, new))
    one, other = ({str(item) for item in found} if isinstance(found, list) else set() for found in (before, after))
    return tuple(sorted(one ^ other))


def version_of(contract: str) -> str:
    """The version a contract says it has, '' if it cannot be read."""
    try:
        return inert_line(str(tomllib.loads(contract).get("version", "")), SHOWN)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""


def parameters_change(old: str, new: str) -> str:
    """`temperature 0.2 -> 0.7` between two sets of model parameters, or of ceilings, as JSON."""
    told = parameters_changes(old, new)
    return words_in_short(old, new, context=3) if told is None else in_short(told)


def ceilings_change(old: str, new: str) -> str:
    """`limits.tool_calls the persona's own -> 1` between two sets of limits that a workspace sets lower, as JSON."""
    told = parameters_changes(old, new)
    if told is None:
        return words_in_short(old, new, context=3)
    return in_short([f"limits.{re.sub(r'(?<= )none(?= ->|$)', OWN_LIMIT, one)}" for one in told])


def parameters_changes(old: str, new: str) -> list[str] | None:
    """The same, each by itself; None where one of them cannot be read. '' is a set of none."""
    found = parameters_keys(old, new)
    return None if found is None else [change.told for change in found]


def parameters_keys(old: str, new: str) -> list[Change] | None:
    """The same with the path of each key."""
    try:
        before, after = (json.loads(text) if text else {} for text in (old, new))
    except (ValueError, RecursionError):
        return None
    return list(changed_keys(before, after))


def _contract(text: str) -> dict[str, Any] | None:
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    for *above, last in _ELSEWHERE:
        table = _at(found, *above)
        if isinstance(table, dict):
            table.pop(last, None)
    return found


def _at(found: Any, *path: str) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
