"""How fixtures developed over the suites and live runs kept in the workspace: `fixture trend`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.regression.suite.trend import REPLAYED

if TYPE_CHECKING:
    from greenroom.regression.suite.trend import Point, Trend

_EARLY = "failed@1/3: stopped early, decided after 1 of 3 runs, which is no rate; --repeat N makes all runs"
_NEWEST = 8
"""How many points a row shows; a fixture by name shows all."""


def trend(asked: Invocation) -> Answer[tuple[Trend, ...]]:
    """One row for each fixture, persona and model, newest run last; with a fixture's name, one row for each point.

    Raises:
        UsageError: nothing is kept of a fixture of that name.
    """
    from greenroom.regression.live.history import History
    from greenroom.regression.suite.journal import kept
    from greenroom.regression.suite.trend import trends

    workspace, fixture = asked.workspace(), asked.text("fixture")
    suites, entries = kept(workspace.state), History(workspace.state).entries()
    found = trends(suites, entries, fixture)
    if fixture and not found:
        known = sorted({one.fixture for one in trends(suites, entries)})
        hint = suggest(fixture, known) if known else "greenroom fixture matrix, or pytest --greenroom-live"
        raise UsageError(f"no run of '{fixture}' is kept", hint=hint, code="fixture.unknown")
    notes = (
        ["nothing is kept yet: greenroom fixture matrix, or pytest --greenroom-live, keeps runs"] if not found else []
    )
    if any(point.early for one in found for point in one.points):
        notes.append(_EARLY)
    return answer(found, _points(found) if fixture else _rows(found), [_data(one) for one in found], notes=notes)


def _rows(found: Sequence[Trend]) -> list[str]:
    rows = []
    for one in found:
        newest = one.points[-_NEWEST:]
        more = "… " if len(one.points) > _NEWEST else ""
        since = newest[0].at[:10] if newest[0].at[:10] != newest[-1].at[:10] else ""
        dates = f"{since}..{newest[-1].at[:10]}" if since else newest[-1].at[:10]
        runs = more + " ".join(point.told for point in newest)
        rows.append((one.fixture, one.persona, one.model, runs, dates, _marks(newest)))
    return table(("fixture", "persona", "model", "runs", "dates", "personas"), rows, 40)


def _marks(points: Sequence[Point]) -> str:
    """The personas in the order they came, each once in a row: `1.2.0 #a1b2c3d4 > 1.3.0 #0f9e8d7c`."""
    shown: list[tuple[str, str]] = []
    for point in points:
        version, mark = point.persona.partition("@")[2], point.mark
        if shown and shown[-1][0] == version and (not mark or shown[-1][1] in ("", mark)):
            shown[-1] = version, mark or shown[-1][1]  # a live run keeps no digest: of a version it says nothing new
        else:
            shown.append((version, mark))
    return " > ".join(f"{version} #{mark}" if mark else version for version, mark in shown)


def _points(found: Sequence[Trend]) -> list[str]:
    rows = [
        (
            point.at[:16].replace("T", " "),
            one.persona,
            one.model,
            point.told,
            *_measures(one, point),
            point.persona,
            point.mark or "-",
            point.suite or "live run",
        )
        for one in found
        for point in one.points
    ]
    heads = ("at", "persona", "model", "passed", "pass^k", "ms", "usd", "as", "digest", "suite")
    return table(heads, rows, 32)


def _measures(one: Trend, point: Point) -> tuple[object, object, object]:
    """pass^k, time and money; a replay has none of them."""
    if one.model == REPLAYED:
        return "-", "-", "-"
    pass_k = "-" if point.pass_k is None else f"{point.pass_k:.2f}"
    took = "-" if point.milliseconds is None else point.milliseconds
    return pass_k, took, f"{point.micro_usd / 1_000_000:.4f}"


def _data(one: Trend) -> Json:
    return {
        "fixture": one.fixture,
        "persona": one.persona,
        "model": one.model,
        "points": [
            {
                "at": point.at,
                "suite": point.suite,
                "persona": point.persona,
                "digest": point.mark,
                "runs": point.runs,
                "passed": point.passed,
                "early": bool(point.early),
                "pass_k": point.pass_k,
                "milliseconds": point.milliseconds,
                "micro_usd": point.micro_usd,
            }
            for point in one.points
        ],
    }
