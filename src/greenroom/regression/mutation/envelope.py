"""Envelopes of a policy file changed: a tool, host or limit dropped, a bound taken away, a limit moved by one.

Invariant: pure; an envelope is data here, and the one given is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from greenroom.regression.mutation.mutant import said
from greenroom.regression.mutation.persona import without

Data = dict[str, Any]


def envelope_changes(envelopes: Data) -> Iterator[tuple[str, str, Data, str]]:
    """Operator, change, all envelopes as they are then, and what would notice it."""
    for name, envelope in envelopes.items():
        here = f"envelope.{name}"
        for operator, change, fresh, hint in (*_lists(envelope), *_limits(envelope)):
            yield operator, f"{here}.{change}", {**envelopes, name: fresh}, hint
        left = {key: value for key, value in envelopes.items() if key != name}
        yield "drop an envelope", f"{here}: dropped", left, f"a fixture with a call that the envelope of {name} denies"


def _lists(envelope: Data) -> Iterator[tuple[str, str, Data, str]]:
    for key, noun in (("tools", "a call of a tool"), ("hosts", "a call that goes to a host")):
        items = envelope.get(key)
        if items is None:
            continue
        for item, rest in without(tuple(items)):
            hint = f"a fixture with {noun} within {said(item)}"
            yield f"drop {noun.rpartition(' ')[2]}", f"{key}: {said(item)} dropped", {**envelope, key: rest}, hint
        left = {name: value for name, value in envelope.items() if name != key}
        yield f"widen {key}", f"{key}: any", left, f"a fixture with {noun} outside the envelope"


def _limits(envelope: Data) -> Iterator[tuple[str, str, Data, str]]:
    limits = envelope.get("limits") or {}
    for path, value, fresh in _changed(limits):
        change = f"limits.{path} dropped" if value is None else f"limits.{path} -> {said(value)}"
        operator = "drop a limit" if value is None else "move a limit"
        yield operator, change, {**envelope, "limits": fresh}, f"a fixture with a call that just comes to limits.{path}"


def _changed(data: Data) -> Iterator[tuple[str, Any, Data]]:
    """Every number of nested limits dropped (None), and moved by one either way."""
    for key, value in data.items():
        if isinstance(value, dict):
            for path, other, fresh in _changed(value):
                yield f"{said(key)}.{path}", other, {**data, key: fresh}
            continue
        if value is None:
            continue
        yield said(key), None, {name: item for name, item in data.items() if name != key}
        for other in (value - 1, value + 1):
            if other >= 0:
                yield f"{said(key)} {said(value)}", other, {**data, key: other}
