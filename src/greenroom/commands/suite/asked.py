"""What `fixture matrix` is asked to run, from words to a matrix with the digests of today.

Invariant: what is unknown is said before anything runs or is paid for; a fixture that cannot be run keeps no other from being
run, but for a suite that goes on: that is to be the one it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.workspace.own_file import read_written

if TYPE_CHECKING:
    from greenroom.regression.suite.matrix import FixtureAsked, LeftOut, Matrix, ModelAsked, PersonaAsked, Tier
    from greenroom.workspace.layout import Workspace


class Asked(NamedTuple):
    """What is to be run, and the fixtures of which nothing can be."""

    matrix: Matrix
    left_out: tuple[LeftOut, ...]


def require_same(given: Invocation, workspace: Workspace, before: Matrix, name: str) -> tuple[LeftOut, ...]:
    """Nothing but what is left out again, if what a suite is to go on with is what it began with; axes that are not given
    are as they were.

    Raises:
        UsageError: it is another.
        GreenroomError: a fixture that it began with is broken now, or cannot be run live.
    """
    from greenroom.regression.suite.matrix import changed_since

    now, left = matrix_asked(given, workspace, before)
    if gone := next((one for one in left if one.fixture in before.fixtures), None):
        if gone.broken:
            raise gone.error
        raise _cannot_go_on(name, f"{gone.fixture} cannot be run live: {gone.error.message}")
    if told := changed_since(before, now):
        raise _cannot_go_on(name, told)
    return left


def _cannot_go_on(name: str, why: str) -> UsageError:
    return UsageError(
        f"the suite '{name}' cannot go on: {why}",
        hint="begin a new one; what this one came to stays in greenroom fixture trend",
        code="suite.changed",
    )


def matrix_asked(given: Invocation, workspace: Workspace, before: Matrix | None = None) -> Asked:
    """What is asked for; where nothing is said of an axis, what `before` had.

    Raises:
        UsageError: no such fixture or persona, or repeats that make no sense.
        FileInvalid: a script is broken, or a persona that was asked for, or nothing is left to be run.
    """
    from greenroom.regression.suite.matrix import matrix_of

    models = [word for word in given.words("model") or list(before.models if before else ()) if word]
    fixtures, left = _fixtures(given, workspace, "live" if models else "replay", before)
    words = given.words("persona") or list(before.personas if before else ())
    if words:
        personas = {word: _persona(workspace, word) for word in dict.fromkeys(words)}
    else:
        personas, without = _own_personas(workspace, fixtures)
        left += without
    matrix = matrix_of("live" if models else "replay", fixtures, personas, _models(workspace, models))
    return Asked(matrix, tuple(left))


def _fixtures(
    given: Invocation, workspace: Workspace, tier: Tier, before: Matrix | None
) -> tuple[dict[str, FixtureAsked], list[LeftOut]]:
    from greenroom.regression.suite.matrix import fixtures_asked

    repeat, known = given.number("repeat"), before.fixtures if before else {}
    if repeat is not None and tier == "replay":
        raise UsageError(
            "a replay comes out the same each time", hint="name a --model to run live", code="suite.repeat"
        )
    if repeat is not None and repeat < 1:
        raise UsageError("so many runs cannot be made", hint="1 or more", code="suite.repeat")
    found, left = fixtures_asked(workspace.fixtures, given.words("fixture") or list(known), repeat or 0, tier)
    if repeat is not None:
        return found, left
    return {
        name: one.model_copy(update={"runs": known[name].runs, "needed": known[name].needed}) if name in known else one
        for name, one in found.items()
    }, left


def _own_personas(
    workspace: Workspace, fixtures: Mapping[str, FixtureAsked]
) -> tuple[dict[str, PersonaAsked], list[LeftOut]]:
    """The personas that recorded the fixtures, and the fixtures of which the persona is gone or cannot be read.

    Raises:
        GreenroomError: none of them can be.
    """
    from greenroom.regression.suite.matrix import LeftOut

    found: dict[str, PersonaAsked] = {}
    left: list[LeftOut] = []
    for word in sorted({one.persona for one in fixtures.values()}):
        try:
            found[word] = _persona(workspace, word)
        except GreenroomError as error:
            left += [LeftOut(name, error) for name, one in fixtures.items() if one.persona == word]
    if left and not found:
        raise left[0].error
    return found, left


def _persona(workspace: Workspace, word: str) -> PersonaAsked:
    from greenroom.assembly import load_contract
    from greenroom.regression.suite.matrix import PersonaAsked

    contract = load_contract(workspace, word)
    label = f"{contract.persona.id}@{contract.persona.version}"
    return PersonaAsked(label=label, digests=dict(contract.digests))


def _models(workspace: Workspace, words: Sequence[str]) -> dict[str, ModelAsked]:
    from greenroom.assembly.world import model_of
    from greenroom.core.canonical import digest
    from greenroom.regression.suite.matrix import ModelAsked
    from greenroom.workspace.settings import load_settings

    settings = load_settings(workspace)
    found = {}
    for word in dict.fromkeys(words):
        name = settings.model_name(word)
        model_of(workspace, settings, word, SystemClock(), instant=True)  # a broken script is said before anything runs
        script = workspace.scripts / f"{name.removeprefix('scripted/')}.toml"
        text = read_written(script) if name.startswith("scripted/") else ""
        found[word] = ModelAsked(name=name, script=digest(text) if text else "")
    return found or {"": ModelAsked(name="")}
