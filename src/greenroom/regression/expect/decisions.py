"""What policy decided and what a person did about it.

Invariant: pure; a question at any hook counts as asked, not only one about a tool call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from greenroom.core.values import Effect, Hook
from greenroom.regression.expect.said import Line, listed, named
from greenroom.regression.expect.stated import Stated
from greenroom.regression.expect.written import Flag
from greenroom.regression.tape.facts import CallFacts, TurnFacts

Verdict = tuple[str, str, str]
"""Hook, effect and rule."""


class ApprovalExpected(Stated):
    """What a person decided; `role` says who was asked. With `call` it is about that call, without one about any
    question of the turn. `asked = false` says that nobody was asked: about that call, or in any of the turns.
    """

    decision: Literal["allow", "deny", "edit", "simulate", "stop"] | None = None
    asked: Flag | None = None
    role: Line | None = None


class VerdictExpected(Stated):
    """A verdict that was reached."""

    rule: Line | None = None
    effect: Effect | None = None
    hook: Hook | None = None


def approval_problems(expected: ApprovalExpected, calls: Sequence[CallFacts]) -> Iterator[str]:
    """What is wrong with how these calls, or other questions, were decided by a person."""
    if expected.asked is True and not any(call.asked for call in calls):
        yield "nobody was asked"
    decisions = [decision for call in calls for decision in call.decisions]
    if expected.decision is not None and expected.decision not in decisions:
        yield f"the decision was {listed(decisions, 'not made')}, expected {expected.decision}"
    roles = [role for call in calls for role in call.roles]
    if expected.role is not None and expected.role not in roles:
        yield f"asked was {listed(dict.fromkeys(roles), 'nobody')}, expected {expected.role}"


def asked_problems(calls: Sequence[CallFacts]) -> Iterator[str]:
    """That a person was asked where none should be."""
    if any(call.asked for call in calls):
        yield "a person was asked, and none should be"


def is_verdict(expected: VerdictExpected, verdict: Verdict) -> bool:
    hook, effect, rule = verdict
    return (expected.hook or hook, expected.effect or effect, expected.rule or rule) == verdict


def verdict_problem(expected: VerdictExpected, turn: TurnFacts) -> str:
    """Why none of a turn's verdicts is the expected one, or ''."""
    if any(is_verdict(expected, verdict) for verdict in turn.verdicts):
        return ""
    effects: dict[str, dict[str, None]] = {}
    for _, effect, rule in turn.verdicts:
        effects.setdefault(rule, {})[effect] = None
    seen = listed((f"{rule} ({', '.join(those)})" for rule, those in effects.items()), "none but the default")
    return f"no verdict {worded(expected)}; there was: {seen}"


def worded(expected: VerdictExpected) -> str:
    """`rule refund.large, effect deny`."""
    return named(expected.model_dump(exclude_none=True))
