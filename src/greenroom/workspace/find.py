"""The workspace a path belongs to: the nearest folder upward that holds a greenroom.toml."""

from __future__ import annotations

from pathlib import Path

from greenroom.core.errors import UsageError
from greenroom.workspace.layout import SETTINGS_FILE, Workspace


def find(start: Path) -> Workspace | None:
    """The nearest workspace at or above `start` (a folder, or any file in one); None where there is none.

    Raises:
        UsageError: `start` is no usable path, such as a current folder that was removed.
    """
    try:
        here = start.resolve()
        for folder in (here, *here.parents):
            if (folder / SETTINGS_FILE).is_file():
                return Workspace(folder)
    except OSError as error:
        raise _unusable(start, error) from None
    return None


def require(start: Path) -> Workspace:
    """The nearest workspace at or above `start`.

    Raises:
        UsageError: there is none, or `start` does not exist.
    """
    try:
        there = start.exists()
    except OSError as error:
        raise _unusable(start, error) from None
    if not there:
        raise UsageError(
            f"there is no folder {start}", hint=f"make a workspace there: greenroom init {start}", code="workspace.none"
        )
    if found := find(start):
        return found
    raise UsageError(
        f"no {SETTINGS_FILE} in {start.resolve()} or above",
        hint="try `greenroom demo`, or `greenroom init PATH`",
        code="workspace.none",
    )


def _unusable(start: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot use the folder {str(start)[:200]}: {error.strerror or error}", code="workspace.none")
