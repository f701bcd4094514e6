"""Keeps file tools inside the workspace.

Invariant: a path that `inside` returns has no symbolic link left in it, lies under the root, and is neither
Greenroom's own records nor version control: a persona must not read its own audit log or rewrite history.
"""

from __future__ import annotations

from pathlib import Path

from greenroom.core.errors import UsageError

_CLOSED = frozenset({".greenroom", ".git", ".hg", ".svn"})
_GOVERNING = frozenset(
    {
        *("greenroom.toml", "personas", "policies", "runbooks", "tools", "scripts", "users", "fixtures"),
        *("conftest.py", "pyproject.toml"),
    }
)


def inside(root: Path, name: str) -> Path:
    """The real path of `name`, which is relative to `root` or absolute below it.

    Raises:
        UsageError: outside the workspace, in a closed folder, or not a path at all.
    """
    real_root = root.resolve()
    try:
        real = (real_root / name).resolve()
    except (OSError, RuntimeError, ValueError):
        raise UsageError("this is not a usable path", code="sandbox.path") from None
    if real != real_root and real_root not in real.parents:
        raise UsageError("the path leads out of the workspace", hint="use a path inside it", code="sandbox.outside")
    parts = real.relative_to(real_root).parts
    if any(part.casefold() in _CLOSED for part in parts):
        raise UsageError("this folder is closed to tools", code="sandbox.closed")
    return real


def writable(root: Path, name: str) -> Path:
    """Like `inside`, and not one of the files that govern a persona: it must not rewrite its own rules or tools.

    Raises:
        UsageError: as `inside`, or a governing file or folder.
    """
    real = inside(root, name)
    parts = real.relative_to(root.resolve()).parts
    if not parts or parts[0].casefold() in _GOVERNING:
        raise UsageError("this part of the workspace cannot be written by tools", code="sandbox.governing")
    return real
