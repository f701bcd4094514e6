"""What of the workspace no passing fixture touches: rules, tools, acceptance criteria, passages and the like.

Invariant: fixtures are replayed in memory; nothing is written and no tool runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.events import Record
from greenroom.core.inert import inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.coverage import Coverage, Covered
    from greenroom.regression.replay.replay import Build, Fixture

_NAMED = 12
"""Untouched things named of each kind; `--json` has all, with the fixtures that touch each of the others."""


async def coverage(asked: Invocation) -> Answer[Coverage]:
    """Exit 0, or with `--fail-under` 1 when less of everything is touched.

    Raises:
        UsageError: no fixtures, a percentage beyond 0..100, or the workspace is not trusted.
        FileInvalid: something of the workspace is broken.
    """
    from greenroom.assembly import replay_builder
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.assembly.inventory import inventory
    from greenroom.regression.coverage import measure
    from greenroom.regression.replay.wall import walled

    least = asked.number("fail_under")
    if least is not None and not 0 <= least <= 100:
        raise UsageError(f"--fail-under {least} is not a percentage", hint="0 to 100")
    workspace = asked.workspace()
    fixtures, notes = Fixtures(workspace).readable()
    with walled():
        there, files = inventory(workspace)
    build = replay_builder(workspace)
    passing = [one async for one in _passing(fixtures, build, notes)]
    found = measure(there, files, passing, SystemClock().now().date())
    short = least is not None and found.percent < least
    if short:
        notes.append(f"{found.percent:.1f} % is under {least} %")
    return answer(found, _lines(found), _data(found, len(passing)), notes=notes, exit_code=1 if short else 0)


async def _passing(
    fixtures: Sequence[Fixture], build: Build, notes: list[str]
) -> AsyncIterator[tuple[str, str, Sequence[Record]]]:
    """Fixture, persona and records of the replays that pass."""
    from greenroom.regression.coverage import traced

    for fixture in fixtures:
        outcome, records = await traced(fixture, build)
        if outcome.good:
            yield fixture.file, fixture.tape.persona, records
        else:
            notes.append(f"does not count: {fixture.file} {outcome.kind}: {outcome.line}")


def _lines(found: Coverage) -> Iterator[str]:
    from greenroom.regression.coverage import KINDS

    rows, named_below = [], []
    for kind in KINDS:
        things = found.of(kind)
        untouched = [one for one in things if not one.fixtures]
        if things:
            rows.append((kind, len(things), len(things) - len(untouched), len(untouched) or "-"))
        named_below += [f"untouched {kind}: {_names(untouched)}"] if untouched else []
    yield from table(("what", "total", "touched", "untouched"), rows)
    yield from ("", *named_below, "") if named_below else ()
    yield f"{found.percent:.1f} % is touched by a fixture that passes, on average over these kinds"


def _names(things: Sequence[Covered]) -> str:
    names = ", ".join(inert_line(one.name, 60) for one in things[:_NAMED])
    return f"{names} and {len(things) - _NAMED} more" if len(things) > _NAMED else names


def _data(found: Coverage, passing: int) -> dict[str, Json]:
    return {
        "percent": round(found.percent, 2),
        "passing_fixtures": passing,
        "things": [
            {"kind": one.kind, "name": one.name, "fixtures": list(one.fixtures), "where": one.where}
            for one in found.things
        ],
    }
