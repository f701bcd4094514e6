"""What came of one live run, and of all runs of a fixture.

Invariant: a failure of a model or service is an error and never counts against the persona.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from greenroom.regression.live.history import UNDECIDED, Entry
from greenroom.regression.live.reliability import Goal, pass_hat
from greenroom.regression.replay.outcome import Kind, Outcome, outcome
from greenroom.regression.tape.tape import Line

WHY = "why: "
"""What the row begins with that says why the case is there."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """One run: how it went, what happened (as tape lines), how long models and tools took, what it cost.

    `notes` says what was looked up for real. `tokens` are those of the persona's own live replies.
    """

    outcome: Outcome
    lines: tuple[Line, ...] = ()
    milliseconds: int = 0
    micro_usd: int = 0
    notes: tuple[str, ...] = ()
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class LiveOutcome:
    """All runs of one fixture under one persona and model, and the verdict on them.

    `asked` is how many runs were asked for, `needed` how many of them have to pass; fewer may have been made, because
    the verdict was certain. `previous` is the entry before this one in the history, if there is one.
    """

    outcome: Outcome
    runs: tuple[LiveRun, ...] = ()
    asked: int = 1
    needed: int = 1
    persona: str = ""
    model: str = ""
    previous: Entry | None = field(default=None)

    @property
    def passed(self) -> int:
        """How many runs passed."""
        return sum(run.outcome.good for run in self.runs)

    @property
    def judged(self) -> int:
        """How many runs came to a verdict; errors do not."""
        return sum(run.outcome.kind != "error" for run in self.runs)

    @property
    def early(self) -> bool:
        """Whether runs were left out because nothing could change the verdict any more."""
        return self.judged < self.asked and self.outcome.kind not in UNDECIDED

    @property
    def pass_k(self) -> float | None:
        """pass^k for as many runs as must pass; None where too few were made to say, or where what they came to decided
        how many were made, which makes every rate a biased one.
        """
        return None if self.early else pass_hat(self.judged, self.passed, self.needed)

    @property
    def micro_usd(self) -> int:
        return sum(run.micro_usd for run in self.runs)

    @property
    def milliseconds(self) -> int:
        """How long models and tools took, over all runs."""
        return sum(run.milliseconds for run in self.runs)


def verdict_on(
    runs: Sequence[LiveRun], goal: Goal, persona: str, previous: Entry | None, cut: Outcome | None = None
) -> Outcome:
    """One outcome for all runs of `persona`. `cut` is what kept further runs from being made."""
    made = [run.outcome for run in runs if run.outcome.kind != "error"]
    passed = sum(one.good for one in made)
    reached = goal.verdict(passed, len(made) - passed)
    told = _counted(passed, len(made), goal, reached) + _before(passed, len(made), persona, previous, reached, goal)
    if reached is None and cut is not None:
        if not made:
            return outcome("error", cut.line, "", (cut.line,))
        return outcome("error", f"{cut.line}; {told} before that", _rows(runs), (cut.line,))
    bad = [one for one in made if not one.good]
    if reached:
        return outcome("passed", told, _rows(runs) if bad or any(run.notes for run in runs) else "")
    kind = _commonest([one.kind for one in bad])
    first = next(one for one in bad if one.kind == kind)
    needed = f", {goal.needed} of {goal.runs} needed" if goal.runs > 1 else ""
    detail = _rows(runs) if goal.runs > 1 else first.detail
    causes = tuple(dict.fromkeys(one.line for one in bad))
    return outcome(kind, f"{told}{needed}: {first.line}", detail, causes, first.tape_line)


def _counted(passed: int, made: int, goal: Goal, reached: bool | None) -> str:
    """`2 of 3 runs passed`, or that fewer were made than were to be because the verdict was certain."""
    told = f"{passed} of {made} {'run' if made == 1 else 'runs'} passed"
    early = reached is not None and made < goal.runs
    return f"stopped early, decided after {made} of {goal.runs}: {told}" if early else told


def _before(passed: int, made: int, persona: str, previous: Entry | None, reached: bool | None, goal: Goal) -> str:
    """` (was 3 of 3)` where it was another share before; where either is no rate, where it was another verdict."""
    if previous is None:
        return ""
    if previous.early or (reached is not None and made < goal.runs):
        same = reached is not None and reached == (previous.outcome == "passed")
    else:
        same = previous.passed * made == passed * previous.runs
    other = f" under {previous.persona}" if previous.persona != persona else ""
    return "" if same else f" (was {previous.told}{other})"


def _commonest(kinds: Sequence[Kind]) -> Kind:
    counts = Counter(kinds)
    return "failed" if counts["failed"] else counts.most_common(1)[0][0]


def _rows(runs: Sequence[LiveRun]) -> str:
    """One row a run with what was looked up for real, below the first that did not pass what it has to show, and why the
    case is there.
    """
    rows: list[str] = []
    shown: list[str] = []
    for number, run in enumerate(runs, 1):
        rows.append(f"run {number}: {run.outcome.kind}: {run.outcome.line}".rstrip(": "))
        if not shown and not run.outcome.good:
            shown = run.outcome.detail.splitlines()
            rows += [f"  {row}" for row in shown if not row.startswith(WHY)]
        rows += [f"  {note}" for note in run.notes]
    return "\n".join([*rows, *(row for row in shown if row.startswith(WHY))])
