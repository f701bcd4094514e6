"""A tape's file name, which every face shows and which reports and annotations go by.

Invariant: a name that passes holds nothing that a terminal, a log of one line a message or a file in UTF-8 takes for
something else.
"""

from __future__ import annotations

from pathlib import Path

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert, inert_line

_UNFIT = "a fixture's file name cannot hold line ends or characters that a terminal hides or obeys"


def unfit(path: Path) -> str:
    """Why a tape of this name is not looked at, in one harmless line; '' if it is."""
    name = path.name
    plain = inert(name) == name and not {"\n", "\t"} & {*name}
    return "" if plain else f"{shown_name(name)[:80]}: {_UNFIT}"


def shown_name(name: str) -> str:
    """A file's name as it may be shown: what a terminal hides or obeys stands as its code, so that it can be found."""
    return inert(name).replace("\n", "\\n").replace("\t", "\\t")


def harmless(path: Path) -> Path:
    """The path as it may be shown."""
    return Path(inert_line(str(path)))


def require_fit(path: Path) -> Path:
    """The path itself.

    Raises:
        FileInvalid: its name is not fit to be shown.
    """
    if unfit(path):
        raise FileInvalid(_UNFIT, where=shown_name(path.name)[:80], hint="rename it", code="fixture.name")
    return path
