"""The files that govern a session, and which of them were written since: one `stat` a file and nothing opened.

Invariant: a file that was saved in place, saved under another name and renamed, taken away or put back differs from
what was seen before. Looking again costs some 3 µs a file, so it is done often instead of being told by the system:
that works alike on every file system, without a thread and without a limit on what can be watched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust_file

Kind = Literal["settings", "persona", "policy", "knowledge", "script", "tools", "trust"]
Seen = Mapping[str, tuple[int, int, int]]
"""By path: when it was written (nanoseconds), its size, and which file it is."""

MOST = 20_000
"""Files looked at; in a workspace with more, what comes after is read again by hand."""
_ENDINGS = {
    "persona": (".toml", ".md", ".txt"),
    "policy": (".toml",),
    "script": (".toml",),
    "tools": (".py", ".toml", ".pyd", ".so"),
    "knowledge": (),
}


def snapshot(workspace: Workspace) -> Seen:
    """How the files are now."""
    found: dict[str, tuple[int, int, int]] = {}
    for path in (str(workspace.settings_file), str(trust_file())):
        try:
            found[path] = _stamp(Path(path).stat())
        except OSError:
            continue
    for kind, folder in _folders(workspace).items():
        for entry in _files(folder, _ENDINGS[kind]):
            if len(found) >= MOST:
                return found
            try:
                found[entry.path] = _stamp(entry.stat())
            except OSError:
                continue
    return found


def changed(workspace: Workspace, before: Seen, after: Seen) -> dict[str, Kind]:
    """What was written, taken away or put there between two looks, and what each is."""
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    return {path: _kind(workspace, path) for path in paths}


def _kind(workspace: Workspace, path: str) -> Kind:
    for kind, folder in _folders(workspace).items():
        if path.startswith(f"{folder}{os.sep}"):
            return kind
    return "settings" if path == str(workspace.settings_file) else "trust"


def _folders(workspace: Workspace) -> dict[Kind, str]:
    return {
        "policy": str(workspace.policies),
        "persona": str(workspace.personas),
        "script": str(workspace.scripts),
        "tools": str(workspace.tools),
        "knowledge": str(workspace.knowledge),
    }


def _files(folder: str, endings: tuple[str, ...]) -> Iterator[os.DirEntry[str]]:
    """The files below a folder. What an editor leaves beside them (`.aria.md.swp`, `aria.md~`) is none of them."""
    waiting = [folder]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")) or entry.name.endswith("~"):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif not endings or entry.name.endswith(endings):
                yield entry


def _stamp(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
