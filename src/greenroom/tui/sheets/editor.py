"""Somebody's own editor: which it is, and how it is told to open a file at a line.

Invariant: nothing passes through a shell; the command is the person's own words, split as a shell would.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

_GOTO = ("code", "code-insiders", "codium", "cursor", "windsurf")
_COLON = ("subl", "sublime_text", "zed", "hx", "helix")


def own_editor() -> str:
    """What `$VISUAL` or `$EDITOR` names, else vi."""
    from greenroom.workspace.settings import variable

    return variable("VISUAL") or variable("EDITOR") or "vi"


def edit(command: str, path: Path, line: int = 0) -> None:
    """Have an editor open a file, at a line (from 1) where one is given, and wait until it is left.

    Raises:
        OSError: the editor cannot be started.
        subprocess.CalledProcessError: it ended with an error.
    """
    subprocess.run(arguments(command, path, line), check=True)


def edited(text: str, name: str) -> str:
    """What the person's editor made of a text, without the newline editors put at the end; `name` is its file's.

    Raises:
        OSError: the editor cannot be started, or the file cannot be written or read.
        subprocess.CalledProcessError: it ended with an error.
        UnicodeDecodeError: it is no UTF-8 any more.
    """
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        edit(own_editor(), path)
        return path.read_text(encoding="utf-8").removesuffix("\n")


def arguments(command: str, path: Path, line: int = 0) -> list[str]:
    """The words the editor is started with: most take `+12 FILE`, some have ways of their own."""
    words = shlex.split(command) or ["vi"]
    if not line:
        return [*words, str(path)]
    name = Path(words[0]).stem
    if name in _GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    return [*words, f"{path}:{line}"] if name in _COLON else [*words, f"+{line}", str(path)]
