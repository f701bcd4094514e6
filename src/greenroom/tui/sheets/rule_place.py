"""Where in the workspace's files a rule stands, so that it can be opened there.

Invariant: the line is that of the file as it is on disk now, even where the file does not load.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from greenroom.core.toml_text import Path as KeyPath
from greenroom.core.toml_text import positions
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_written


class Place(NamedTuple):
    """A file and a line of it (from 1); `problem` says why there is none."""

    path: Path | None
    line: int = 1
    problem: str = ""


def place_of(workspace: Workspace, rule: str, policy: str, persona: str) -> Place:
    """Where the rule named in a verdict stands. `policy` is the label of its file, `persona` the session's persona."""
    if policy.startswith("builtin@"):
        return Place(
            None, problem=f"{rule} is built in and holds under every workspace; `greenroom help policy` tells more"
        )
    if rule == "autonomy":
        return _in_file(workspace.personas / persona / "persona.toml", ("policy", "autonomy"))
    files = sorted(workspace.policies.glob("*.toml"))
    if rule.startswith("envelope"):
        return next((found for file in files if (found := _in_file(file, ("envelope",))).path), _nowhere(rule))
    return next((found for file in files if (found := _rule_in(file, rule)).path), _nowhere(rule))


def _nowhere(rule: str) -> Place:
    return Place(
        None, problem=f"no policy file of this workspace has a rule {rule}; it is Greenroom's own, or was removed"
    )


def _rule_in(file: Path, rule: str) -> Place:
    """The line where the rule's table begins: `[[rule]]` above its id."""
    try:
        text = read_written(file)
    except (OSError, UnicodeDecodeError):
        return Place(None)
    rows = text.splitlines()
    for path, line in positions(text).items():
        is_id = len(path) == 3 and path[0] == "rule" and path[2] == "id"
        if is_id and any(f"{mark}{rule}{mark}" in rows[line - 1] for mark in "\"'"):
            return Place(file, positions(text).get(path[:2], line))
    return Place(None)


def _in_file(file: Path, key: KeyPath) -> Place:
    try:
        found = positions(read_written(file))
    except (OSError, UnicodeDecodeError):
        return Place(None)
    exact = found.get(key) or next((line for path, line in found.items() if path[: len(key)] == key), 0)
    return Place(file, exact) if exact else Place(None)
