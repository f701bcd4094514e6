"""What came from a model or a person as it may be kept: masked, and nothing of what could not be looked at.

Invariant: text that the detectors could not read as a whole was not masked either, so it never reaches log or screen.
"""

from __future__ import annotations

from greenroom.core.canonical import clean_json
from greenroom.core.values import Json, Verdict
from greenroom.engine.room import Room
from greenroom.policy.port import Question

NOT_KEPT = "‹not kept: too large or too deep to be checked›"
_UNREAD = frozenset({"unchecked", "policy.fault"})
"""The rules of a verdict that stands for "this was not looked at as a whole"."""


def unread(verdict: Verdict) -> bool:
    """Whether the policy could not look at all of what it was asked about."""
    return verdict.rule in _UNREAD


def kept(room: Room, question: Question) -> dict[str, Json] | None:
    """The question's payload with what a redact rule finds masked; None when it could not be looked at or no log takes it."""
    verdict, masked = room.admit(question)
    if unread(verdict):
        return None
    try:
        clean: dict[str, Json] = clean_json(masked)
    except ValueError:
        return None
    return clean
