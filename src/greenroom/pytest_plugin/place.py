"""Where a person has to look: the expectation in the case, the file of the workspace, or the event on the tape.

Invariant: a place that cannot be told is the tape's first line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from greenroom.pytest_plugin.told import Told, causes
from greenroom.regression.replay.outcome import AND_ALSO, EACH, places_of

_BEGINNINGS = ("since: ", "and: ", "stale: ")
"""What stands before a cause in what is said of a fixture."""
TAPE, CASE = ".tape.jsonl", ".case.toml"
_FILE_AND_LINE = re.compile(r"(?P<file>[^\s:]{1,200}):(?P<line>[0-9]{1,6})\b")
_SETTINGS = "greenroom.toml"


def place_of(told: Told) -> tuple[str, int]:
    """Path and line, from 1."""
    if told["kind"] == "failed" and (line := _line_in_case(told)):
        return told["path"].removesuffix(TAPE) + CASE, line
    if told["kind"] == "broken" and (named := _named(told)):
        return named
    return told["path"], told["tape_line"]


def changed_at(tape: str, place: str) -> tuple[str, int] | None:
    """Path and line of what changed in the workspace of a tape, by the first of its places (`policies/support.toml:31`)."""
    root, (file, _, line) = workspace_of(tape), places_of(place)[0].partition(":")
    if root is None or not file or not (root / file).is_file():
        return None
    return str(root / file), int(line) if line.isdecimal() else 1


def placed_line(told: Told, line: str) -> str:
    """What is said of a fixture in one `line`, with where: what changed with its place in the workspace, and a file with
    the folder it lies in.
    """
    if told["kind"] == "broken":
        return causes(told)[0]
    if told["kind"] == "stale" and told["changed"] and line.startswith(told["changed"][0]):
        return AND_ALSO.join(placed_row(told, one) for one in told["changed"])
    return line


def placed_row(told: Told, row: str) -> str:
    """A row of what is said of a fixture; a cause with where it stands, from where pytest was started."""
    begun, cause = _parted(row)
    if cause not in told["changed"]:
        return row
    from greenroom.pytest_plugin.summary import with_place

    return f"{begun}{with_place(cause, [told])}"


def placed_rows_of(told: Told, row: str) -> list[str]:
    """The same with a row for each change of a cause, each begun as the row is; what failed too with its line in the case."""
    begun, cause = _parted(row)
    if told["kind"] == "failed" and begun == "and: ":
        return [_with_expectation(told, row, cause)]
    if cause not in told["changed"]:
        return [row]
    from greenroom.pytest_plugin.together import change_rows

    first, *rest = change_rows(cause, [told])
    return [f"{begun}{first}", *(f"  {one}" for one in rest)]


def _with_expectation(told: Told, row: str, failed: str) -> str:
    from greenroom.regression.case import case_path, place_of_assertion
    from greenroom.regression.replay.outcome import placed

    place = place_of_assertion(case_path(Path(told["path"])), failed)
    return placed(row, place) if place else row


def _parted(row: str) -> tuple[str, str]:
    """How a row begins, and what it says."""
    begun = next((one for one in _BEGINNINGS if row.startswith(one)), "")
    return begun, row.removeprefix(begun)


def shown_place(told: Told, place: str) -> str:
    """Places in the workspace of a fixture as a person would name them from where pytest was started."""
    root = workspace_of(told["path"])
    inner = str(Path(told["path"]).relative_to(root)) if root else ""
    if not (inner and told["shown"].endswith(inner)):
        return place
    before = told["shown"].removesuffix(inner)
    return (EACH if EACH in place else ", ").join(f"{before}{one}" for one in places_of(place))


def _line_in_case(told: Told) -> int:
    """The line at which the expectation that a failure names begins; 0 where that cannot be told."""
    from greenroom.regression.case import case_path, line_of_assertion

    return line_of_assertion(case_path(Path(told["path"])), told["line"])


def _named(told: Told) -> tuple[str, int] | None:
    """The file that a broken fixture's line begins with: beside its tape, or one of its workspace."""
    found = _FILE_AND_LINE.match(told["line"])
    if found is None:
        return None
    for folder in (Path(told["path"]).parent, workspace_of(told["path"])):
        if folder is not None and (file := folder / found["file"]).is_file():
            return str(file), int(found["line"])
    return None


@lru_cache(maxsize=256)
def workspace_of(tape: str) -> Path | None:
    """The nearest folder upward that is a workspace."""
    return next((one for one in Path(tape).parents if (one / _SETTINGS).is_file()), None)
