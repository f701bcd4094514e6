"""Which of two verdicts on one question lets more through.

Invariant: what is not plainly at least as strict counts as looser, so that a gate on it never waves a loosening past.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.values import Ask, Verdict
from greenroom.policy.files.rules import AUTONOMY, EFFECTS, AskSpec

Span = tuple[str, int, int]

_STOPS = frozenset({"require_approval", "escalate", "deny"})


def looser(new: Verdict, old: Verdict) -> bool:
    """Whether `new` lets something through that `old` did not, or stops it less firmly.

    That is a milder effect, a span masked no longer, a rule that only autonomy stands in for (a level, an exception or
    a grant sets it aside), or a weaker question: another role, more time, fewer steps after the deadline.
    """
    if new.effect != old.effect:
        return EFFECTS.index(new.effect) < EFFECTS.index(old.effect)
    if masked_spans(old) - masked_spans(new):
        return True
    if new.effect in _STOPS and new.rule == AUTONOMY != old.rule:
        return True
    return old.ask is not None and new.ask is not None and _asks_less(new.ask, old.ask)


def masked_spans(verdict: Verdict) -> frozenset[Span]:
    """Where a verdict has a mask in place of what was found."""
    if verdict.effect != "redact":
        return frozenset()
    return frozenset((item.path, item.start, item.end) for item in verdict.findings if item.mask)


def _asks_less(new: Ask, old: Ask) -> bool:
    if new.role != old.role and not _above(new.role, old):
        return True
    if old.deadline_seconds is None:
        return False  # what would come after a deadline never comes
    if new.deadline_seconds is None or new.deadline_seconds > old.deadline_seconds:
        return True
    return not _within(old.then, new.then)


def _above(role: str, old: Ask) -> bool:
    """Roles have no order but this: the operator is the first one asked, and an escalation goes upwards."""
    return old.role == AskSpec().role or f"escalate:{role}" in old.then


def _within(steps: Sequence[str], more: Sequence[str]) -> bool:
    """Whether all these steps are among the others in their order."""
    rest = iter(more)
    return all(step in rest for step in steps)
