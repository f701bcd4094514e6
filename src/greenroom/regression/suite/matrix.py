"""What a suite is asked to run: which fixtures, as which personas, on which models, how often.

Invariant: two suites of the same matrix ran the same texts, so that what one began the other can go on with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from greenroom.core.canonical import digest, short
from greenroom.core.errors import FileInvalid, GreenroomError, UsageError
from greenroom.core.values import Frozen
from greenroom.regression.case import case_path
from greenroom.regression.find import required
from greenroom.regression.live.options import MOST_RUNS
from greenroom.regression.live.reliability import goal_of
from greenroom.regression.live.sayable import SAY_IT_ANEW, UNSAYABLE, require_sayable
from greenroom.regression.live.start import start_at
from greenroom.regression.replay.replay import load_fixture
from greenroom.regression.replay.world import World
from greenroom.regression.tape.parts import MAX_BYTES, Parts
from greenroom.workspace.own_file import read_regular

Tier = Literal["live", "replay"]
MOST = 1_000_000
"""How many runs one suite may have."""


class Cell(NamedTuple):
    """One fixture as one persona on one model, as they were asked for; the model is '' where tapes are replayed."""

    fixture: str
    persona: str
    model: str


class Run(NamedTuple):
    """One of a cell's runs; `number` counts from 1."""

    cell: Cell
    number: int


class FixtureAsked(Frozen):
    """A fixture: the digest of its tape and case, whose it is, and that `needed` of `runs` have to pass."""

    digest: str
    persona: str
    runs: int = 1
    needed: int = 1


class LeftOut(NamedTuple):
    """A fixture of which nothing can be run, because its own file `file` is broken ('' where it is another) or a live run
    cannot say its words, and why.
    """

    fixture: str
    error: GreenroomError
    file: str = ""

    @property
    def broken(self) -> bool:
        """Whether a file has to be put right; else it is whole, and only no live run can be made of it."""
        return self.error.code != UNSAYABLE


class PersonaAsked(Frozen):
    """A persona as it was: `label` with its version, and the digest of each component."""

    label: str
    digests: dict[str, str]

    @property
    def mark(self) -> str:
        """One short digest for all of it, as people read it."""
        return short(digest(self.digests))


class ModelAsked(Frozen):
    """A model's full name, and the digest of the script of a scripted one."""

    name: str
    script: str = ""


class Matrix(Frozen):
    """Everything that is to be run. Fixtures by name; personas and models by the word they were asked for with."""

    tier: Tier
    fixtures: dict[str, FixtureAsked]
    personas: dict[str, PersonaAsked]
    models: dict[str, ModelAsked]

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Every persona with every model, in the order they were asked for."""
        return tuple((persona, model) for persona in self.personas for model in self.models)

    def cells(self) -> Iterator[Cell]:
        """The cells there are: a fixture is run as versions of its own persona."""
        for persona, model in self.columns():
            for name, fixture in self.fixtures.items():
                if id_of(persona) == fixture.persona:
                    yield Cell(name, persona, model)

    def runs(self) -> Iterator[Run]:
        """Every run, the first of all cells before the second of any, so that a broken-off suite compares evenly."""
        cells = sorted(self.cells(), key=lambda cell: list(self.fixtures).index(cell.fixture)) if self.fixtures else []
        for number in range(1, max((one.runs for one in self.fixtures.values()), default=0) + 1):
            for cell in cells:
                if number <= self.fixtures[cell.fixture].runs:
                    yield Run(cell, number)


def id_of(persona: str) -> str:
    """`aria` of `aria@1.2.0`."""
    return persona.partition("@")[0]


def fixtures_asked(
    folder: Path, names: Sequence[str], repeat: int, tier: Tier
) -> tuple[dict[str, FixtureAsked], list[LeftOut]]:
    """The fixtures of these names or patterns, or all of them, each with how often it is to be run, and those of which a
    file is broken, or that are to be run live and hold words that no live run can say.

    `repeat` 0 leaves that to the case. A replay comes out the same each time and is made once.

    Raises:
        UsageError: there is no such fixture, or so many runs cannot be made.
        GreenroomError: none of them can be run.
    """
    if not 0 <= repeat <= MOST_RUNS:
        raise UsageError("so many runs cannot be made", hint=f"from 1 to {MOST_RUNS}", code="suite.repeat")
    parts = Parts(folder)
    found: dict[str, FixtureAsked] = {}
    left: list[LeftOut] = []
    for name, path in required(folder, names).items():
        try:
            found[name] = _asked(path, parts, repeat, tier)
        except (FileInvalid, UsageError) as error:
            left.append(LeftOut(name, error, path.name))
    if left and not found:
        raise left[0].error
    return found, left


def _asked(path: Path, parts: Parts, repeat: int, tier: Tier) -> FixtureAsked:
    fixture = load_fixture(path, parts)
    case = case_path(path)
    texts = [
        read_regular(one, MAX_BYTES, links=True).decode("utf-8", "replace") if one.is_file() else ""
        for one in (path, case)
    ]
    if tier == "replay":
        return FixtureAsked(digest=digest(texts), persona=fixture.tape.persona)
    world = World(fixture.tape, fixture.parts, fixture.file)
    require_sayable(world, start_at(fixture.tape, ""), SAY_IT_ANEW)
    live = fixture.case.live
    goal = goal_of(live.runs if live else 1, live.pass_k if live else None, repeat)
    return FixtureAsked(digest=digest(texts), persona=fixture.tape.persona, runs=goal.runs, needed=goal.needed)


def matrix_of(
    tier: Tier,
    fixtures: Mapping[str, FixtureAsked],
    personas: Mapping[str, PersonaAsked],
    models: Mapping[str, ModelAsked],
) -> Matrix:
    """The matrix, without fixtures that none of its personas recorded.

    Raises:
        UsageError: nothing is left, or it is more than a suite may have.
    """
    ids = {id_of(word) for word in personas}
    kept = {name: one for name, one in fixtures.items() if one.persona in ids}
    if not kept:
        theirs = ", ".join(sorted({one.persona for one in fixtures.values()}))
        raise UsageError(
            f"no fixture of {', '.join(personas)}", hint=f"these fixtures are of {theirs}", code="suite.persona"
        )
    matrix = Matrix(tier=tier, fixtures=kept, personas=dict(personas), models=dict(models))
    if sum(kept[cell.fixture].runs for cell in matrix.cells()) > MOST:
        raise UsageError(
            f"more than {MOST} runs", hint="fewer fixtures, personas, models or repeats", code="suite.size"
        )
    return matrix


def changed_since(before: Matrix, now: Matrix) -> str:
    """What is another than it was, in a few words; '' where the two are the same matrix."""
    if before.tier != now.tier:
        return f"it is a {before.tier} suite"
    for noun, old, new in (
        ("fixture", before.fixtures, now.fixtures),
        ("persona", before.personas, now.personas),
        ("model", before.models, now.models),
    ):
        if told := _other(noun, old, new):
            return told
    return ""


def _other(noun: str, old: Mapping[str, Frozen], new: Mapping[str, Frozen]) -> str:
    for name in old:
        if name not in new:
            return f"{noun} {name} is not asked for any more"
        if old[name] != new[name]:
            return f"{noun} {name} {_how(old[name], new[name])}"
    return next((f"{noun} {name} was not asked for" for name in new if name not in old), "")


def _how(old: Frozen, new: Frozen) -> str:
    if isinstance(old, FixtureAsked) and isinstance(new, FixtureAsked) and old.digest == new.digest:
        return f"was to be run {old.runs} times, not {new.runs}"
    if isinstance(old, PersonaAsked) and isinstance(new, PersonaAsked):
        parts = sorted({*old.digests, *new.digests})
        other = [part for part in parts if old.digests.get(part) != new.digests.get(part)]
        return f"has another {', '.join(other) or 'version'} than then"
    return "is another than then"
