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
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.finding_kinds import OwnKind
from greenroom.policy.files.own_detectors import DetectorTest
from greenroom.policy.files.rules import AUTONOMY, RuleTest, TestWith
from greenroom.policy.language.arguments import misfits
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict import autonomy
from greenroom.policy.verdict.active_rule import ActiveRule, Live, Match, Setting, relevant

NO_MATCH = "no_match"
_ABSENT, _NO_KEY = " is absent", "key not found"
"""How a clause says that a value it needs is not there."""

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
    test of an exception `got` is `no_match` where there was nothing to set aside. `misfit` is what of its arguments no
    call could have, `unevaluated` why a clause it hangs on could not be evaluated.
    """

    policy: str
    rule: str
    name: str
    expected: str
    got: str
    where: str
    of: Literal["detector", "rule", "exception"] = "rule"
    misfit: str = ""
    unevaluated: str = ""

    @property
    def passed(self) -> bool:
        return self.expected == self.got

    @property
    def subject(self) -> str:
        """What the test is about: `refund.large`, `refund.large (exception)`."""
        return f"{self.rule} (exception)" if self.of == "exception" else self.rule

    @property
    def doubt(self) -> str:
        """Why it proves nothing although it passed, or ''. A value that a test leaves out is what it is about."""
        if not self.passed or self.misfit:
            return self.misfit
        about_absence = self.unevaluated.endswith(_ABSENT) or self.unevaluated.startswith(_NO_KEY)
        return "" if about_absence or not self.unevaluated else f"only because {self.unevaluated}"

    def line(self) -> str:
        """`pass  support@2.3.0 refund.large: exactly 100 passes`."""
        head = "pass" if self.passed else "FAIL"
        line = f"{head}  {self.policy} {self.subject}: {self.name}"
        if self.misfit:
            line += f" [{self.misfit}]"
        elif self.passed and self.unevaluated:
            line += f" [only because {self.unevaluated}]"
        return line if self.passed else f"{line} (expected {self.expected}, got {self.got}; {self.where})"


def run_trials(policy: RulePolicy, tools: Sequence[ToolSpec]) -> tuple[TrialResult, ...]:
    """Run every test of a policy's detectors, rules, and exceptions that are in force, in this order."""
    return (
        *(_searched(kind, test) for kind in policy.own for test in kind.spec.test),
        *(_run(active, at, policy, tools) for active in policy.rules for at in range(len(active.rule.test))),
        *(_excepted(*one, at, policy, tools) for one in exceptions(policy) for at in range(len(one[1].tests))),
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


def failing(results: Sequence[TrialResult]) -> str:
    """`2 of 71 policy tests fail: refund.large, mail.customer`; '' where none does."""
    failed = [one for one in results if not one.passed]
    if not failed:
        return ""
    named = ", ".join(dict.fromkeys(one.subject for one in failed))
    return f"{len(failed)} of {len(results)} policy tests {'fails' if len(failed) == 1 else 'fail'}: {inert_line(named, 200)}"


def _run(active: ActiveRule, at: int, policy: RulePolicy, tools: Sequence[ToolSpec]) -> TrialResult:
    test = active.rule.test[at]
    question = question_of(active, test, tools)
    live = _live(question, policy)
    match = _fires(active, question, *live) if live else None
    got = "deny" if live is None else active.rule.then if match else NO_MATCH
    failed = [said for _, said in match.outcomes if isinstance(said, str)] if match else []
    misfit = _misfit(test.with_, question, active.tools, tools)
    where, name, unevaluated = active.tests_at[at], test.name, "; ".join(failed)
    return TrialResult(
        active.policy, active.rule.id, name, test.expect, got, where, misfit=misfit, unevaluated=unevaluated
    )


def _excepted(
    active: ActiveRule | None, setting: Setting, at: int, policy: RulePolicy, tools: Sequence[ToolSpec]
) -> TrialResult:
    """Whether an exception sets aside what would have acted; `no_match` where nothing would."""
    test = setting.tests[at]
    bound = active.tools if active else setting.tools
    if active is not None:
        question = _question(test.with_, active.rule.hook, active.rule.tools, bound, tools)
    else:
        question = _question(test.with_, ("tool.call",), (), bound, tools)
    live = _live(question, policy)
    failed: list[str] = []
    if live is None or not (_fires(active, question, *live) if active else _autonomy_asks(question)):
        got = NO_MATCH
    else:
        here = live[0]
        activation = here.activation(setting.environment)
        failed = [said for one in setting.when if isinstance(said := one.outcome(activation), str)]
        aside = setting.holds(activation) if active else setting.sets_aside(question, here)
        got = "set_aside" if aside else "in_force"
    return TrialResult(
        setting.policy,
        active.rule.id if active else AUTONOMY,
        test.name,
        test.expect,
        got,
        setting.tests_at[at],
        "exception",
        misfit=_misfit(test.with_, question, bound, tools),
        unevaluated="; ".join(failed),
    )


def _misfit(given: TestWith, question: Question, bound: frozenset[str] | None, tools: Sequence[ToolSpec]) -> str:
    """What of a test's arguments fits no tool that it can be about; a test that says no tool is about any."""
    if given.args is None or question.tool is None or question.hook != "tool.call":
        return ""
    about = [tool for tool in tools if tool.name == given.tool] if given.tool else [question.tool]
    if not given.tool:
        about += [tool for tool in tools if bound is None or tool.name in bound]
    found = [misfits(given.args, tool) for tool in about]
    return "" if not all(found) else found[0][0]


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


def _fires(active: ActiveRule, question: Question, live: Live, kinds: frozenset[str]) -> Match | None:
    tool = question.tool.name if question.tool else ""
    if question.hook not in active.rule.hook or (active.tools is not None and tool not in active.tools):
        return None
    return active.match(live, kinds)


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
