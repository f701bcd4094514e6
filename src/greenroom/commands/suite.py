"""The fixtures a command is about: named ones or all, each with how it goes today.

Invariant: nothing is written, no tool runs and nothing reaches the network; a broken fixture is told, never raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import suggest
from greenroom.regression.tape import SUFFIX

if TYPE_CHECKING:
    from greenroom.regression.replay import Fixture
    from greenroom.workspace.layout import Workspace


def named(workspace: Workspace, names: Sequence[str]) -> dict[str, Path]:
    """Tapes by fixture name, sorted: those of these names, or all of the workspace.

    Raises:
        UsageError: there is no such fixture, or none at all.
        FileInvalid: a tape's file name is not fit to be shown.
    """
    from greenroom.regression.file_name import require_fit

    known = {
        require_fit(path).relative_to(workspace.fixtures).as_posix().removesuffix(SUFFIX): path
        for path in sorted(workspace.fixtures.rglob(f"*{SUFFIX}"))
    }
    if not known:
        raise UsageError("this workspace has no fixtures", hint="export a session: greenroom session export last")
    for name in names:
        if name not in known:
            raise UsageError(f"no fixture '{name}'", hint=suggest(name, list(known)), code="fixture.unknown")
    return {name: path for name, path in known.items() if name in names or not names}


def read(paths: dict[str, Path]) -> tuple[list[Fixture], list[str]]:
    """The fixtures that can be read, and one line for each that cannot. Texts of a folder are read once."""
    from greenroom.regression.parts import Parts
    from greenroom.regression.replay import load_fixture

    parts: dict[Path, Parts] = {}
    found: list[Fixture] = []
    broken: list[str] = []
    for name, path in paths.items():
        try:
            folder = parts.setdefault(path.parent, Parts(path.parent))
            found.append(load_fixture(path, folder, shown=f"{name}{SUFFIX}"))
        except FileInvalid as error:
            broken.append(f"{name}: {error.line()}")
    return found, broken
