"""How a fixture went, and the limits on what is said about it.

Invariant: `line` is one line safe for a terminal; `detail` is at most 40 such lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from greenroom.core.cut import at_word
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.core.inert import inert, inert_line

DETAIL_LINES = 40
EACH = "; "
"""Between the changes of a cause, and between their places where each has its own."""
AND_ALSO = "; and "
"""Between the causes of an outcome that is told in one line."""
_AND_MORE = re.compile(r"(.*?)( and [0-9]+ more)", re.DOTALL)
_LABELLED = re.compile(r"((?:prompt|parameters): )(?:[0-9]+ edits: )?")
"""What begins the changes of a persona that are of a component of their own; it holds for those behind it too."""
DETAIL_WIDTH = 200
"""The most code points of a row of the detail."""
_LINE, _REASON = 400, 700
"""The most code points of the line, and of a reason, which pages and JUnit files show whole."""
Kind = Literal["passed", "failed", "diverged", "stale", "broken", "error"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`passed`, `failed` (an expectation), `diverged` (another event than recorded), `stale` (a component changed),
    `broken` (the file itself) or `error` (of a live run: a model or service, not the persona).

    `reasons` are the single causes, for counting over a suite; `tape_line` is the line of the tape it is about, from 1.
    `changed` is what changed since the recording, a cause each, whatever came of it; `effect` says what did where that is
    known: `same` (every event goes as recorded), `otherwise`, `stops` (the tape has no answer), or `fails` (an expectation).
    `places` are the files of the workspace that these causes stand in, one for each, '' where that is not known, and with
    `EACH` between them where each of several changes in a cause has its own.
    """

    kind: Kind
    line: str = ""
    detail: str = ""
    reasons: tuple[str, ...] = ()
    tape_line: int = 1
    changed: tuple[str, ...] = ()
    effect: str = ""
    places: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.kind == "passed"


def outcome(kind: Kind, line: str = "", detail: str = "", reasons: tuple[str, ...] = (), tape_line: int = 1) -> Outcome:
    """An outcome whose texts are made inert and cut to length."""
    rows = [_cut(inert(row)) for row in detail.splitlines()]
    if len(rows) > DETAIL_LINES:
        rows = [*rows[: DETAIL_LINES - 1], f"({len(rows) - DETAIL_LINES + 1} more lines)"]
    whole = tuple(at_word(inert_line(reason), _REASON) for reason in reasons)
    return Outcome(kind, at_word(inert_line(line), _LINE), "\n".join(rows), whole, tape_line)


def placed(cause: str, place: str, shown: str = "") -> str:
    """A cause with where in the workspace it stands, for people; as it is where that is not known, or said already.

    Where each change has a place of its own it stands behind that: `a 1 -> 2 (x.toml:3); b 3 -> 4 (:9)`. `shown` is the
    place as they would name it where it is told, if that is not in the workspace.
    """
    if EACH in place:
        return _each_placed(cause, (shown or place).split(EACH))
    file, _, line = places_of(place)[0].partition(":")
    said = re.search(rf"{re.escape(file)}:[0-9]", cause) if line else file in cause
    return cause if said else f"{cause} ({shown or place})"


def _each_placed(cause: str, places: list[str]) -> str:
    """Each change with its place, a file by its line alone where it is the one before; all at the end where the changes
    cannot be told apart, because what is told has a semicolon.
    """
    changes = cause.split(EACH)
    if len(changes) != len(places):
        return f"{cause} ({', '.join(dict.fromkeys(places))})"
    told, before = [], ""
    for change, place in zip(changes, places, strict=True):
        file, _, line = place.rpartition(":")
        cut = _AND_MORE.fullmatch(change)
        kept, more = cut.groups() if cut else (change, "")
        told.append(f"{kept} ({f':{line}' if file and file == before else place}){more}")
        before = file
    return EACH.join(told)


def placed_rows(cause: str, place: str, shown: str = "") -> list[str]:
    """A cause with where it stands, in a row for each of its changes where each has its own place.

    `policy: a 1 -> 2 (x.toml:3)` is one row; of two changes the first row is what both are of: `policy: 2 changes`,
    `a 1 -> 2 (x.toml:3)`, `b 3 -> 4 (x.toml:9)`.
    """
    places, changes = (shown or place).split(EACH), cause.split(EACH)
    whose, colon, first = changes[0].partition(": ")
    if EACH not in place or len(places) != len(changes) or not colon:
        return [placed(cause, place, shown)]
    of, rows = "", []
    for change, at in zip([first, *changes[1:]], places, strict=True):
        if labelled := _LABELLED.match(change):
            of = labelled[1]
            change = change[labelled.end() :]  # noqa: PLW2901  without how many edits there are: they stand below one another
        kept, more = cut.groups() if (cut := _AND_MORE.fullmatch(change)) else (change, "")
        rows.append(f"{of}{kept} ({at}){more}")
    left_out = _AND_MORE.fullmatch(changes[-1])
    number = len(changes) + (int(re.sub(r"[^0-9]", "", left_out[2])) if left_out else 0)
    return [f"{whose}: {number} changes", *rows]


def places_of(place: str) -> list[str]:
    """The single places of one, the first first."""
    return place.split(EACH if EACH in place else ", ")


def place_in(found: Iterable[Outcome], cause: str) -> str:
    """Where in the workspace a cause stands that outcomes share, '' where none of them knows."""
    pairs = (pair for one in found for pair in zip(one.changed, one.places, strict=False))
    return next((place for told, place in pairs if told == cause and place), "")


def _cut(row: str) -> str:
    """A row of at most the width, cut between words where there are any near its end."""
    if len(row) <= DETAIL_WIDTH:
        return row
    kept = row[: DETAIL_WIDTH - 2]
    word = kept.rfind(" ")
    return f"{kept[:word] if word > DETAIL_WIDTH - 40 else kept} …"


def broken(error: GreenroomError, tape: str = "") -> Outcome:
    """The outcome of a file that cannot be used. `tape` is what errors call the fixture's own: a line of it is told."""
    where = error.where if isinstance(error, FileInvalid) else ""
    digits = where.removeprefix(f"{tape}:").partition(" ")[0]
    own = bool(tape) and where.startswith(f"{tape}:") and digits.isdecimal()
    return outcome("broken", error.line(), tape_line=int(digits) if own else 1)
