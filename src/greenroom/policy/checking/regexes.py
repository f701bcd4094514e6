"""The patterns written out in a file's clauses, tried before a call ever meets them.

Invariant: a pattern is judged by the engine that will run it; of one that a clause puts together nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenroom.policy.checking.problem import PolicyProblem
from greenroom.policy.language.clauses import Token, tokens
from greenroom.policy.language.conditions import ClauseInvalid, Environment
from greenroom.policy.load import LoadedPolicy


def broken_patterns(file: LoadedPolicy) -> Iterator[PolicyProblem]:
    """A problem for each literal in `matches(...)` that is no pattern: its clause could never be evaluated."""
    plain = Environment({})
    for source, path in _clauses(file):
        for literal in _patterns(tokens(source)):
            if problem := _problem(plain, literal):
                text = f"{literal} is no pattern: {problem}; its clause can never be evaluated, so it always restricts"
                yield PolicyProblem("problem", text, file.where(path), "patterns are RE2; a bracket itself is [(]")


def _clauses(file: LoadedPolicy) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every clause with its key path."""
    for index, rule in enumerate(file.policy.rule):
        yield from ((clause, ("rule", index, "when")) for clause in rule.when)
        yield from ((clause, ("rule", index, "any")) for group in rule.any for clause in group)
        yield from ((clause, ("rule", index, "risk")) for clause, _ in rule.risk.add)
    for index, entry in enumerate(file.policy.exception):
        yield from ((clause, ("exception", index, "when")) for clause in entry.when)


def _patterns(words: Sequence[Token]) -> Iterator[str]:
    """The literals that stand last and alone in an argument of `matches`: `x.matches('a')`, `matches(x, 'a')`."""
    for place, word in enumerate(words[:-2]):
        if word.kind == "name" and word.text.rpartition(".")[2].strip() == "matches" and words[place + 1].text == "(":
            end = _closing(words, place + 1)
            if words[end - 1].kind == "string" and words[end - 2].text in ("(", ","):
                yield words[end - 1].text


def _closing(words: Sequence[Token], start: int) -> int:
    """The place of the bracket that closes the one at `start`."""
    depth = 0
    for place in range(start, len(words)):
        depth += (words[place].text == "(") - (words[place].text == ")")
        if depth == 0:
            return place
    return start


def _problem(plain: Environment, literal: str) -> str:
    try:
        outcome = plain.compile(f"''.matches({literal})").outcome(plain.activation({}))
    except ClauseInvalid as error:
        return str(error)
    return outcome.removeprefix("invalid regular expression: ") if isinstance(outcome, str) else ""
