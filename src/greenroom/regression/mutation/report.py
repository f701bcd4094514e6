"""What a run of mutants says of a suite: a score by kind, what survived by what would notice it, and hollow fixtures.

Invariant: pure, and in the order of the run; a change that no recording can notice counts for no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.values import Json
from greenroom.regression.mutation.mutant import KINDS, Kind, Mutant
from greenroom.regression.mutation.run import Result, Run
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.facts import turns_of


@dataclass(frozen=True, slots=True)
class Score:
    """How many mutants of a kind were caught and survived; `digest` and `irrelevant` ones are beside the point."""

    kind: Kind
    caught: int
    survived: int
    digest: int
    irrelevant: int

    @property
    def percent(self) -> int | None:
        """Caught ones among those that could be; None where there was none."""
        judged = self.caught + self.survived
        return self.caught * 100 // judged if judged else None


@dataclass(frozen=True, slots=True)
class Hollow:
    """A fixture that proves little, and why."""

    fixture: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """`gaps` are the survivors by what would notice them, those that not even a test of the policy notices first.
    `unjudged` is why nobody can say which fixtures no mutant fails, '' where that was looked at. `observed` are those whose
    case expects nothing: they are replayed, and nothing of them is judged.
    """

    scores: tuple[Score, ...]
    gaps: tuple[tuple[str, tuple[Result, ...]], ...]
    hollow: tuple[Hollow, ...]
    run: Run
    unjudged: str = ""
    observed: tuple[str, ...] = ()

    def of(self, state: str) -> tuple[Result, ...]:
        """The results in a state."""
        return tuple(one for one in self.run.results if one.state == state)


def report(run: Run, fixtures: Sequence[Fixture], kinds: Sequence[Kind], *, whole: bool) -> Report:
    """`whole` says that no mutant of these kinds was left out: only then is a fixture that never failed a hollow one."""
    scores = tuple(_score(run, kind) for kind in KINDS if kind in kinds)
    unjudged = _unjudged(run, kinds, whole)
    hollow = tuple(_hollow(run, fixtures, judged=not unjudged))
    observed = tuple(one.file for one in fixtures if one.case.expect == "observe")
    return Report(scores, _gaps(run, _called(fixtures)), hollow, run, unjudged, observed)


def _unjudged(run: Run, kinds: Sequence[Kind], whole: bool) -> str:
    """Only changes of what governs can show that a fixture holds something, and only if none was left out."""
    if missing := [kind for kind in ("persona", "policy", "tools") if kind not in kinds]:
        return f"no mutants of {' and '.join(missing)} were made"
    return "the run was interrupted" if run.interrupted else "" if whole else "mutants were left out"


def _score(run: Run, kind: Kind) -> Score:
    states = [one.state for one in run.results if one.mutant.kind == kind]
    return Score(kind, *(states.count(state) for state in ("caught", "survived", "digest", "irrelevant")))


def _called(fixtures: Sequence[Fixture]) -> frozenset[str]:
    """The tools that any of the fixtures calls."""
    turns = (turn for fixture in fixtures for turn in turns_of(fixture.tape.events))
    return frozenset(call.tool for turn in turns for call in turn.calls.values())


def _hint(mutant: Mutant, called: frozenset[str]) -> str:
    """What would notice it. Another call of a tool that fixtures call already would not."""
    if (
        mutant.kind == "tools"
        and mutant.where in called
        and mutant.hint == f"a fixture in which {mutant.where} is called"
    ):
        return (
            f"a rule or an expectation that depends on how {mutant.where} is declared; fixtures that call it go alike"
        )
    return mutant.hint


def _gaps(run: Run, called: frozenset[str]) -> tuple[tuple[str, tuple[Result, ...]], ...]:
    found: dict[str, list[Result]] = {}
    for result in run.results:
        if result.state == "survived":
            mutant = result.mutant
            never = mutant.kind == "tools" and mutant.where not in called
            hint = f"a fixture in which {mutant.where} is called" if never else _hint(mutant, called)
            found.setdefault(hint, []).append(result)
    rows = [(hint, tuple(sorted(results, key=lambda one: bool(one.tested)))) for hint, results in found.items()]
    return tuple(sorted(rows, key=lambda row: all(one.tested for one in row[1])))


def _hollow(run: Run, fixtures: Sequence[Fixture], *, judged: bool) -> list[Hollow]:
    """Fixtures that prove little."""
    found = []
    for fixture in fixtures:
        nothing = not _decided(fixture)
        unmoved = judged and not run.kills.get(fixture.file, 0)
        if nothing or unmoved:
            why = ["no rule, tool, passage or memory has a part in it"] if nothing else []
            why += ["no change of persona, policy or tools fails it"] if unmoved else []
            why += [_expects(fixture)]
            found.append(Hollow(fixture.file, "; ".join(part for part in why if part)))
    return found


def _decided(fixture: Fixture) -> bool:
    """Whether anything of Greenroom had a part in what happened, beyond handing words on."""
    return any(
        turn.verdicts or turn.calls or turn.passages or turn.memories or turn.finish != "answered"
        for turn in turns_of(fixture.tape.events)
    )


def _expects(fixture: Fixture) -> str:
    if fixture.case.expect == "observe":
        return "it only observes"
    return "" if fixture.case.assert_ else "it expects nothing"


def data(found: Report) -> dict[str, Json]:
    """The report for programs: every mutant by name with what came of it."""
    return {
        "scores": [
            {
                "kind": one.kind,
                "caught": one.caught,
                "survived": one.survived,
                "digest_only": one.digest,
                "irrelevant": one.irrelevant,
                "percent": one.percent,
            }
            for one in found.scores
        ],
        "hollow": [{"fixture": one.fixture, "why": one.why} for one in found.hollow],
        "hollow_unjudged": found.unjudged,
        "observed": list(found.observed),
        "invalid": found.run.invalid,
        "equal": found.run.equal,
        "untried": found.run.untried,
        "interrupted": found.run.interrupted,
        "mutants": [_row(one) for one in found.run.results],
    }


def _row(one: Result) -> dict[str, Json]:
    return {
        "name": one.mutant.name,
        "kind": one.mutant.kind,
        "operator": one.mutant.operator,
        "where": one.mutant.where,
        "change": one.mutant.change,
        "state": one.state,
        "fixture": one.fixture,
        "how": one.how,
        "line": one.line,
        "stale_fixtures": int(one.stale),
        "policy_test": one.tested,
        "why": one.mutant.silent if one.state == "digest" else "",
        "hint": one.mutant.hint if one.state in ("survived", "digest") else "",
    }
