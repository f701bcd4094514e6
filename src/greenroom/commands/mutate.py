"""What the suite is worth: what governs is changed one thing at a time, and the fixtures say whether they notice.

Invariant: everything happens in memory; nothing of the workspace is written and none of its tools run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation, listed
from greenroom.core.clock import SystemClock
from greenroom.core.errors import CheckFailed, GreenroomError, UsageError
from greenroom.core.inert import inert_line

if TYPE_CHECKING:
    from greenroom.regression.mutation.mutant import Kind
    from greenroom.regression.mutation.report import Report
    from greenroom.regression.mutation.run import Result, Run
    from greenroom.regression.mutation.suite import Suite
    from greenroom.regression.replay.replay import Fixture

LIMIT = 2_000
INTERRUPTED = 130
_SHOWN = 8
"""Survivors named under each thing that would notice them; `--json` has all."""

_EVERY = 2.0
"""Seconds between two lines of progress."""


async def mutate(asked: Invocation) -> Answer[Report]:
    """Change persona, prompt, policy, tools and the recorded world one thing at a time, and say what the suite notices.

    Raises:
        UsageError: no such fixture or kind, a limit below one, or the workspace is not trusted.
        FileInvalid: something of the workspace is broken.
        CheckFailed: no fixture passes, so nothing can be measured.
    """
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.assembly.grounds import grounds
    from greenroom.regression.mutation import report as reports
    from greenroom.regression.mutation.run import run
    from greenroom.regression.mutation.suite import Suite, chosen

    workspace, kinds, limit = asked.workspace(), _kinds(asked.text("kinds")), asked.number("limit")
    limit = LIMIT if limit is None else limit
    if limit < 1:
        raise UsageError(f"--limit {limit} leaves nothing to run", hint="one or more")
    fixtures, notes = Fixtures(workspace).readable(asked.words("name"))
    ground_of = grounds(workspace)
    passing = [one async for one in _passing(Suite(fixtures, ground_of), notes)]
    if not passing:
        raise CheckFailed("no fixture passes, so there is nothing to measure", hint="; ".join(notes[:3]))
    suite = Suite(passing, ground_of)
    taken, total = chosen(suite.mutants(kinds), limit, asked.number("seed") or 0)
    done = await run(suite, taken, _progress(asked, len(taken)))
    found = reports.report(done, passing, kinds, whole=len(taken) == total)
    if len(taken) < total:
        notes.append(f"{len(taken)} of {total} mutants drawn; --limit {total} runs all")
    code = INTERRUPTED if done.interrupted else 0
    return answer(found, _lines(found), reports.data(found), notes=notes, exit_code=code)


def _kinds(text: str) -> tuple[Kind, ...]:
    from greenroom.regression.mutation.mutant import KINDS

    words = listed(text, KINDS, "is not a kind of mutant")
    return tuple(kind for kind in KINDS if kind in words or not words)


async def _passing(suite: Suite, notes: list[str]) -> AsyncIterator[Fixture]:
    from greenroom.regression.mutation.suite import replayed

    for fixture in suite.fixtures:
        try:
            outcome = await replayed(fixture, suite.ground(fixture))
        except GreenroomError as error:
            if error.code == "trust.missing":
                raise
            notes.append(f"left out: {fixture.file}: {error.line()}")
            continue
        if outcome.good:
            yield fixture
        else:
            notes.append(f"left out: {fixture.file} {outcome.kind}: {outcome.line}")


def _progress(asked: Invocation, total: int) -> Callable[[int, Run], None]:
    """Says now and then how far it is."""
    clock, face = SystemClock(), asked.face
    last = clock.monotonic()

    def told(done: int, run: Run) -> None:
        nonlocal last
        if face is not None and clock.monotonic() - last >= _EVERY:
            last = clock.monotonic()
            survived = sum(one.state == "survived" for one in run.results)
            face.note(f"  {done}/{total} mutants, {survived} survived")

    return told


def _lines(found: Report) -> Iterator[str]:
    yield from _survivors(found.gaps)
    for one in found.hollow:
        yield f"hollow: {one.fixture}: {one.why}"
    if found.hollow:
        yield ""
    rows = [
        (
            one.kind,
            one.caught,
            one.survived,
            "-" if one.percent is None else f"{one.percent} %",
            one.digest,
            one.irrelevant,
        )
        for one in found.scores
    ]
    yield from table(("kind", "caught", "survived", "score", "by digest only", "irrelevant"), rows)
    yield from _remarks(found)


def _survivors(gaps: Sequence[tuple[str, tuple[Result, ...]]]) -> Iterator[str]:
    for hint, results in gaps:
        yield f"would be noticed by {hint}:"
        for one in results[:_SHOWN]:
            tested = f"  [noticed by the policy test '{inert_line(one.tested, 80)}']" if one.tested else ""
            yield f"  survived: {one.mutant.name}{tested}"
        if len(results) > _SHOWN:
            yield f"  and {len(results) - _SHOWN} more"
    if gaps:
        yield ""


def _remarks(found: Report) -> Iterator[str]:
    """What is beside the scores, and why."""
    stale = sum(bool(one.stale) for one in found.of("survived"))
    if stale:
        told = counted(stale, "survivor")
        yield f"{told} would be reported as stale: that something changed, and not what comes of it"
    silent = [one for one in found.of("digest") if one.mutant.silent]
    for why in dict.fromkeys(one.mutant.silent for one in silent):
        told = counted(sum(one.mutant.silent == why for one in silent), "change")
        yield f"{told} by digest only, as stale: each {why}"
    said = sum(not one.mutant.silent for one in found.of("digest"))
    if said:
        yield f"{counted(said, 'change')} by digest only, as a broken tape: recorded words or costs that no expectation reads"
    if found.run.invalid or found.run.equal:
        yield f"not counted: {found.run.invalid} that the loaders refuse, {found.run.equal} that change nothing"
    if found.run.interrupted:
        yield f"interrupted: {found.run.untried} mutants were not run"
