"""Reading and writing text files of the workspace.

Invariant: no path leads out of the workspace, and a written file appears whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from greenroom.core.canonical import clean_text
from greenroom.tools.declare import tool
from greenroom.tools.sandbox import inside, writable
from greenroom.workspace.own_file import read_regular

_MOST_BYTES = 1_000_000


@tool("files.read", effects="none", timeout=10)
def read(path: str, *, workspace: Path) -> dict[str, Any]:
    """Read a text file of the workspace.

    Args:
        path: Path relative to the workspace, such as `knowledge/returns.md`.
    """
    real = inside(workspace, path)
    if not real.is_file():
        raise ValueError("there is no such file")
    data = read_regular(real, _MOST_BYTES, links=True)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"the file is larger than {_MOST_BYTES} bytes")
    if b"\0" in data:
        raise ValueError("this is not a text file")
    return {"path": real.relative_to(workspace.resolve()).as_posix(), "text": data.decode("utf-8", "replace")}


@tool("files.write", effects="repeatable", timeout=10)
def write(path: str, text: str, *, workspace: Path) -> dict[str, Any]:
    """Write a text file of the workspace, replacing what it held.

    Args:
        path: Path relative to the workspace; its folder must exist.
        text: The whole new text.
    """
    real = writable(workspace, path)
    if real.is_dir() or not real.parent.is_dir():
        raise ValueError("there is no such folder, or this is one")
    data = clean_text(text).encode()
    if len(data) > _MOST_BYTES:
        raise ValueError(f"the text is larger than {_MOST_BYTES} bytes")
    handle, temporary = tempfile.mkstemp(dir=real.parent, prefix=".greenroom-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(real)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return {"path": real.relative_to(workspace.resolve()).as_posix(), "bytes": len(data)}
