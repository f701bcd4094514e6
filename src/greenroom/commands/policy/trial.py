"""The tests inside policy files, run: a matrix for people, JUnit XML for build servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.policy import policy_of, who
from greenroom.commands.tool.toolbox import tools_of
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest

if TYPE_CHECKING:
    from greenroom.core.values import ToolSpec
    from greenroom.policy.checking.matrix import Row
    from greenroom.policy.checking.trial import TrialResult
    from greenroom.policy.port import Policy

_HEADERS = {"no_match": "no match", "require_approval": "ask", "set_aside": "set aside", "in_force": "in force"}


def test(asked: Invocation) -> Answer[tuple[TrialResult, ...]]:
    """Run the tests of rules, exceptions and detectors; exit 1 when one fails.

    Raises:
        FileInvalid: a policy file is broken.
        UsageError: `--rule` names no rule that has a test.
        DiskFailed: the JUnit file cannot be written.
    """
    from greenroom.policy.checking.junit import junit
    from greenroom.policy.checking.matrix import matrix
    from greenroom.policy.checking.trial import run_trials
    from greenroom.regression.tape.parts import write_whole

    workspace, persona = who(asked)
    specs = tools_of(workspace).specs()
    policy = policy_of(workspace, persona, specs)
    results = run_trials(policy, specs)
    rule = asked.text("rule")
    if rule:
        results = _only(rule, results)
    if target := asked.text("junit"):
        write_whole(Path(target).absolute(), junit(results))
    rows = matrix(policy, results)
    lines = [one.line() for one in results] if rule else [*_matrix_lines(rows), *_noted(results)]
    failed = sum(not one.passed for one in results)
    doubtful = sum(one.passed and bool(one.doubt) for one in results)
    untested = [row.subject for row in rows if not row.tests] if not rule else []
    said = f"{len(results) - failed} passed, {failed} failed"
    if doubtful:
        said += f", {doubtful} of those that passed {'proves' if doubtful == 1 else 'prove'} nothing"
    if untested:
        said += f"; {counted(len(untested), 'rule')} without a test: {', '.join(untested)}"
    return answer(results, [*lines, said], _data(results), exit_code=1 if failed else 0)


def failing_tests(policy: Policy, tools: Sequence[ToolSpec]) -> str:
    """`1 of 56 policy tests fails: refund.large (see greenroom policy test)`; '' where the files keep their own promises."""
    from greenroom.policy.checking.trial import failing, run_trials
    from greenroom.policy.decide import RulePolicy

    if not isinstance(policy, RulePolicy):
        return ""
    said = failing([one for one in run_trials(policy, tools) if not one.policy.startswith("builtin@")])
    return f"{said} (see greenroom policy test)" if said else ""


def _only(rule: str, results: Sequence[TrialResult]) -> tuple[TrialResult, ...]:
    found = tuple(one for one in results if one.rule == rule)
    if not found:
        raise UsageError(f"no tests in a rule '{rule}'", hint=suggest(rule, sorted({one.rule for one in results})))
    return found


def _matrix_lines(rows: Sequence[Row]) -> Iterator[str]:
    from greenroom.policy.checking.matrix import COLUMNS

    used = [column for column in COLUMNS if any(column in row.cells for row in rows)]
    cells = [("  " + row.subject, *(_cell(row, column) for column in used), _total(row)) for row in rows]
    head, *lines = table(("rule", *(_HEADERS.get(column, column) for column in used), "tests"), cells)
    yield head
    policy = ""
    for row, line in zip(rows, lines, strict=True):
        if row.policy != policy:
            policy = row.policy
            yield policy
        yield "  " + line


def _cell(row: Row, column: str) -> str:
    if column not in row.cells:
        return "·"
    passed, tests = row.cells[column]
    return str(tests) if passed == tests else f"{passed}/{tests} FAIL"


def _total(row: Row) -> str:
    if not row.tests:
        return "no test"
    return f"{row.tests} pass" if row.passed == row.tests else f"FAIL {row.tests - row.passed} of {row.tests}"


def _noted(results: Sequence[TrialResult]) -> Iterator[str]:
    """The tests that failed or prove nothing."""
    noted = [one.line() for one in results if not one.passed or one.doubt]
    yield from ["", *noted] if noted else []


def _data(results: Sequence[TrialResult]) -> list[dict[str, str]]:
    return [
        {
            "policy": one.policy,
            "of": one.of,
            "rule": one.rule,
            "test": one.name,
            "expected": one.expected,
            "got": one.got,
            "where": one.where,
            "doubt": one.doubt,
        }
        for one in results
    ]
