"""A rule with its clauses compiled, ready to fire on a question.

Invariant: a clause that fails counts as true for a rule that restricts and as false for one that allows; a rule never
raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.core.values import Clause, Effect, Finding, Fired, Json, trusted
from greenroom.policy.files.rules import AUTONOMY, ExceptionTest, Rule
from greenroom.policy.language import vocabulary
from greenroom.policy.language.arguments import flatten
from greenroom.policy.language.conditions import Condition, Environment, Outcome, shown
from greenroom.policy.port import Question
from greenroom.policy.verdict.autonomy import UNTRUSTED

_NOTHING: frozenset[str] = frozenset()


class Live:
    """The values of one question, typed for each environment that asks, with one activation for all its clauses.

    Nothing is read before a clause needs it: most questions meet no clause at all.
    """

    __slots__ = ("_activations", "_args", "_findings", "_question", "_typed")

    def __init__(self, question: Question, findings: tuple[Finding, ...]) -> None:
        args = question.payload.get("args")
        self._question = question
        self._findings = findings
        self._args: dict[str, Json] = args if isinstance(args, dict) else {}
        self._typed: dict[Environment, dict[str, Any]] = {}
        self._activations: dict[Environment, Any] = {}

    def values(self, environment: Environment) -> dict[str, Any]:
        """The vocabulary's values and the arguments as this environment types them."""
        if environment not in self._typed:
            known = vocabulary.values(self._question, self._findings)
            self._typed[environment] = known | flatten(self._args, environment.arguments)
        return self._typed[environment]

    def activation(self, environment: Environment) -> Any:
        if environment not in self._activations:
            needed = vocabulary.values(self._question, self._findings, environment.reads)
            if self._args:
                needed |= flatten(self._args, environment.arguments)
            self._activations[environment] = environment.activation(needed)
        return self._activations[environment]


@dataclass(frozen=True, slots=True)
class Setting:
    """An exception that is still in force: what it sets aside is recorded and does not act.

    `tools` are those an exception to autonomy speaks of; None where a rule says that itself.
    """

    owner: str
    expires: str
    why: str
    when: tuple[Condition, ...]
    text: str
    policy: str
    where: str
    environment: Environment
    tools: frozenset[str] | None = None
    tests: tuple[ExceptionTest, ...] = ()
    tests_at: tuple[str, ...] = ()

    def holds(self, activation: Any) -> bool:
        """Whether all its clauses do; one that cannot be evaluated does not."""
        return all(condition.outcome(activation) is True for condition in self.when)

    def sets_aside(self, question: Question, live: Live) -> bool:
        """Whether it sets aside what autonomy asks about this call.

        Never while the session holds untrusted text: what a person once allowed may now be what that text asks for.
        """
        tool, tainted = question.tool, UNTRUSTED & set(question.session.taint)
        if tool is None or self.tools is None or tool.name not in self.tools or tainted:
            return False
        return self.holds(live.activation(self.environment))

    def fired(self, live: Live, effect: Effect, why: str) -> Fired:
        """The record of a question of autonomy that it sets aside."""
        values = live.values(self.environment)
        return trusted(
            Fired,
            rule=AUTONOMY,
            effect=effect,
            why=f"{why} Set aside: {self.text}",
            policy=self.policy,
            clauses=tuple(_clause(condition, True, values) for condition in self.when),
            observed=True,
            aside=self.text,
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fired: with what outcomes, and what it adds to the risk."""

    active: ActiveRule
    outcomes: tuple[tuple[Condition, Outcome], ...]
    addends: tuple[tuple[str, int], ...]
    aside: str = ""

    @property
    def observed(self) -> bool:
        return self.active.observed or bool(self.aside)

    def fired(self, live: Live) -> Fired:
        """The record of it, with live values."""
        values = live.values(self.active.environment)
        clauses = tuple(_clause(condition, outcome, values) for condition, outcome in self.outcomes)
        rule = self.active.rule
        why = f"{rule.why} Set aside: {self.aside}" if self.aside else rule.why
        return trusted(
            Fired,
            rule=rule.id,
            effect=rule.then,
            why=why,
            policy=self.active.policy,
            clauses=clauses,
            observed=self.observed,
            aside=self.aside,
        )


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule of one policy file. `tools` is None where it is not bound to tools; `kinds` are what `find` stands for;
    `tests_at` is where each of its tests stands.
    """

    rule: Rule
    policy: str
    where: str
    environment: Environment
    tools: frozenset[str] | None
    kinds: frozenset[str]
    when: tuple[Condition, ...]
    any: tuple[tuple[Condition, ...], ...]
    risk: tuple[tuple[Condition, int], ...]
    exceptions: tuple[Setting, ...] = ()
    observed: bool = False
    tests_at: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """What rules of equal strictness are sorted by, so that files' order never matters."""
        return (self.rule.id, self.policy)

    def match(self, live: Live, kinds: frozenset[str]) -> Match | None:
        """Whether it fires on a question with findings of these kinds."""
        if self.kinds and not self.kinds & kinds:
            return None
        if not (self.when or self.any or self.risk or self.exceptions):
            return Match(self, (), self._base())
        activation = live.activation(self.environment)
        errors_hold = self.rule.then != "allow"
        outcomes = _all(self.when, activation, errors_hold=errors_hold)
        if outcomes is None:
            return None
        if self.any:
            found = next((held for one in self.any if (held := _all(one, activation, errors_hold=errors_hold))), None)
            if found is None:
                return None
            outcomes += found
        return Match(self, tuple(outcomes), self._addends(activation), self._aside(activation))

    def _base(self) -> tuple[tuple[str, int], ...]:
        return ((self.rule.id, self.rule.risk.base),) if self.rule.risk.base else ()

    def _addends(self, activation: Any) -> tuple[tuple[str, int], ...]:
        """The base and the points of each clause that holds or cannot be evaluated."""
        held = ((condition, points) for condition, points in self.risk if condition.outcome(activation) is not False)
        return self._base() + tuple((f"{self.rule.id}: {condition.source}", points) for condition, points in held)

    def _aside(self, activation: Any) -> str:
        """The exception that sets it aside, or ''."""
        return next((setting.text for setting in self.exceptions if setting.holds(activation)), "")


def _all(
    conditions: Sequence[Condition], activation: Any, *, errors_hold: bool
) -> list[tuple[Condition, Outcome]] | None:
    """The outcomes if all hold, else None. A false clause settles it, whatever another one's error would have been."""
    outcomes: list[tuple[Condition, Outcome]] = []
    for condition in conditions:
        outcome = condition.outcome(activation)
        if outcome is False or (isinstance(outcome, str) and not errors_hold):
            return None
        outcomes.append((condition, outcome))
    return outcomes


def _clause(condition: Condition, outcome: Outcome, values: Mapping[str, Any]) -> Clause:
    failed = isinstance(outcome, str)
    return trusted(
        Clause,
        source=condition.source,
        outcome="error" if failed else "true",
        values=condition.live(values),
        error=str(outcome) if failed else "",
    )


def show_values(names: Sequence[str], payload: Mapping[str, Json], values: Mapping[str, Any]) -> dict[str, Json]:
    """What a rule's `show` names, taken from the payload or the vocabulary."""
    found: dict[str, Json] = {}
    for name in names:
        here: Any = payload
        for part in name.split("."):
            here = here.get(part) if isinstance(here, Mapping) else None
        value = here if here is not None else values.get(name)
        if value is not None:
            found[name] = shown(value)
    return found


def relevant(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The kinds among findings."""
    return frozenset([item.detector for item in findings]) if findings else _NOTHING
