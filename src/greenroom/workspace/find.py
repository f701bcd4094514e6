"""The workspace a path belongs to: the nearest folder upward that holds a greenroom.toml; where none does, the one that
the nearest pyproject.toml names for pytest, so that both work from the same folder.

Invariant: nothing is written, and a pyproject.toml that cannot be read names nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greenroom.core.errors import UsageError
from greenroom.workspace.layout import SETTINGS_FILE, Workspace

_LARGEST = 1_000_000
"""The most bytes of a pyproject.toml that are read."""


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
        for folder in (here, *here.parents):
            if (folder / "pyproject.toml").is_file():
                return _named_for_pytest(folder)
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
        hint="--workspace PATH names one; `greenroom demo` and `greenroom init PATH` make one",
        code="workspace.none",
    )


def _named_for_pytest(folder: Path) -> Workspace | None:
    """The first `greenroom_workspace` under [tool.pytest.ini_options] that is a workspace."""
    import tomllib

    try:
        with (folder / "pyproject.toml").open("rb") as file:
            found: Any = tomllib.loads(file.read(_LARGEST).decode())
        for key in ("tool", "pytest", "ini_options", "greenroom_workspace"):
            found = found[key]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None
    names = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    roots = (folder / name for name in names if isinstance(name, str) and "\0" not in name)
    return next((Workspace(root.resolve()) for root in roots if (root / SETTINGS_FILE).is_file()), None)


def _unusable(start: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot use the folder {str(start)[:200]}: {error.strerror or error}", code="workspace.none")
