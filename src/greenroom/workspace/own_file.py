"""Greenroom's own files and folders, opened so that nothing else is ever read, cut or written in their place.

Invariant: what `open_own` opens is a regular file at exactly that path. A cloned workspace can bring a link, a pipe or
a folder of the same name; each is an `OSError` that says so, and what a link leads to is never touched.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_WAITS_FOR_NOTHING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_MOST_WRITTEN = 10_000_000
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | _WAITS_FOR_NOTHING


def open_own(path: Path, flags: int) -> int:
    """A descriptor of the file at `path`, made with mode 0600 where `flags` say so.

    Raises:
        OSError: it is a link, a pipe, a device or a folder, or cannot be opened.
    """
    try:
        descriptor = os.open(path, flags | _FLAGS, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _strange(path, "a symbolic link") from None
        if error.errno == errno.ENXIO:
            raise _strange(path, "a pipe") from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise _strange(path, "a folder" if path.is_dir() else "no regular file")


def read_own(path: Path) -> bytes:
    """All bytes of the file at `path`. Raises as `open_own`."""
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        return file.read()


def read_regular(path: Path, most: int, *, links: bool = False) -> bytes:
    """The first `most` bytes of a file and one more if there are more, so that a caller can refuse a longer one.

    With `links` a link may lead there, as in a file that people keep; a pipe or a device is never waited for or read.

    Raises:
        OSError: it is a pipe, a device, a folder or (without `links`) a link, or cannot be read.
    """
    descriptor = open_regular(path) if links else open_own(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        wanted = min(size, most) + 1  # no more room than it needs: `most` is often many megabytes
        data = os.read(descriptor, wanted)
        while wanted <= len(data) <= most and (more := os.read(descriptor, most + 1 - len(data))):  # it grew meanwhile
            data += more
        return data
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> int:
    """A descriptor to read the file at `path`, or that a link of that name leads to. Nothing is waited for.

    Raises:
        OSError: it is a pipe, a device or a folder, or cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | _WAITS_FOR_NOTHING)
    about = os.fstat(descriptor)
    if stat.S_ISREG(about.st_mode):
        return descriptor
    os.close(descriptor)
    raise _strange(path, "a folder" if stat.S_ISDIR(about.st_mode) else "no regular file")


def read_written(path: Path) -> str:
    """The text of a file that people write: UTF-8, with or without a byte order mark, any line ends.

    Raises:
        OSError: it is no file, cannot be read, or is larger than any text that people write.
        UnicodeDecodeError: it is no UTF-8.
    """
    return read_written_bytes(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def read_written_bytes(path: Path) -> bytes:
    """The bytes of such a file, as they stand.

    Raises:
        OSError: it is no file, cannot be read, or is larger than any text that people write.
    """
    data = read_regular(path, _MOST_WRITTEN, links=True)
    if len(data) > _MOST_WRITTEN:
        raise OSError(errno.EFBIG, f"it is larger than {_MOST_WRITTEN // 1_000_000} MB", str(path))
    return data


def write_own(path: Path, data: bytes) -> None:
    """Put `data` in the file at `path` (mode 0600), whole or not at all; a link of that name is replaced, not followed.

    Raises:
        OSError: it could not be written, or a folder stands there; what was there before still is.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".own-")  # made 0600
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def require_own_folder(folder: Path) -> None:
    """Refuse a folder that is a link or holds one: what is written, rebuilt or removed in it could lie anywhere.

    Raises:
        OSError: names the link.
    """
    if folder.is_symlink():
        raise _strange(folder, "a symbolic link")
    if folder.is_dir():
        with os.scandir(folder) as entries:
            link = next((entry.path for entry in entries if entry.is_symlink()), None)
        if link:
            raise _strange(Path(link), "a symbolic link")


def _strange(path: Path, what: str) -> OSError:
    return OSError(errno.EINVAL, f"{path.name} is {what}, which Greenroom does not follow", str(path))
