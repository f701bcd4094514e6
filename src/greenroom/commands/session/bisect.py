"""The version of a persona, or the commit of the workspace, that changed how a session goes: `session bisect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.assembly.variants.bisecting import Search
    from greenroom.regression.bisect.search import Tried
    from greenroom.workspace.layout import Workspace

_FILES = 5
"""Files named of a commit; of more, how many."""


async def bisect(asked: Invocation) -> Answer[Search]:
    """Run a session again under versions between a good and a bad one until the first bad one is known.

    Raises:
        UsageError: no such session, fixture, version or commit, or the workspace is not trusted.
        CheckFailed: the good one is not good, or the bad one not bad.
        KillSwitchThrown: everything is stopped.
    """
    from greenroom.assembly.variants.bisecting import Bisecting, Wanted
    from greenroom.regression.live import LiveOptions
    from greenroom.regression.live.options import money

    options = LiveOptions(model=asked.text("model"), repeat=asked.number("repeat") or 0, usd=money(asked.text("usd")))
    missing = [name for name in ("good", "bad", "expect") if not asked.text(name)]
    if missing:
        raise UsageError(f"--{missing[0]} is missing", hint="--good aria@1.1.0 --bad aria --expect FIXTURE")
    wanted = Wanted(asked.text("session"), asked.text("good"), asked.text("bad"), asked.text("expect"), options)
    workspace = asked.workspace()
    bisecting = Bisecting(workspace, wanted, trusting=asked.flag("trust"))
    names = _names(workspace, bisecting.points.names, commits=bisecting.points.commits)
    between = len(names) - 2

    def told(tried: Tried) -> None:
        if asked.face is not None:
            asked.face.note(_line(tried, names))

    if asked.face is not None:
        asked.face.note(f"{counted(between, 'version')} between the good and the bad one")
    found = await bisecting.run(told)
    return answer(found, _lines(found, names), _data(found))


def _names(workspace: Workspace, points: tuple[str, ...], *, commits: bool) -> dict[str, str]:
    """What people call each point."""
    from greenroom.assembly.variants.commits import described

    return {point: described(workspace, point) if commits else inert_line(point, 80) for point in points}


def _line(tried: Tried, names: dict[str, str]) -> str:
    line = f"{tried.judgement:<8}  {names[tried.point]}"
    return line if tried.judgement == "good" or not tried.line else f"{line}: {inert_line(tried.line, 160)}"


def _lines(search: Search, names: dict[str, str]) -> list[str]:
    found = search.found
    lines = [f"first bad: {names[found.first_bad]}", f"last good: {names[found.last_good]}"]
    if found.unjudged:
        lines.append(f"not judged, and as likely the first bad one: {', '.join(names[one] for one in found.unjudged)}")
    bad = next(tried for tried in found.tried if tried.point == found.first_bad)
    lines.append(f"it goes wrong so: {bad.outcome}{f', {inert_line(bad.line, 200)}' if bad.line else ''}")
    lines.append(f"what changed: {_changed(search)}")
    spent = sum(tried.micro_usd for tried in found.tried)
    return [*lines, f"{counted(len(found.tried), 'version')} run, {spent / 1_000_000:.4f} USD"]


def _changed(search: Search) -> str:
    from greenroom.commands.live.reloading import changes

    told = changes(search.before, search.after)
    if not search.points.commits:
        return told or "nothing of the contract"
    named = [inert_line(name, 80) for name in search.files[:_FILES]]
    more = [f"{len(search.files) - _FILES} more"] if len(search.files) > _FILES else []
    return "; ".join(part for part in (told, f"in {', '.join([*named, *more])}") if part)


def _data(search: Search) -> Json:
    from greenroom.commands.live.reloading import changes

    found = search.found
    return {
        "kind": "commit" if search.points.commits else "version",
        "first_bad": found.first_bad,
        "last_good": found.last_good,
        "unjudged": list(found.unjudged),
        "changed": changes(search.before, search.after),
        "files": list(search.files),
        "tried": [
            {
                "point": tried.point,
                "judgement": tried.judgement,
                "outcome": tried.outcome,
                "line": tried.line,
                "micro_usd": tried.micro_usd,
            }
            for tried in found.tried
        ],
    }
