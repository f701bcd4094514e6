"""The outcome of a policy's tests as a matrix: one row for each rule, detector and exception, one column for each outcome.

Invariant: every rule has a row, also one without a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom.policy.checking.trial import NO_MATCH, TrialResult, exceptions
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import EFFECTS

COLUMNS: tuple[str, ...] = (NO_MATCH, *EFFECTS, "set_aside", "in_force", "found")
"""What a test can expect; `found` stands for the texts a detector is to find."""


@dataclass(slots=True)
class Row:
    """The tests of one rule, exception or detector: how many passed, of how many, by what they expect."""

    policy: str
    subject: str
    cells: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        return sum(passed for passed, _ in self.cells.values())

    @property
    def tests(self) -> int:
        return sum(tests for _, tests in self.cells.values())

    def add(self, result: TrialResult) -> None:
        """Count a test in."""
        column = "found" if result.of == "detector" else result.expected
        passed, tests = self.cells.get(column, (0, 0))
        self.cells[column] = (passed + result.passed, tests + 1)


def matrix(policy: RulePolicy, results: Sequence[TrialResult]) -> tuple[Row, ...]:
    """The rows of a policy by file, then detectors, rules and exceptions; `results` are those of `run_trials`."""
    subjects = [
        *((kind.policy, kind.spec.id) for kind in policy.own),
        *((active.policy, active.rule.id) for active in policy.rules),
        *(
            (one.policy, f"{active.rule.id if active else 'autonomy'} (exception)")
            for active, one in exceptions(policy)
        ),
    ]
    rows = {subject: Row(*subject) for subject in subjects}
    for result in results:
        rows[result.policy, result.subject].add(result)
    return tuple(sorted(rows.values(), key=lambda row: row.policy))
