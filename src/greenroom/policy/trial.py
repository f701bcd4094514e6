"""The tests that stand inside rules, run against the rule they stand in.

Invariant: a test sees its own rule alone, in enforce mode, so that it says what the rule does and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.inert import inert_line
from greenroom.core.values import Finding, Json, Origin, ToolSpec
from greenroom.detectors.find import scan
from greenroom.detectors.own import OwnDetectors
from greenroom.persona.voice import broken
from greenroom.policy.active import ActiveRule, Live, relevant
from greenroom.policy.decide import RulePolicy
from greenroom.policy.kinds import OwnKind
from greenroom.policy.own import DetectorTest
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.rules import Rule, RuleTest

_ORIGIN: dict[str, Origin] = {
    "input": "user",
    "memory.read": "memory",
    "retrieval": "passage",
    "tool.result": "tool",
}


@dataclass(frozen=True, slots=True)
class TrialResult:
    """One test of one rule: what it expected and what came. `where` is the file and line of the rule."""

    policy: str
    rule: str
    name: str
    expected: str
    got: str
    where: str

    @property
    def passed(self) -> bool:
        return self.expected == self.got

    def line(self) -> str:
        """`pass  support@2.3.0 refund.large: exactly 100 passes`."""
        head = "pass" if self.passed else "FAIL"
        line = f"{head}  {self.policy} {self.rule}: {self.name}"
        return line if self.passed else f"{line} (expected {self.expected}, got {self.got}; {self.where})"


def run_trials(policy: RulePolicy, tools: Sequence[ToolSpec]) -> tuple[TrialResult, ...]:
    """Run every `detector.test` and `rule.test` of a policy, in the order of detectors, rules and tests."""
    rules = (_run(active, test, policy, tools) for active in policy.rules for test in active.rule.test)
    return (*(_searched(kind, test) for kind in policy.own for test in kind.spec.test), *rules)


def _searched(kind: OwnKind, test: DetectorTest) -> TrialResult:
    """What a detector finds by itself in the text of a test."""
    found = scan(test.text, OwnDetectors((kind.detector,))).findings
    parts = [test.text[item.start : item.end] for item in found if item.detector == kind.spec.id]
    name = inert_line(test.text, 60)
    return TrialResult(kind.policy, kind.spec.id, name, _listed(test.expect), _listed(parts), kind.where)


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(inert_line(part, 60) for part in parts) or "nothing"


def _run(active: ActiveRule, test: RuleTest, policy: RulePolicy, tools: Sequence[ToolSpec]) -> TrialResult:
    question = question_of(active, test, tools)
    return TrialResult(
        policy=active.policy,
        rule=active.rule.id,
        name=test.name,
        expected=test.expect,
        got=_outcome(active, question, policy),
        where=active.where,
    )


def _outcome(active: ActiveRule, question: Question, policy: RulePolicy) -> str:
    scanned = scan(question.payload, policy.detectors)
    if scanned.unchecked:
        return "deny"
    tool = question.tool.name if question.tool else ""
    if question.hook not in active.rule.hook or (active.tools is not None and tool not in active.tools):
        return "no_match"
    text = question.payload.get("text")
    findings: tuple[Finding, ...] = scanned.findings
    if question.hook == "output" and isinstance(text, str):
        findings += broken(text, policy.role.never)
    return active.rule.then if active.match(Live(question, findings), relevant(findings)) else "no_match"


def question_of(active: ActiveRule, test: RuleTest, tools: Sequence[ToolSpec]) -> Question:
    """The question a test puts: its own words, and the rule's first hook and tool where it names none."""
    given = test.with_
    hook = given.hook or active.rule.hook[0]
    payload: dict[str, Json] = dict(given.payload)
    if given.args is not None:
        payload["args"] = given.args
    if given.text is not None:
        payload["text"] = given.text
    tool = _tool(active.rule, given.tool, active.tools, tools) if hook in ("tool.call", "tool.result") else None
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


def _tool(rule: Rule, name: str, bound: frozenset[str] | None, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool a test names, else the first one its rule is bound to, else any."""
    if not name and bound:
        literal = next((named for named in rule.tools if named in bound), "")
        name = literal or min(bound)
    known = sorted(tools, key=lambda tool: tool.name)
    return next((tool for tool in known if not name or tool.name == name), None)
