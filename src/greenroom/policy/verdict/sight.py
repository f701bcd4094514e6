"""What a policy sees of a question whose texts are not those it was first decided about.

A fixture has placeholders where there were addresses; what a clause came to about those is known from elsewhere, or it is
not known at all. Invariant: without a sight a policy decides about a question exactly as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from greenroom.core.values import Finding, Json
from greenroom.policy.language.conditions import Answers, Condition, Environment, Outcome
from greenroom.policy.port import Question
from greenroom.policy.verdict.active_rule import ActiveRule, Live, Setting


class Sight(Protocol):
    """Answers in the place of values that are not there any more. None: the question can be judged as it stands."""

    def outcome(
        self, question: Question, condition: Condition, environment: Environment, values: Mapping[str, Any]
    ) -> Outcome | None:
        """What a clause comes to; `values` are those of the names it may read."""
        ...

    def found(
        self, question: Question, findings: tuple[Finding, ...], kinds: Collection[str]
    ) -> tuple[Finding, ...] | None:
        """What detectors found; `kinds` are those that some rule here looks for."""
        ...

    def outside(self, question: Question, check: Sequence[Json]) -> bool | str | None:
        """Whether arguments break a bound, or why they do; `check` says which one, in full."""
        ...


class SeenLive(Live):
    """The values of a question, with what is known of those that are not there any more."""

    __slots__ = ("_sight",)

    def __init__(self, question: Question, findings: tuple[Finding, ...], sight: Sight) -> None:
        super().__init__(question, findings)
        self._sight = sight

    def activation(self, environment: Environment) -> Any:
        return _Seen(self, environment, self._sight)

    def as_it_stands(self, environment: Environment) -> Any:
        """The activation of the values as they are."""
        return super().activation(environment)

    @property
    def question(self) -> Question:
        """What is decided about."""
        return self._question


class _Seen(Answers):
    """An activation that asks the sight first."""

    def __init__(self, live: SeenLive, environment: Environment, sight: Sight) -> None:
        self._live = live
        self._environment = environment
        self._sight = sight

    def outcome(self, condition: Condition) -> Outcome:
        values = self._live.values(self._environment)
        known = self._sight.outcome(self._live.question, condition, self._environment, values)
        return condition.outcome(self._live.as_it_stands(self._environment)) if known is None else known


def clauses_about(
    question: Question, rules: Iterable[ActiveRule], asides: Iterable[Setting]
) -> list[tuple[str, Environment, Condition]]:
    """Every clause that may be read when this is decided about, with whose it is for people."""
    found = []
    tool = question.tool.name if question.tool is not None else ""
    for active in rules:
        if question.hook in active.rule.hook and (active.tools is None or tool in active.tools):
            own = [*active.when, *(one for group in active.any for one in group), *(one for one, _ in active.risk)]
            found += [(f"rule {active.rule.id}", active.environment, one) for one in own]
            for setting in active.exceptions:
                owner = f"an exception to rule {active.rule.id}"
                found += [(owner, setting.environment, one) for one in setting.when]
    for setting in asides if question.hook == "tool.call" else ():
        if setting.tools is not None and tool in setting.tools:
            found += [("an exception to autonomy", setting.environment, one) for one in setting.when]
    return found
