"""Conditions at which a session stops: compiled when they are set, asked at each gate about what is known there.

Invariant: a condition that cannot be evaluated does not hold; asking one never changes what a turn does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from greenroom.core.errors import UsageError
from greenroom.core.events import GatePaused, Record
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import suggest
from greenroom.core.values import Breakpoint
from greenroom.detectors.private import private_in
from greenroom.policy.language.conditions import ClauseInvalid, Condition, Environment
from greenroom.policy.language.gate_words import WORDS, Scope, types

if TYPE_CHECKING:
    from greenroom.engine.gates.pending import Pending

BREAKPOINT = "breakpoint"
"""The cause of a pause at which one held."""
_SHOWN = 200


@dataclass(slots=True)
class _Set:
    """A breakpoint with its compiled condition, and where it has stopped already."""

    breakpoint: Breakpoint
    condition: Condition
    scope: Scope
    stopped: set[str] = field(default_factory=set)


class Breakpoints:
    """The breakpoints of one session, in the order they were set."""

    def __init__(self) -> None:
        self._set: list[_Set] = []

    def __bool__(self) -> bool:
        return any(one.breakpoint.on for one in self._set)

    @property
    def all(self) -> tuple[Breakpoint, ...]:
        """What is set, those that are off too."""
        return tuple(one.breakpoint for one in self._set)

    def replace(self, wanted: Iterable[Breakpoint], records: Iterable[Record] = ()) -> None:
        """Have exactly these. One that stopped in `records` already does not stop again for the same reason.

        Raises:
            UsageError: a condition cannot be used; nothing has changed.
        """
        before = {one.breakpoint.when: one for one in self._set}
        log = tuple(records)
        made = []
        for breakpoint in {one.when: one for one in wanted}.values():
            condition = compiled(breakpoint.when)
            scope, old = _scope(condition), before.get(breakpoint.when)
            stopped = old.stopped if old is not None else _stops(breakpoint.when, scope, log)
            made.append(_Set(breakpoint, condition, scope, stopped))
        self._set = made

    def held(self, pending: Pending) -> Breakpoint | None:
        """The first that is on and holds here, and has not stopped for the same reason before."""
        found: Breakpoint | None = None
        for one in self._set:
            if not one.breakpoint.on:
                continue
            if not _holds(one.condition, pending):
                one.stopped.discard(_SESSION)
                continue
            key = _key(one.scope, pending.step)
            if key not in one.stopped:
                one.stopped.add(key)
                found = found or one.breakpoint
        return found


_SESSION = "session"
_UNKNOWN = "unknown name "


def compiled(when: str) -> Condition:
    """The condition, ready to be asked.

    Raises:
        UsageError: it is empty or wrong; an unknown word is named with those there are. Or it holds a secret: file, log
            and screen show conditions as they are.
    """
    text = when.strip()
    if not text:
        raise UsageError("a breakpoint needs a condition", hint='turn == 3, or tool.name == "orders.refund"')
    if private := private_in(text):
        raise UsageError(f"a breakpoint must not hold {private}", code="breakpoint.private")
    try:
        return _environment().compile(text)
    except ClauseInvalid as error:
        text = inert_line(text, _SHOWN)
        hint = error.hint
        if str(error).startswith(_UNKNOWN):
            known = sorted(types())
            near = suggest(str(error).removeprefix(_UNKNOWN).strip("'"), known)
            hint = near if near.startswith("known") else f"{near} known: {', '.join(known)}"
        raise UsageError(f"breakpoint '{text}': {error}", hint=hint, code="breakpoint.invalid") from None


@cache
def _environment() -> Environment:
    return Environment(types())


def _holds(condition: Condition, pending: Pending) -> bool:
    values = pending.known(frozenset(declared for declared, _ in condition.reads))
    return condition.outcome(_environment().activation(values)) is True


def _scope(condition: Condition) -> Scope:
    """The narrowest of its words: a condition about the turn stops once, one about a call once a call."""
    scopes = {word.scope for word in WORDS if word.name in {declared for declared, _ in condition.reads}}
    return "gate" if "gate" in scopes else "call" if "call" in scopes else "session"


def _key(scope: Scope, step: str) -> str:
    if scope == "call":
        return step.rpartition(":")[2]
    return step if scope == "gate" else _SESSION


def _stops(when: str, scope: Scope, records: Iterable[Record]) -> set[str]:
    """Where a log says that a condition has stopped already."""
    paused = (record.event for record in records)
    return {_key(scope, event.step) for event in paused if isinstance(event, GatePaused) and event.condition == when}
