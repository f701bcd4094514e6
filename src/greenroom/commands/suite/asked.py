"""What `fixture matrix` is asked to run, from words to a matrix with the digests of today.

Invariant: what is broken or unknown is said before anything runs or is paid for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.workspace.own_file import read_written

if TYPE_CHECKING:
    from greenroom.regression.suite.matrix import FixtureAsked, Matrix, ModelAsked, PersonaAsked, Tier
    from greenroom.workspace.layout import Workspace


def require_same(given: Invocation, workspace: Workspace, before: Matrix, name: str) -> None:
    """Nothing, if what a suite is to go on with is what it began with; axes that are not given are as they were."""
    from greenroom.regression.suite.matrix import changed_since

    now = matrix_asked(given, workspace, before)
    if told := changed_since(before, now):
        raise UsageError(
            f"the suite '{name}' cannot go on: {told}",
            hint="begin a new one; what this one came to stays in greenroom fixture trend",
            code="suite.changed",
        )


def matrix_asked(given: Invocation, workspace: Workspace, before: Matrix | None = None) -> Matrix:
    """What is asked for; where nothing is said of an axis, what `before` had.

    Raises:
        UsageError: no such fixture or persona, or repeats that make no sense.
        FileInvalid: a tape, case, persona or script is broken.
    """
    from greenroom.regression.suite.matrix import matrix_of

    models = [word for word in given.words("model") or list(before.models if before else ()) if word]
    fixtures = _fixtures(given, workspace, "live" if models else "replay", before)
    words = given.words("persona") or list(before.personas if before else ())
    personas = _personas(workspace, words or sorted({one.persona for one in fixtures.values()}))
    return matrix_of("live" if models else "replay", fixtures, personas, _models(workspace, models))


def _fixtures(given: Invocation, workspace: Workspace, tier: Tier, before: Matrix | None) -> dict[str, FixtureAsked]:
    from greenroom.regression.suite.matrix import fixtures_asked

    repeat, known = given.number("repeat"), before.fixtures if before else {}
    if repeat is not None and tier == "replay":
        raise UsageError(
            "a replay comes out the same each time", hint="name a --model to run live", code="suite.repeat"
        )
    if repeat is not None and repeat < 1:
        raise UsageError("so many runs cannot be made", hint="1 or more", code="suite.repeat")
    found = fixtures_asked(workspace.fixtures, given.words("fixture") or list(known), repeat or 0, tier)
    if repeat is not None:
        return found
    return {
        name: one.model_copy(update={"runs": known[name].runs, "needed": known[name].needed}) if name in known else one
        for name, one in found.items()
    }


def _personas(workspace: Workspace, words: Sequence[str]) -> dict[str, PersonaAsked]:
    from greenroom.assembly import load_contract
    from greenroom.regression.suite.matrix import PersonaAsked

    found = {}
    for word in dict.fromkeys(words):
        contract = load_contract(workspace, word)
        label = f"{contract.persona.id}@{contract.persona.version}"
        found[word] = PersonaAsked(label=label, digests=dict(contract.digests))
    return found


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
