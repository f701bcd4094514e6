"""What is wrong or worth a look in policy files, all files at once.

Invariant: checking changes nothing and stops at nothing: one broken file does not hide what is wrong with the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import Hook, ToolSpec
from greenroom.policy.checking.problem import PolicyProblem
from greenroom.policy.checking.reach import shadowed, unreachable
from greenroom.policy.checking.regexes import broken_patterns
from greenroom.policy.checking.trial import TrialResult, run_trials
from greenroom.policy.files.rules import RuleException
from greenroom.policy.load import LoadedPolicy, PolicySource, builtin_source, compile_policies, load_file
from greenroom.policy.verdict.bounds import Role

__all__ = ["PolicyProblem", "check_policies"]


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
        found += broken_patterns(file)
        results = [one for one in run_trials(policy, tools) if one.policy == file.policy.label]
        found += [said for one in results for said in _tested(one)]
        found += _warnings(file, role, clock)
    found += _named_twice([load_file(builtin_source()), *loaded])
    return found + _never_deciding([file.source for file in loaded], tools, role, clock)


def _tested(result: TrialResult) -> Iterator[PolicyProblem]:
    """What a test says: that it failed, that no call is like it, or that it passed without proving anything."""
    test = f"test '{result.name}' of {result.subject}"
    if not result.passed:
        text = f"{test} failed: expected {result.expected}, got {result.got}"
        yield PolicyProblem("problem", text, result.where)
    if result.misfit:
        yield PolicyProblem("problem", f"{test} is about no call there can be: {result.misfit}", result.where)
    elif result.doubt:
        text = f"{test} passes {result.doubt}"
        yield PolicyProblem("warning", text, result.where, "a clause that cannot be evaluated counts as holding")


def _reads(source: PolicySource) -> bool:
    """Whether the file is well formed, so that its detectors are known to the others."""
    try:
        load_file(source)
    except FileInvalid:
        return False
    return True


_UNASKED: frozenset[Hook] = frozenset({"tool.result", "export", "handoff"})
"""Hooks where a rule that asks comes to a no: what it is about has happened, or no person is at hand."""


def _warnings(file: LoadedPolicy, role: Role, clock: Clock) -> list[PolicyProblem]:
    found: list[PolicyProblem | None] = []
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
        if rule.then in ("require_approval", "escalate") and (unasked := _UNASKED & set(rule.hook)):
            text = (
                f"rule '{rule.id}' asks at {', '.join(sorted(unasked))}, where nobody can be asked: it withholds there"
            )
            found.append(PolicyProblem("warning", text, where, "say deny or redact there, or ask at tool.call"))
    for name in file.policy.envelope:
        if role.id and name not in ("persona", "agent", role.id):
            text = f"envelope '{name}' does not bind {role.id}"
            found.append(PolicyProblem("warning", text, file.where(("envelope", name)), "use persona, agent or an id"))
    for index, entry in enumerate(file.policy.exception):
        found.append(_exception_warning(file, index, entry, clock))
    return [one for one in found if one is not None]


def _exception_warning(file: LoadedPolicy, index: int, entry: RuleException, clock: Clock) -> PolicyProblem | None:
    if entry.expires < clock.now().date():
        text = f"the exception for '{entry.rule}' expired on {entry.expires.isoformat()}, so it has no effect"
        return PolicyProblem("warning", text, file.where(("exception", index, "expires")), "remove it")
    where = file.where(("exception", index, "rule"))
    expected = {test.expect for test in entry.test}
    if not expected:
        text = f"the exception for '{entry.rule}' has no test"
        return PolicyProblem("warning", text, where, "add an [[exception.test]]")
    if len(expected) == 1:
        other = next(iter({"set_aside", "in_force"} - expected))
        text = f"the tests of the exception for '{entry.rule}' all expect the same"
        return PolicyProblem("warning", text, where, f"add one that expects {other}")
    return None


def _never_deciding(
    sources: Sequence[PolicySource], tools: Sequence[ToolSpec], role: Role, clock: Clock
) -> list[PolicyProblem]:
    """Rules of these files that cannot fire, or behind which another one always comes first."""
    pack = builtin_source()
    try:
        policy = compile_policies([pack, *sources], tools, role, clock=clock)
    except FileInvalid:
        return []  # said already, file by file
    builtin = load_file(pack).policy.label
    return [
        problem
        for active in policy.rules
        if active.policy != builtin
        for problem in (*unreachable(active, policy), *shadowed(active, policy))
    ]


def _named_twice(loaded: Sequence[LoadedPolicy]) -> list[PolicyProblem]:
    """Rules that share their id with one of another file."""
    found = []
    by_id: dict[str, LoadedPolicy] = {}
    for file in loaded:
        for index, rule in enumerate(file.policy.rule):
            where = file.where(("rule", index, "id"))
            if (other := by_id.get(rule.id)) is not None and other is not file:
                text = f"rule '{rule.id}' is also in {other.policy.label}; both count"
                found.append(PolicyProblem("warning", text, where, "give it another id"))
            by_id[rule.id] = file
    return found
