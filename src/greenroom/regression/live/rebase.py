"""A stale fixture told anew by a real model, and put where last runs wait to be reviewed.

Invariant: the recorded fixture is not touched; what did not come to its end, or left the tape, is not put there.
"""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.core.errors import GreenroomError
from greenroom.regression.accept.last_run import LastRuns
from greenroom.regression.accept.retold import Retold
from greenroom.regression.live.budget import Budget
from greenroom.regression.live.once import LiveBuild
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.run import run_once
from greenroom.regression.record.record import record
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.replay.placeholders.held import held_alike
from greenroom.regression.replay.replay import Fixture, with_context
from greenroom.regression.replay.world import World
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Tape, sealed, turns_of_header


@dataclass(frozen=True, slots=True)
class Rebased:
    """What became of one fixture: its outcome as a live run, what that cost, and whether a new tape waits for review."""

    name: str
    outcome: Outcome
    micro_usd: int = 0
    kept: bool = False


async def rebase(
    fixture: Fixture, build: LiveBuild, options: LiveOptions, budget: Budget, runs: LastRuns, changed: tuple[str, ...]
) -> Rebased:
    """Run a fixture live once and keep what it came to. `changed` are the causes of its staleness.

    An expectation that fails keeps nothing from being looked at; accepting says no by itself.

    Raises:
        CancelledError: a person stopped it; nothing of this fixture is kept.
        DiskFailed: it could not be written.
    """
    name = fixture.name
    made = await run_once(fixture, build, options, budget)
    found = made.run.outcome
    if not made.whole or made.policy is None:
        return Rebased(name, found, made.run.micro_usd)
    try:
        world = World(fixture.tape, fixture.parts, fixture.file)
        turns, behind = turns_of_header(fixture.tape.header), world.known.placeholders
        fresh = record(made.records, made.policy, turns, behind)
        tape = _of_the_same(fresh.tape, fixture.tape, world)
    except GreenroomError as error:  # the export hook forbids it
        return Rebased(name, outcome("error", error.line()), made.run.micro_usd)
    told = outcome("stale" if found.good else found.kind, found.line or "run live anew", found.detail, changed)
    runs.keep(name, fixture, Retold(tape, fresh.texts), told, live=True)
    return Rebased(name, found, made.run.micro_usd, kept=True)


def _of_the_same(fresh: Tape, recorded: Tape, world: World) -> Tape:
    """The new tape with what a live run does not make: decisions that are held, and a context that is taken over."""
    lines = held_alike(with_context(recorded, fresh.events), world.held)
    header = {**fresh.header, **({"context": recorded.header["context"]} if recorded.takes_over else {})}
    digests = {**fresh.digests, **recorded_digests(lines)}
    return sealed({**header, "digests": dict(sorted(digests.items()))}, lines)
