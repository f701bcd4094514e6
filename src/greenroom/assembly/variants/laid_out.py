"""Folders in which commits are laid out for a search, and the clearing of those that a killed one left behind.

Invariant: only a folder is cleared away that lies where such folders are made, in which nobody but this user can write, and
whose process is gone: a search holds a lock in its folder for as long as it lives.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from greenroom.core.errors import DiskFailed

_PREFIX = "greenroom-bisect-"
_LOCK, _FILES = "running.lock", "files"


@contextmanager
def laid_out() -> Iterator[Path]:
    """An empty folder for the files of one commit; it is gone afterwards.

    Raises:
        DiskFailed: it cannot be made.
    """
    with ExitStack() as undo:
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            undo.enter_context(_lock(folder))
            files = folder / _FILES
            files.mkdir()
            # Before the lock is let go of: whoever is killed meanwhile leaves a folder that can be told to be its own.
            undo.callback(shutil.rmtree, files, ignore_errors=True)
        except OSError as error:
            raise DiskFailed(f"no folder can be made for the files of a commit: {error}") from None
        yield files


def clear_leftovers() -> int:
    """Remove the folders of searches that were killed; returns how many went. What cannot be removed stays."""
    try:
        found = sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"))
    except OSError:
        return 0
    return sum(_cleared(folder) for folder in found)


def _cleared(folder: Path) -> bool:
    """Whether a folder was a search's own whose process is gone, and is removed."""
    if not _own(folder):
        return False
    lock = _lock(folder)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return False  # its process lives, or nobody can tell
    shutil.rmtree(folder / _FILES, ignore_errors=True)
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _own(folder: Path) -> bool:
    """Whether it is a folder, no link to one, of this user alone, with the lock that a search made in it."""
    with suppress(OSError):
        found, lock = folder.lstat(), (folder / _LOCK).lstat()
        mine = os.getuid() if hasattr(os, "getuid") else found.st_uid
        private = os.name == "nt" or not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        whole = stat.S_ISDIR(found.st_mode) and stat.S_ISREG(lock.st_mode)
        return whole and private and found.st_uid == lock.st_uid == mine
    return False


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / _LOCK, mode=0o600)
