"""Which of two verdicts lets more through."""

from __future__ import annotations

import pytest

from greenroom.core.values import Ask, Verdict
from greenroom.policy.verdict.strictness import looser


def asked(rule: str = "refund.large", **ask: object) -> Verdict:
    return Verdict(effect="require_approval", rule=rule, why="", ask=Ask.model_validate(ask))


STRONG = asked(role="lead", deadline_seconds=900, then=("notify:owner", "escalate:owner", "deny"))


@pytest.mark.parametrize(
    "weaker",
    [
        {"role": "operator"},
        {"deadline_seconds": 901},
        {"deadline_seconds": None},
        {"then": ("escalate:owner", "deny")},
        {"then": ("notify:owner", "deny")},
        {"then": ("deny",)},
    ],
)
def test_a_weaker_question_is_looser_and_the_way_back_is_not(weaker: dict[str, object]) -> None:
    assert STRONG.ask is not None
    new = asked(**{**STRONG.ask.model_dump(), **weaker})
    assert looser(new, STRONG)
    assert not looser(STRONG, new)


def test_the_same_question_by_another_rule_or_with_another_runbook_is_not_looser() -> None:
    assert STRONG.ask is not None
    other = asked("refund.huge", **{**STRONG.ask.model_dump(), "runbook": "Call first."})
    assert not looser(other, STRONG) and not looser(STRONG, other)


def test_roles_that_nothing_puts_in_order_are_looser_either_way_and_an_escalation_goes_upwards() -> None:
    assert looser(asked(role="warehouse"), asked(role="lead")) and looser(asked(role="lead"), asked(role="warehouse"))
    old = asked(role="lead", deadline_seconds=60, then=("escalate:owner", "deny"))
    assert not looser(asked(role="owner", deadline_seconds=60, then=("escalate:owner", "deny")), old)


def test_a_rule_that_only_autonomy_stands_in_for_is_looser() -> None:
    assert looser(asked("autonomy"), asked())
    assert not looser(asked(), asked("autonomy"))
    passed = Verdict(effect="allow", rule="default", why="")
    assert not looser(passed.model_copy(update={"rule": "autonomy"}), passed)
    assert looser(passed, asked("autonomy"))
