"""The tests that stand inside rules, exceptions and detectors, run against what they stand in.

Invariant: a test sees its own rule, exception or detector alone, in enforce mode, so that it says what that does and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.core.inert import inert_line
from greenroom.core.values import Finding, Hook, Json, Origin, ToolSpec
from greenroom.detectors.find import scan
from greenroom.detectors.own import OwnDetectors
from greenroom.persona.voice import broken
from greenroom.policy import autonomy
from greenroom.policy.active import ActiveRule, Live, Setting, relevant
from greenroom.policy.decide import RulePolicy
from greenroom.policy.kinds import OwnKind
from greenroom.policy.own import DetectorTest
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.rules import AUTONOMY, ExceptionTest, RuleTest, TestWith

NO_MATCH = "no_match"
_ORIGIN: dict[str, Origin] = {
    "input": "user",
    "memory.read": "memory",
    "retrieval": "passage",
    "tool.result": "tool",
}


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One test: what it expected and what came.

    `rule` is the id of the rule or detector it is about, `of` what holds the test, `where` its file and line. For the
    test of an exception `got` is `no_match` where there was nothing to set aside.
    """

    policy: str
    rule: str
    name: str
    expected: str
    got: str
    where: str
    of: Literal["detector", "rule", "exception"] = "rule"

    @property
    def passed(self) -> bool:
        return self.expected == self.got

    @property
    def subject(self) -> str:
        """What the test is about: `refund.large`, `refund.large (exception)`."""
        return f"{self.rule} (exception)" if self.of == "exception" else self.rule

    def line(self) -> str:
        """`pass  support@2.3.0 refund.large: exactly 100 passes`."""
        head = "pass" if self.passed else "FAIL"
        line = f"{head}  {self.policy} {self.subject}: {self.name}"
        return line if self.passed else f"{line} (expected {self.expected}, got {self.got}; {self.where})"


def run_trials(policy: RulePolicy, tools: Sequence[ToolSpec]) -> tuple[TrialResult, ...]:
    """Run every test of a policy's detectors, rules, and exceptions that are in force, in this order."""
    return (
        *(_searched(kind, test) for kind in policy.own for test in kind.spec.test),
        *(_run(active, test, policy, tools) for active in policy.rules for test in active.rule.test),
        *(_excepted(*one, test, policy, tools) for one in exceptions(policy) for test in one[1].tests),
    )


def exceptions(policy: RulePolicy) -> Iterator[tuple[ActiveRule | None, Setting]]:
    """Every exception in force, with its rule; None for one to autonomy."""
    for active in policy.rules:
        for setting in active.exceptions:
            yield active, setting
    for setting in policy.asides:
        yield None, setting


def _searched(kind: OwnKind, test: DetectorTest) -> TrialResult:
    """What a detector finds by itself in the text of a test."""
    found = scan(test.text, OwnDetectors((kind.detector,))).findings
    parts = [test.text[item.start : item.end] for item in found if item.detector == kind.spec.id]
    name = inert_line(test.text, 60)
    expected, got = _listed(test.expect), _listed(parts)
    return TrialResult(kind.policy, kind.spec.id, name, expected, got, kind.where, "detector")


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(inert_line(part, 60) for part in parts) or "nothing"


def _run(active: ActiveRule, test: RuleTest, policy: RulePolicy, tools: Sequence[ToolSpec]) -> TrialResult:
    question = question_of(active, test, tools)
    live = _live(question, policy)
    got = "deny" if live is None else active.rule.then if _fires(active, question, *live) else NO_MATCH
    return TrialResult(active.policy, active.rule.id, test.name, test.expect, got, active.where)


def _excepted(
    active: ActiveRule | None, setting: Setting, test: ExceptionTest, policy: RulePolicy, tools: Sequence[ToolSpec]
) -> TrialResult:
    """Whether an exception sets aside what would have acted; `no_match` where nothing would."""
    if active is not None:
        question = _question(test.with_, active.rule.hook, active.rule.tools, active.tools, tools)
    else:
        question = _question(test.with_, ("tool.call",), (), setting.tools, tools)
    live = _live(question, policy)
    if live is None or not (_fires(active, question, *live) if active else _autonomy_asks(question)):
        got = NO_MATCH
    else:
        here = live[0]
        aside = setting.holds(here.activation(setting.environment)) if active else setting.sets_aside(question, here)
        got = "set_aside" if aside else "in_force"
    rule = active.rule.id if active else AUTONOMY
    return TrialResult(setting.policy, rule, test.name, test.expect, got, setting.where, "exception")


def _live(question: Question, policy: RulePolicy) -> tuple[Live, frozenset[str]] | None:
    """The values and kinds of findings of a question; None where not all of it can be looked at, so that it is denied."""
    scanned = scan(question.payload, policy.detectors)
    if scanned.unchecked:
        return None
    findings: tuple[Finding, ...] = scanned.findings
    text = question.payload.get("text")
    if question.hook == "output" and isinstance(text, str):
        findings += broken(text, policy.role.never)
    return Live(question, findings), relevant(findings)


def _fires(active: ActiveRule, question: Question, live: Live, kinds: frozenset[str]) -> bool:
    tool = question.tool.name if question.tool else ""
    if question.hook not in active.rule.hook or (active.tools is not None and tool not in active.tools):
        return False
    return active.match(live, kinds) is not None


def _autonomy_asks(question: Question) -> bool:
    session = question.session
    if question.tool is None:
        return False
    level = autonomy.lowered(session.autonomy, session.taint)
    return autonomy.decide(level, question.tool, 0)[0] == "require_approval"


def question_of(active: ActiveRule, test: RuleTest, tools: Sequence[ToolSpec]) -> Question:
    """The question a test puts: its own words, and the rule's first hook and tool where it names none."""
    return _question(test.with_, active.rule.hook, active.rule.tools, active.tools, tools)


def _question(
    given: TestWith,
    hooks: Sequence[Hook],
    patterns: Sequence[str],
    bound: frozenset[str] | None,
    tools: Sequence[ToolSpec],
) -> Question:
    hook = given.hook or hooks[0]
    payload: dict[str, Json] = dict(given.payload)
    if given.args is not None:
        payload["args"] = given.args
    if given.text is not None:
        payload["text"] = given.text
    tool = _tool(given.tool, patterns, bound, tools) if hook in ("tool.call", "tool.result") else None
    return Question(
        hook=hook,
        subject=given.subject or (tool.name if tool else ""),
        payload=payload,
        origin=given.origin or _ORIGIN.get(hook, "model"),
        tool=tool,
        segment=given.segment,
        args_from=given.args_from,
        session=SessionFacts(**given.session.model_dump()),
    )


def _tool(
    name: str, patterns: Sequence[str], bound: frozenset[str] | None, tools: Sequence[ToolSpec]
) -> ToolSpec | None:
    """The tool a test names, else the first one its rule is bound to, else any."""
    if not name and bound:
        literal = next((named for named in patterns if named in bound), "")
        name = literal or min(bound)
    known = sorted(tools, key=lambda tool: tool.name)
    return next((tool for tool in known if not name or tool.name == name), None)
