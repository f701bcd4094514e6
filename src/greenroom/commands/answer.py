"""What a command comes to: a typed value, and the same thing as plain lines and as JSON, for any face to show.

Invariant: `lines` and `notes` hold nothing a terminal could obey.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from greenroom.core.inert import inert, inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.workspace.layout import Workspace

T = TypeVar("T")


@dataclass(frozen=True)  # with slots, `Answer[int](...)` fails before Python 3.13
class Answer(Generic[T]):
    """The outcome of a command.

    `lines` are the result for people, `notes` go beside it (stderr), `data` is the result for programs; with `stream`
    it is a list printed as JSON Lines. `exit_code` is 0 or what the result means to a script.
    """

    value: T
    lines: tuple[str, ...] = ()
    data: Json = None
    notes: tuple[str, ...] = ()
    stream: bool = False
    exit_code: int = 0


def answer(
    value: T,
    lines: Iterable[str] = (),
    data: Json = None,
    *,
    notes: Iterable[str] = (),
    stream: bool = False,
    exit_code: int = 0,
) -> Answer[T]:
    """An answer whose lines were made harmless."""
    shown = tuple(inert(line) for line in lines)
    return Answer(value, shown, data, tuple(inert(note) for note in notes), stream, exit_code)


class AsIs(str):
    """A cell whose spaces count, as those of a tree do; what others wrote is made inert by whoever puts it there."""

    __slots__ = ()


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], widest: int = 60) -> list[str]:
    """Columns under headers, each cell on one line; the last column is not cut."""
    last = len(headers) - 1
    cells = [
        [
            cell if isinstance(cell, AsIs) else inert_line(str(cell), 0 if at == last else widest)
            for at, cell in enumerate(row)
        ]
        for row in rows
    ]
    if not cells:
        return []
    widths = [max(len(row[at]) for row in [list(headers), *cells]) for at in range(len(headers))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [[header.upper() for header in headers], *cells]
    ]


def counted(number: int, noun: str) -> str:
    """`1 record`, `2 records`, `3 entries`."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


def from_here(workspace: Workspace, path: Path) -> str:
    """A path as it can be typed where the person stands; from the workspace's root where it does not lie below there."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else workspace.shown(path)
