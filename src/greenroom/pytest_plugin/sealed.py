"""A workspace copied to where a test may change it: nothing that was said or remembered before, its documents taken in.

Invariant: the original is only read; a copy is gone when whoever asked for it is done.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.assembly import ingest_knowledge
from greenroom.core.errors import DiskFailed
from greenroom.workspace.layout import Workspace

_LEFT = ("node_modules", "fixtures")
"""Folders that no session reads; so are hidden ones and virtual environments."""

_ORIGINALS: pytest.StashKey[dict[Path, Workspace]] = pytest.StashKey()


@contextmanager
def sealed_copy(workspace: Workspace, config: pytest.Config) -> Iterator[Workspace]:
    """A copy for one test. Documents are read once in a run, however many tests there are.

    Raises:
        FileInvalid: a document or greenroom.toml is broken.
        DiskFailed: the copy could not be written.
    """
    original = _prepared(workspace, config)
    with tempfile.TemporaryDirectory(prefix="greenroom-test-", ignore_cleanup_errors=True) as folder:
        copy = Workspace(Path(folder).resolve() / workspace.root.name)
        _copied(original.root, copy.root, hidden=True)
        yield copy


def prepared(config: pytest.Config) -> dict[Path, Workspace]:
    """The copies that those of single tests are made from, by the folder they are copies of."""
    return config.stash.setdefault(_ORIGINALS, {})


def _prepared(workspace: Workspace, config: pytest.Config) -> Workspace:
    """The copy that the copies of this run are made from."""
    known = prepared(config)
    if workspace.root not in known:
        folder = tempfile.TemporaryDirectory(prefix="greenroom-sealed-", ignore_cleanup_errors=True)
        config.add_cleanup(folder.cleanup)
        copy = Workspace(Path(folder.name).resolve() / workspace.root.name)
        _copied(workspace.root, copy.root, hidden=False)
        ingest_knowledge(copy)
        known[workspace.root] = copy
    return known[workspace.root]


def _copied(source: Path, target: Path, *, hidden: bool) -> None:
    def left(folder: str, names: list[str]) -> set[str]:
        if hidden:
            return set()
        return {name for name in names if _is_left(Path(folder) / name)}

    try:
        shutil.copytree(source, target, symlinks=True, ignore=left)
    except (OSError, shutil.Error) as error:
        raise DiskFailed(f"could not copy the workspace {source}: {error}", hint="is the disk full?") from None


def _is_left(path: Path) -> bool:
    """Whether a session does without: what runs left behind, other people's code, caches, recordings."""
    hidden = path.name.startswith((".", "__pycache__"))
    return hidden or path.name in _LEFT or (path / "pyvenv.cfg").is_file()
