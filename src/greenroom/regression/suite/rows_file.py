"""A file of whole lines that one process at a time goes on with: what a batch was asked, and what each run came to.

Invariant: a line is on the disk before `append` returns; a torn last line is passed over and destroys no other.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import orjson
from filelock import FileLock, Timeout

from greenroom.core.errors import DiskFailed, FileInvalid, UsageError
from greenroom.core.values import Frozen
from greenroom.workspace.own_file import open_own, read_own, require_own_folder

H = TypeVar("H", bound=Frozen)
R = TypeVar("R", bound=Frozen)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_BYTES = 400_000_000
SUFFIX = ".jsonl"


class Held(Generic[H, R]):
    """Header and rows of such a file, held by its `lock` for as long as a batch runs: `with ... as journal`."""

    def __init__(self, path: Path, header: H, rows: tuple[R, ...], lock: FileLock) -> None:
        self.header = header
        self.rows = list(rows)
        self._path = path
        self._lock = lock

    def append(self, row: R) -> None:
        """Put down one more run.

        Raises:
            DiskFailed: it could not be written.
        """
        append(self._path, row)
        self.rows.append(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


def path_of(folder: Path, name: str, noun: str) -> Path:
    """Where the file of `name` lies; `noun` is what such a file is called to people.

    Raises:
        UsageError: that is no name.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a {noun}", hint="letters, digits, '.', '_' and '-'", code=f"{noun}.name"
        )
    return folder / f"{name}{SUFFIX}"


def names(folder: Path) -> list[str]:
    """What there is in a folder, by name."""
    found = [path.name.removesuffix(SUFFIX) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    return [name for name in found if _NAME.fullmatch(name)]


def fresh_name(folder: Path, stamp: str) -> str:
    """A name from a stamp, such as 20261128-101500, that nothing in a folder has yet."""
    name, taken = stamp[:19].replace("-", "").replace(":", "").replace("T", "-"), names(folder)
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 1_000))) if one not in taken)


def locked(path: Path, noun: str) -> FileLock:
    """The lock of a file, held.

    Raises:
        UsageError: another process has it.
        DiskFailed: its folder cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        require_own_folder(path.parent)
        lock = FileLock(path.with_suffix(".lock"), mode=0o600, timeout=0)
        lock.acquire()
    except Timeout:
        name = path.name.removesuffix(SUFFIX)
        raise UsageError(f"another process runs the {noun} '{name}'", hint="wait for it", code=f"{noun}.busy") from None
    except OSError as error:
        raise DiskFailed(f"could not write in {path.parent.name}: {error.strerror or error}") from None
    return lock


def append(path: Path, value: Frozen) -> None:
    """Put one more line down.

    Raises:
        DiskFailed: it could not be written.
    """
    line = written(value)
    try:
        with os.fdopen(open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "r+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line  # a torn line keeps to itself
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DiskFailed(f"could not write {path.name}: {error.strerror or error}") from None


def lines_of(path: Path) -> tuple[bytes, list[bytes]]:
    """The first line of a file, and the others.

    Raises:
        FileInvalid: it cannot be read, or is too large to be one.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileInvalid(f"larger than {_MOST_BYTES // 1_000_000} MB", where=f"{path.parent.name}/{path.name}")
        first, _, rest = read_own(path).partition(b"\n")
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=f"{path.parent.name}/{path.name}") from None
    return first, rest.split(b"\n")


def written(value: Frozen) -> bytes:
    """A line of such a file."""
    return orjson.dumps(value.model_dump(mode="json")) + b"\n"
