"""How all fixtures go today, folded by cause, and what their last runs changed, event by event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.fixture import exit_code, tally
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.assembly.fixtures import Fixtures, Reviewed
    from greenroom.regression.accept.last_run import LastRun
    from greenroom.regression.replay.replay import Fixture

DIFF_LINES = 40
_NAMES = 3
_PROGRESS = 200
"""Fixtures after which it is said how far the replay has come."""


async def status(asked: Invocation) -> Answer[list[Reviewed]]:
    """Replay fixtures offline: how they go, one line a cause, and what could be taken over.

    Raises:
        UsageError: there is no such fixture, or the workspace is not trusted.
    """
    from greenroom.assembly.fixtures import Fixtures, review
    from greenroom.regression.find import NOTHING_HERE

    def told(done: int, of: int) -> None:
        if of > _PROGRESS and done % _PROGRESS == 0 and asked.face is not None:
            asked.face.note(f"{done} of {of}")

    found = await review(Fixtures(asked.workspace()), asked.words("name"), told)
    kinds = [one.outcome.kind for one in found]
    notes = () if found else (NOTHING_HERE,)
    return answer(found, summary(found), [_data(one) for one in found], notes=notes, exit_code=exit_code(kinds))


def summary(found: Sequence[Reviewed]) -> list[str]:
    """The counts, then each cause once with the fixtures it concerns, then what to do about it."""
    from greenroom.assembly.fixtures import by_cause

    lines = [f"{counted(len(found), 'fixture')}: {tally([one.outcome.kind for one in found])}"]
    for cause, concerned in by_cause(found):
        lines += ["", f"stale     {cause}; {counted(len(concerned), 'fixture')}", f"          {_names(concerned)}"]
        lines.append(f"          {_behave(concerned)}")
    lines += _not_passed(found)
    lines += [
        line
        for note, concerned in _by_note(found)
        for line in ("", f"note      {note}; {counted(concerned, 'fixture')}")
    ]
    return [*lines, *_what_now(found)]


def _not_passed(found: Sequence[Reviewed]) -> Iterator[str]:
    """Each once; those that went wrong for the very same reason, such as a persona that cannot be read, together."""
    groups: dict[tuple[str, str], list[Reviewed]] = {}
    for one in found:
        if one.outcome.kind not in ("passed", "stale"):
            groups.setdefault((one.outcome.kind, one.outcome.line), []).append(one)
    for (kind, line), concerned in groups.items():
        yield ""
        if len(concerned) == 1:
            yield f"{kind:<9} {concerned[0].name}: {line}"
        else:
            yield from (f"{kind:<9} {line}; {counted(len(concerned), 'fixture')}", f"          {_names(concerned)}")


def diff(asked: Invocation) -> Answer[list[LastRun]]:
    """What the last runs changed: by component, then one line an event, at most 40 lines a fixture.

    Exit 3 where a fixture is broken, so that there is nothing to compare.

    Raises:
        UsageError: there is no such fixture.
    """
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.find import name_of

    fixtures = Fixtures(asked.workspace())
    found: list[LastRun] = []
    lines: list[str] = []
    data: list[Json] = []
    notes: list[str] = []
    for path in fixtures.paths(asked.words("name")):
        run = fixtures.runs.find(name_of(path))
        if run is None:
            continue
        try:
            fixture = fixtures.whole(path)
        except FileInvalid as error:
            notes.append(error.line())
            continue
        found.append(run)
        lines += [*([""] if lines else []), *diff_of(fixture, run)]
        data.append(_diff_data(fixture, run))
    broken = bool(notes)
    if not found and not broken:
        notes.append(nothing_differed(fixtures))
    return answer(found, lines, data, notes=notes, exit_code=3 if broken else 0)


def nothing_differed(fixtures: Fixtures) -> str:
    """Why there is no last run to show or to take over."""
    from greenroom.regression.find import NOTHING_HERE

    if not fixtures.paths():
        return NOTHING_HERE
    return "nothing differed in the last run; pytest or greenroom fixture status replays the fixtures"


def diff_of(fixture: Fixture, run: LastRun, most: int = DIFF_LINES) -> list[str]:
    """Recorded against last run, in at most so many lines."""
    from greenroom.regression.accept.accept import causes
    from greenroom.regression.accept.tape_diff import changes_between

    lines = [f"{run.name}: {run.kind}"]
    if not run.is_of(fixture.tape):
        lines.append("  its tape changed since it was replayed: replay it again")
    lines += [f"  {cause}" for cause in causes(fixture.tape, run.tape, fixture.parts, run.parts)]
    turn = 0
    changes = changes_between(fixture.tape.events, run.tape.events)
    # What the tape cannot answer ends the replay: all that was recorded after it is missing for that one reason.
    for change in (one for one in changes if one.new is not None or not run.missing):
        if change.turn != turn:
            turn = change.turn
            lines.append(f"  turn {turn}")
        lines.append(f"    {change.told}")
    if not changes:
        lines.append("  every event goes as recorded")
    lines += [f"  not on the tape: {one}" for one in run.missing]
    if len(lines) > most:
        kept = most - 1 - len(run.missing)
        lines = [
            *lines[:kept],
            f"  ({len(lines) - kept - len(run.missing)} more lines)",
            *lines[len(lines) - len(run.missing) :],
        ]
    return lines


def _names(concerned: Sequence[Reviewed]) -> str:
    more = f" and {len(concerned) - _NAMES} more" if len(concerned) > _NAMES else ""
    return ", ".join(one.name for one in concerned[:_NAMES]) + more


def _behave(concerned: Sequence[Reviewed]) -> str:
    """Whether the change makes a difference to what happens."""
    other = [one for one in concerned if one.otherwise]
    if not other:
        return "every event goes as recorded all the same"
    if len(other) == len(concerned):
        return "not every event goes as recorded" + (" in any of them" if len(other) > 1 else "")
    same = len(concerned) - len(other)
    return (
        f"not every event goes as recorded in {_names(other)}; {counted(same, 'other')} {'do' if same > 1 else 'does'}"
    )


def _by_note(found: Sequence[Reviewed]) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for one in found:
        for note in one.notes:
            counts[note] = counts.get(note, 0) + 1
    yield from counts.items()


def _what_now(found: Sequence[Reviewed]) -> Iterator[str]:
    runs = [one for one in found if one.run is not None]
    if not runs:
        return
    yield ""
    ready = [one for one in runs if not (one.failing or (one.run and one.run.missing))]
    if ready:
        yield f"what now  {counted(len(ready), 'new tape')}: greenroom fixture diff, then greenroom fixture accept"
    stuck = [one for one in runs if one not in ready]
    for one in stuck[:_NAMES]:
        why = one.run.missing[0] if one.run and one.run.missing else f"an expectation fails: {one.failing[0]}"
        yield f"{'          ' if ready or one is not stuck[0] else 'what now  '}{one.name} is not accepted as it is: {why}"
    if len(stuck) > _NAMES:
        yield f"          and {len(stuck) - _NAMES} more are not; greenroom fixture accept says why of each"


def _data(one: Reviewed) -> dict[str, Json]:
    return {
        "name": one.name,
        "outcome": one.outcome.kind,
        "line": one.outcome.line,
        "reasons": list(one.outcome.reasons),
        "events_otherwise": one.otherwise,
        "missing": list(one.run.missing) if one.run else [],
        "failing": list(one.failing),
        "notes": list(one.notes),
    }


def _diff_data(fixture: Fixture, run: LastRun) -> dict[str, Json]:
    from greenroom.regression.accept.accept import causes
    from greenroom.regression.accept.tape_diff import changes_between

    return {
        "name": run.name,
        "outcome": run.kind,
        "causes": list(causes(fixture.tape, run.tape, fixture.parts, run.parts)),
        "changes": [
            {"turn": one.turn, "about": list(one.aspects), "recorded": one.recorded, "new": one.new}
            for one in changes_between(fixture.tape.events, run.tape.events)
        ],
        "missing": list(run.missing),
    }
