"""What is wrong or worth a look in policy files, all files at once.

Invariant: checking changes nothing and stops at nothing: one broken file does not hide what is wrong with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolSpec
from greenroom.policy.bounds import Role
from greenroom.policy.load import LoadedPolicy, PolicySource, builtin_source, compile_policies, load_file
from greenroom.policy.rules import Rule
from greenroom.policy.trial import run_trials


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing found. A `problem` keeps the policy from working as written, a `warning` does not."""

    level: Literal["problem", "warning"]
    message: str
    where: str = ""
    hint: str = ""

    def line(self) -> str:
        """The one line shown to a person."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head} ({self.hint})" if self.hint else head


def check_policies(
    sources: Sequence[PolicySource], tools: Sequence[ToolSpec], role: Role, *, clock: Clock | None = None
) -> list[PolicyProblem]:
    """Problems and warnings of these files under the built-in pack, in the order of files and lines."""
    clock = clock or SystemClock()
    found: list[PolicyProblem] = []
    loaded: list[LoadedPolicy] = []
    for source in sources:
        try:
            file = load_file(source)
            beside = [other for other in sources if other is not source and _reads(other)]
            policy = compile_policies([source], tools, role, clock=clock, beside=beside)
        except FileInvalid as error:
            found.append(PolicyProblem("problem", str(error), hint=error.hint))
            continue
        loaded.append(file)
        found += [
            PolicyProblem("problem", f"test '{result.name}' of {result.rule} failed: {result.got}", result.where)
            for result in run_trials(policy, tools)
            if not result.passed and result.policy == file.policy.label
        ]
        found += _warnings(file, role, clock)
    return found + _shadowed([load_file(builtin_source()), *loaded])


def _reads(source: PolicySource) -> bool:
    """Whether the file is well formed, so that its detectors are known to the others."""
    try:
        load_file(source)
    except FileInvalid:
        return False
    return True


def _warnings(file: LoadedPolicy, role: Role, clock: Clock) -> list[PolicyProblem]:
    found = []
    for index, spec in enumerate(file.policy.detector):
        if not spec.test:
            where = file.where(("detector", index, "id"))
            found.append(
                PolicyProblem("warning", f"detector '{spec.id}' has no test", where, "add a [[detector.test]]")
            )
    for index, rule in enumerate(file.policy.rule):
        where = file.where(("rule", index, "id"))
        if not rule.test:
            found.append(PolicyProblem("warning", f"rule '{rule.id}' has no test", where, "add a [[rule.test]]"))
        elif len({test.expect for test in rule.test}) == 1:
            hint = "add one that expects " + ("a match" if rule.test[0].expect == "no_match" else "no_match")
            found.append(PolicyProblem("warning", f"the tests of rule '{rule.id}' all expect the same", where, hint))
        if rule.then == "allow":
            text = f"rule '{rule.id}' allows, which only records: nothing here loosens what else restricts"
            found.append(PolicyProblem("warning", text, where))
    for name in file.policy.envelope:
        if role.id and name not in ("persona", "agent", role.id):
            text = f"envelope '{name}' does not bind {role.id}"
            found.append(PolicyProblem("warning", text, file.where(("envelope", name)), "use persona, agent or an id"))
    for index, entry in enumerate(file.policy.exception):
        if entry.expires < clock.now().date():
            text = f"the exception for '{entry.rule}' expired on {entry.expires.isoformat()}"
            found.append(PolicyProblem("warning", text, file.where(("exception", index, "expires")), "remove it"))
    return found


def _shadowed(loaded: Sequence[LoadedPolicy]) -> list[PolicyProblem]:
    """Rules that share their id with one of another file, and rules that say what another one already says."""
    found = []
    by_id: dict[str, LoadedPolicy] = {}
    by_meaning: dict[tuple[object, ...], str] = {}
    for file in loaded:
        for index, rule in enumerate(file.policy.rule):
            where = file.where(("rule", index, "id"))
            if (other := by_id.get(rule.id)) is not None and other is not file:
                text = f"rule '{rule.id}' is also in {other.policy.label}; both count"
                found.append(PolicyProblem("warning", text, where, "give it another id"))
            if (twin := by_meaning.get(_meaning(rule))) is not None:
                found.append(PolicyProblem("warning", f"rule '{rule.id}' says the same as '{twin}'", where))
            by_id[rule.id] = file
            by_meaning[_meaning(rule)] = rule.id
    return found


def _meaning(rule: Rule) -> tuple[object, ...]:
    return (
        frozenset(rule.hook),
        frozenset(rule.tools),
        frozenset(rule.when),
        rule.any,
        frozenset(rule.find),
        rule.then,
        rule.mode,
    )
