"""What recorded sessions say of a policy: which rules fired, acted or were only observed, and which never did.

Invariant: a pure count over verdicts as they are in the logs; a rule is known by its file and id, whatever the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from greenroom.core.events import Record, VerdictReached
from greenroom.core.values import Effect, Fired, Verdict
from greenroom.policy.files.rules import RuleException
from greenroom.policy.load import LoadedPolicy


@dataclass(slots=True)
class RuleUse:
    """How often a rule fired: `decided` verdicts cite it, `observed` ones recorded it without acting (`aside` of them
    because of an exception). `last` is the session it fired in last, '' for never.
    """

    policy: str
    rule: str
    where: str
    effect: Effect
    tests: int
    fired: int = 0
    decided: int = 0
    observed: int = 0
    aside: int = 0
    last: str = ""


@dataclass(slots=True)
class ExceptionUse:
    """How often an exception set something aside, and whether its day is over."""

    policy: str
    rule: str
    where: str
    owner: str
    expires: str
    tests: int
    expired: bool
    used: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rules in the order of files and lines. `decisions` is how many verdicts were looked at."""

    rules: tuple[RuleUse, ...]
    exceptions: tuple[ExceptionUse, ...]
    sessions: int
    decisions: int


def cover(files: Sequence[LoadedPolicy], sessions: Iterable[tuple[str, Sequence[Record]]], today: date) -> Coverage:
    """Count what the rules and exceptions of these files did in these sessions, which come oldest first."""
    rules = {(_id(file.policy.label), use.rule): use for file in files for use in _rules(file)}
    exceptions = {
        (_id(file.policy.label), entry.rule, entry.text): _exception(file, at, entry, today)
        for file in files
        for at, entry in enumerate(file.policy.exception)
    }
    looked_at = decisions = 0
    for name, records in sessions:
        looked_at += 1
        for record in records:
            if isinstance(record.event, VerdictReached):
                decisions += 1
                for fired in record.event.verdict.fired:
                    if (use := rules.get((_id(fired.policy), fired.rule))) is not None:
                        _count(use, fired, record.event.verdict, name)
                    if (exception := exceptions.get((_id(fired.policy), fired.rule, fired.aside))) is not None:
                        exception.used += 1
    return Coverage(tuple(rules.values()), tuple(exceptions.values()), looked_at, decisions)


def _rules(file: LoadedPolicy) -> Iterable[RuleUse]:
    for index, rule in enumerate(file.policy.rule):
        where = file.where(("rule", index, "id"))
        yield RuleUse(file.policy.label, rule.id, where, rule.then, len(rule.test))


def _exception(file: LoadedPolicy, index: int, entry: RuleException, today: date) -> ExceptionUse:
    where = file.where(("exception", index, "rule"))
    expires = entry.expires.isoformat()
    return ExceptionUse(
        file.policy.label, entry.rule, where, entry.owner, expires, len(entry.test), expired=entry.expires < today
    )


def _count(use: RuleUse, fired: Fired, verdict: Verdict, session: str) -> None:
    use.fired += 1
    use.last = session
    use.observed += fired.observed
    use.aside += bool(fired.aside)
    use.decided += (verdict.rule, verdict.policy) == (fired.rule, fired.policy) and not fired.observed


def _id(label: str) -> str:
    return label.partition("@")[0]
