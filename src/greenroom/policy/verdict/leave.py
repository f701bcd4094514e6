"""Clauses that a person gives leave with: which later calls an approval covers beyond the one it was given for.

Invariant: leave that cannot be checked covers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from greenroom.core.values import ToolSpec
from greenroom.policy.language.arguments import declare
from greenroom.policy.language.conditions import ClauseInvalid, Condition, Environment
from greenroom.policy.language.vocabulary import names_at
from greenroom.policy.port import Question
from greenroom.policy.verdict.active_rule import Live


def covers(tool: ToolSpec, question: Question, when: Sequence[str]) -> bool:
    """Whether a call of `tool` is one that all of these clauses speak of. Leave without a clause covers nothing."""
    try:
        environment, conditions = _compiled(_Tool(tool), tuple(when))
    except ClauseInvalid:
        return False
    if not conditions or not all(map(_about_arguments, conditions)):
        return False
    activation = Live(question, ()).activation(environment)
    return all(condition.outcome(activation) is True for condition in conditions)


def clause_problem(tool: ToolSpec, when: Sequence[str]) -> str:
    """The first thing wrong with these clauses, or ''."""
    if not when:
        return "a grant for later calls needs a clause that says which"
    for source in when:
        try:
            _, conditions = _compiled(_Tool(tool), (source,))
        except ClauseInvalid as error:
            return f'in "{source}": {error}{f" ({error.hint})" if error.hint else ""}'
        if not all(map(_about_arguments, conditions)):
            return f'"{source}" says nothing about an argument, so it would cover every call'
    return ""


def _about_arguments(condition: Condition) -> bool:
    return any(name.startswith("args.") for name, _ in condition.reads)


class _Tool:
    """A tool's spec as a key: specs hold dictionaries, which cannot be one."""

    def __init__(self, spec: ToolSpec) -> None:
        self.spec = spec
        self._key = spec.model_dump_json()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tool) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(64)
def _compiled(tool: _Tool, when: tuple[str, ...]) -> tuple[Environment, tuple[Condition, ...]]:
    environment = Environment({**names_at(("tool.call",)), **declare([tool.spec]).types})
    return environment, tuple(environment.compile(source) for source in when)
