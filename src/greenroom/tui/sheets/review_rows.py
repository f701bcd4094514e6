"""The fixtures of a workspace as rows of the review: by cause, each with its state, its diff folded away under it.

Invariant: a pure function of what a review found and what was accepted since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from greenroom.commands.answer import counted
from greenroom.commands.fixture.status import diff_of
from greenroom.core.inert import inert_line
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.text.runs import Line, Run, Tint, cell, wrapped

if TYPE_CHECKING:
    from greenroom.assembly.fixture.fixtures import Reviewed

_NAME, _HEADING = 34, 600
_ASIDE = 16
"""Cells of a heading's first row that are kept for the number of its fixtures."""
_BELOW = 4
"""Cells that stand before what is unfolded below a row."""
_TITLE = 78
"""As many as the title of a section can have."""
_SIGNS: dict[str, Tint] = {"~": "wait", "+": "good", "-": "bad"}
_ORDER = ("stale", "diverged", "failed", "error", "broken", "passed")
_HEADINGS = {
    "diverged": "diverged: something else happens than was recorded",
    "failed": "failed: an expectation does not hold",
    "error": "could not be run",
    "broken": "broken files",
    "passed": "passed",
}


def rows(
    found: Sequence[Reviewed], accepted: Mapping[str, str], unfolded: Collection[str], width: int = 110
) -> list[Entry]:
    """Headings and rows of so many cells; the ids of rows are `fixture:NAME`, those of headings `cause:FIRST NAME`."""
    out: list[Entry] = []
    room = min(max((len(one.name) for one in found), default=0), _NAME)
    for headings, concerned in grouped(found):
        out += _heading(headings, concerned, width)
        out += [
            _row(one, accepted.get(one.name, ""), f"fixture:{one.name}" in unfolded, room, width) for one in concerned
        ]
    notes = list(dict.fromkeys(note for one in found for note in one.notes))
    if notes:
        out.append(Entry("notes", "section", "worth knowing", aside="not stale"))
        out += [Entry(f"note:{note}", "row", head=(Run(note, "quiet"),)) for note in notes]
    return out or [Entry("none", "note", text="No fixture yet: x exports this session as one.")]


def _heading(causes: Sequence[str], concerned: Sequence[Reviewed], width: int) -> list[Entry]:
    """All that a group shares, whole, in as many rows as it takes; one cause stands under the other, and so do its changes."""
    room = min(max(width - _ASIDE, 24), _TITLE)
    lines = [
        line
        for at, cause in enumerate(causes)
        for line in wrap(
            cause,
            room if at == 0 else max(width - _BELOW, 24),
            subsequent_indent="  " * (1 + cause.startswith(" ")),
            break_on_hyphens=False,
        )
    ]
    id = f"cause:{concerned[0].name}"
    first = Entry(id, "section", lines[0] if lines else "", aside=counted(len(concerned), "fixture"))
    return [first, *(Entry(f"{id}:{n}", "row", head=(Run(line, "wait"),)) for n, line in enumerate(lines[1:], 2))]


def grouped(found: Sequence[Reviewed]) -> list[tuple[tuple[str, ...], list[Reviewed]]]:
    """Each fixture once: under all it is stale for, else under how it went; what needs a look comes first."""
    groups: dict[tuple[int, tuple[str, ...]], list[Reviewed]] = {}
    for one in found:
        kind = "stale" if one.outcome.changed and not one.outcome.good else one.outcome.kind
        causes = (one.outcome.changed or ("stale",)) if kind == "stale" else (_HEADINGS.get(kind, kind),)
        groups.setdefault((_ORDER.index(kind), tuple(causes)), []).append(one)
    order = sorted(groups, key=lambda key: (key[0], -len(groups[key]), key[1]))
    return [(tuple(_told(key[1], groups[key])), groups[key]) for key in order]


def _told(causes: Sequence[str], concerned: Sequence[Reviewed]) -> Iterator[str]:
    """A row for each cause, and for each of its changes where each has its own place."""
    from greenroom.regression.replay.outcome import place_in, placed_rows

    for at, cause in enumerate(causes):
        first, *rest = placed_rows(cause, place_in([one.outcome for one in concerned], cause))
        yield inert_line(f"and {first}" if at else first, _HEADING)
        yield from (f"  {inert_line(row, _HEADING)}" for row in rest)


def acceptable(one: Reviewed, accepted: Collection[str]) -> bool:
    """Whether its last run can be taken over as it is."""
    return one.run is not None and not (one.run.missing or one.failing or one.name in accepted)


def _row(one: Reviewed, accepted: str, unfolded: bool, room: int, width: int) -> Entry:
    state, tint = _state(one, accepted)
    head = (cell(one.name, room), Run("  "), Run(state, tint))
    body = () if accepted else tuple(_body(one, width))
    return Entry(f"fixture:{one.name}", "row", head=head, body=body, open=unfolded and bool(body))


def _state(one: Reviewed, accepted: str) -> tuple[str, Tint]:
    if accepted:
        return accepted, "good"
    if one.run is None:
        return ("", "quiet") if one.outcome.good else (one.outcome.line, "bad")
    if one.run.missing:
        return f"needs a live run: {one.run.missing[0]}", "bad"
    if one.failing:
        return f"an expectation fails: {one.failing[0]}", "bad"
    if one.otherwise:
        return f"{counted(one.otherwise, 'event')} otherwise", "wait"
    return "every event goes as recorded", "quiet"


def _body(one: Reviewed, width: int) -> list[Line]:
    if one.run is not None and one.fixture is not None:
        lines = [line.removeprefix("  ") for line in diff_of(one.fixture, one.run, told=one.outcome.changed)[1:]]
        failing = [(Run(f"fails: {failed}", "bad"),) for failed in one.failing]
        return [*failing, *(row for line in lines for row in _rows_of(line, width - _BELOW))]
    if one.outcome.good:
        return []
    detail = [line for line in one.outcome.detail.splitlines() if line != one.outcome.line]
    told = [Run(one.outcome.line, "bad"), *map(Run, detail)]
    return [row for line in told if line.text for row in wrapped((line,), width - _BELOW)]


def _rows_of(text: str, width: int) -> list[Line]:
    """A line of a diff in rows of so many cells; what goes on in another stands further in than its beginning."""
    tint = _SIGNS.get(text.strip()[:1], "quiet") if text.startswith("  ") else "strong"
    inner = " " * (len(text) - len(text.lstrip()) + 2)
    rows = wrap(text, max(width, 24), subsequent_indent=inner, break_on_hyphens=False)
    return [(Run(row, tint),) for row in rows]
