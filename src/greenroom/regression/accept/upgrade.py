"""Tapes of earlier formats written anew in today's: the events are the ones that were replayed, and nothing is decided again.

Invariant: a tape is replaced whole or not at all, and only by one that reads as the very tape that passed its replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom.core.errors import CheckFailed, FileInvalid
from greenroom.regression.tape.file_name import require_fit
from greenroom.regression.tape.parts import write_whole
from greenroom.regression.tape.tape import MAX_BYTES, Tape, format_of, read, write
from greenroom.regression.tape.versions import VERSION
from greenroom.workspace.own_file import read_regular


@dataclass(frozen=True, slots=True)
class Before:
    """A tape's file as it was looked at: its bytes, and the format they are of."""

    path: Path
    data: bytes
    version: int

    @property
    def old(self) -> bool:
        """Whether it is of an earlier format than today's."""
        return self.version < VERSION


def look(path: Path) -> Before:
    """The file of a tape, of which only the format is looked at.

    Raises:
        FileInvalid: it cannot be read, or is no tape of a format that is known here.
    """
    try:
        data = read_regular(require_fit(path), MAX_BYTES)
    except OSError as error:
        hint = "it is written anew where it lies" if path.is_symlink() else ""
        problem = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise FileInvalid(f"cannot be written anew: {problem}", where=path.name, hint=hint) from None
    return Before(path, data, format_of(data, path.name))


def upgrade(before: Before, replayed: Tape) -> None:
    """Write the tape that passed its replay in the place of the one it was read from.

    Raises:
        CheckFailed: the file is another by now; it is left alone.
        FileInvalid: it cannot be read any more.
        DiskFailed: it could not be written; the old file is untouched.
    """
    fresh = write(replayed)
    again = read(fresh, before.path.name)
    if again != replayed or read(before.data, before.path.name) != replayed or look(before.path).data != before.data:
        raise CheckFailed(f"{before.path.name} changed while it was replayed", hint="try again", code="upgrade.changed")
    write_whole(before.path, fresh)
