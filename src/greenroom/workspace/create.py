"""A new workspace, copied from one that Greenroom ships. Invariant: it appears whole or not at all, and never over work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.toml_text import suggest
from greenroom.workspace.layout import SETTINGS_FILE, STATE_FOLDER, Workspace
from greenroom.workspace.trust import trust

DEMO = "helpdesk"
_LEFT_BEHIND = {STATE_FOLDER, "__pycache__", ".pytest_cache"}


def shipped() -> Path:
    """The folder of workspaces that came with this copy of Greenroom: in the package, or in the source tree."""
    package = Path(str(files("greenroom")))
    packed = package / "_workspaces"
    return packed if packed.is_dir() else package.parents[1] / "workspaces"


def sources() -> tuple[str, ...]:
    """The names of the shipped workspaces, sorted."""
    return tuple(sorted(path.parent.name for path in shipped().glob(f"*/{SETTINGS_FILE}")))


def init(path: Path, source: str = DEMO) -> Workspace:
    """A new workspace at `path`, a copy of the shipped `source`, trusted as it is.

    Raises:
        UsageError: `path` exists and is not an empty folder, or there is no such source.
        DiskFailed: the copy could not be written; nothing is left at `path`.
    """
    if source not in sources():
        raise UsageError(
            f"no workspace '{source}' to start from", hint=suggest(source, list(sources())), code="workspace.source"
        )
    target = path.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            f"{path} is not empty", hint="name a folder that does not exist yet", code="workspace.occupied"
        )
    try:
        _copy(shipped() / source, target)
    except OSError as error:
        raise DiskFailed(
            f"cannot make {path}: {error.strerror or error}", hint="is the disk full or read-only?"
        ) from error
    workspace = Workspace(target.resolve())
    trust(workspace)
    return workspace


def demo(path: Path | None = None) -> Workspace:
    """The demo workspace: a fresh scratch copy, or the copy at `path`, which is made there if it is not yet.

    Raises:
        UsageError: `path` holds something else.
        DiskFailed: the copy could not be written.
    """
    if path is None:
        return init(Path(tempfile.mkdtemp(prefix="greenroom-demo-")))
    if (path / SETTINGS_FILE).is_file():
        return Workspace(path.resolve())
    return init(path)


def _copy(source: Path, target: Path) -> None:
    """Copy beside the target first and move it there in one step. Modes are fresh: an installed file may be read-only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".greenroom-") as scratch:
        fresh = Path(scratch) / target.name
        _copy_folder(source, fresh)
        if target.exists():
            target.rmdir()
        fresh.rename(target)


def _copy_folder(source: Path, target: Path) -> None:
    target.mkdir()
    for item in sorted(_kept(source.iterdir())):
        if item.is_dir():
            _copy_folder(item, target / item.name)
        else:
            shutil.copyfile(item, target / item.name)


def _kept(items: Iterable[Path]) -> Iterable[Path]:
    """What a copy starts with: not what runs left behind."""
    return (
        item
        for item in items
        if item.name not in _LEFT_BEHIND and not (item.parent.name == "outbox" and item.is_file())
    )
