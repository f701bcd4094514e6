"""Fixtures on disk: listed, shown as a conversation, checked. Nothing here runs or writes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.fixture_story import story
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.replay.outcome import Outcome
    from greenroom.regression.replay.replay import Fixture


def list_all(asked: Invocation) -> Answer[list[tuple[str, Fixture | None]]]:
    """Every fixture: what it was recorded under and what it stands for. A broken one is listed with its problem."""
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.find import NOTHING_HERE, name_of

    fixtures = Fixtures(asked.workspace())
    found: list[tuple[str, Fixture | None]] = []
    rows: list[tuple[object, ...]] = []
    data: list[Json] = []
    for path in fixtures.paths():
        name = name_of(path)
        try:
            fixture = fixtures.load(path)
        except FileInvalid as error:
            found.append((name, None))
            rows.append((name, "broken", "", "", "", "", error.line()))
            data.append({"name": name, "problem": error.line()})
            continue
        found.append((name, fixture))
        rows.append(_row(name, fixture))
        data.append(_data(name, fixture))
    headers = ("fixture", "persona", "model", "turns", "expect", "tags", "why")
    notes = () if found else (NOTHING_HERE,)
    return answer(found, table(headers, rows, 36), data, notes=notes)


def show(asked: Invocation) -> Answer[Fixture]:
    """One fixture as a conversation with its verdicts and approvals, and what is expected of it.

    Raises:
        UsageError: there is no such fixture.
        FileInvalid: its tape or case is broken.
    """
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.find import name_of

    fixtures = Fixtures(asked.workspace())
    path = fixtures.paths([asked.text("name")])[0]
    fixture = fixtures.whole(path)
    data = _data(name_of(path), fixture)
    return answer(fixture, story(name_of(path), fixture), {**data, "events": list(fixture.tape.events)})


def check(asked: Invocation) -> Answer[list[tuple[str, Outcome]]]:
    """Whether files are whole, say what is expected of them, and were recorded under what holds today.

    Raises:
        UsageError: there is no such fixture.
    """
    from greenroom.assembly.fixtures import Fixtures
    from greenroom.regression.find import NOTHING_HERE, name_of
    from greenroom.workspace.trust import is_trusted

    workspace = asked.workspace()
    fixtures, trusted = Fixtures(workspace), is_trusted(workspace)
    found = [(name_of(path), fixtures.checked(path, stale=trusted)[0]) for path in fixtures.paths(asked.words("name"))]
    kinds = [outcome.kind for _, outcome in found]
    lines = [line for name, outcome in found if not outcome.good for line in _told(name, outcome)]
    good = kinds.count("passed")
    summary = tally(kinds) if good < len(found) else "all fine" if found else "none"
    lines.append(f"{counted(len(found), 'fixture')}: {summary}")
    notes = [] if found else [NOTHING_HERE]
    notes += [] if trusted else ["not trusted, so none of its code ran: whether they are stale was not looked at"]
    data = [{"name": name, "outcome": one.kind, "line": one.line, "reasons": list(one.reasons)} for name, one in found]
    return answer(found, lines, data, notes=notes, exit_code=exit_code(kinds))


def tally(kinds: Sequence[str]) -> str:
    """`3 passed, 1 stale`, worst last."""
    order = ("passed", "stale", "failed", "diverged", "error", "broken")
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in order if kind in kinds) or "none"


def exit_code(kinds: Sequence[str]) -> int:
    """4 where a model or service could not be used, 3 where a file is broken, 1 where something else did not pass."""
    return 4 if "error" in kinds else 3 if "broken" in kinds else int(any(kind != "passed" for kind in kinds))


def _told(name: str, outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.kind:<8} {name}: {outcome.line}"
    rows = outcome.detail.splitlines()
    yield from (f"         {row}" for row in rows if len(rows) > 1)


def _row(name: str, fixture: Fixture) -> tuple[object, ...]:
    tape, case = fixture.tape, fixture.case
    turns = sum("turn" in line for line in tape.events)
    expect = f"{case.expect}, {len(case.assert_)}" if case.assert_ else case.expect
    persona = str(tape.header.get("persona", ""))
    return name, persona, tape.model, turns, expect, " ".join(case.tags), case.why


def _data(name: str, fixture: Fixture) -> dict[str, Json]:
    tape, case = fixture.tape, fixture.case
    return {
        "name": name,
        "persona": tape.header.get("persona", ""),
        "model": tape.model,
        "turns": sum("turn" in line for line in tape.events),
        "expect": case.expect,
        "expectations": len(case.assert_),
        "tags": list(case.tags),
        "why": case.why,
        "digests": tape.digests,
    }
