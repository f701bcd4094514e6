"""The tests that stand inside rules, run against the rule they stand in.

Invariant: a test sees its own rule alone, in enforce mode, so that it says what the rule does and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.values import Finding, Json, Origin, ToolSpec
from greenroom.detectors.find import scan
from greenroom.persona.voice import broken
from greenroom.policy.active import ActiveRule, Live, relevant
from greenroom.policy.decide import RulePolicy
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
    """Run every `rule.test` of a policy, in the order of rules and tests."""
    return tuple(_run(active, test, policy, tools) for active in policy.rules for test in active.rule.test)


def _run(active: ActiveRule, test: RuleTest, policy: RulePolicy, tools: Sequence[ToolSpec]) -> TrialResult:
    question = question_of(active, test, tools)
    return TrialResult(
        policy=active.policy,
        rule=active.rule.id,
        name=test.name,
        expected=test.expect,
        got=_outcome(active, question, policy.role.never),
        where=active.where,
    )


def _outcome(active: ActiveRule, question: Question, never: tuple[str, ...]) -> str:
    scanned = scan(question.payload)
    if scanned.unchecked:
        return "deny"
    tool = question.tool.name if question.tool else ""
    if question.hook not in active.rule.hook or (active.tools is not None and tool not in active.tools):
        return "no_match"
    text = question.payload.get("text")
    findings: tuple[Finding, ...] = scanned.findings
    if question.hook == "output" and isinstance(text, str):
        findings += broken(text, never)
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
