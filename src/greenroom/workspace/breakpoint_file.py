"""The breakpoints of a workspace: `.greenroom/breakpoints.toml`, which people may also edit by hand.

Invariant: a file that cannot be read is never written over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from pydantic import Field

from greenroom.core.errors import DiskFailed, FileInvalid
from greenroom.core.toml_text import parse
from greenroom.core.values import Breakpoint, Frozen
from greenroom.workspace.layout import STATE_FOLDER, Workspace
from greenroom.workspace.own_file import read_regular, write_own

NAME = "breakpoints.toml"
_MOST_BYTES = 100_000
_HEAD = """# Conditions at which the workbench and the REPL stop; `greenroom breakpoint --help`, words in `greenroom help policy`.
schema = "breakpoints/1"
"""


class BreakpointFile(Frozen):
    """What the file holds."""

    schema_: Literal["breakpoints/1"] = Field(default="breakpoints/1", alias="schema")
    breakpoint: tuple[Breakpoint, ...] = ()


def saved(workspace: Workspace) -> tuple[Breakpoint, ...]:
    """Those that are kept, in order; none where there is no file.

    Raises:
        FileInvalid: the file cannot be read, or is not what it should be.
    """
    shown = f"{STATE_FOLDER}/{NAME}"
    try:
        data = read_regular(workspace.state / NAME, _MOST_BYTES)
        text = data.decode("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise FileInvalid(f"cannot be read: {error}", where=shown, code="breakpoint.file") from None
    if len(data) > _MOST_BYTES:
        raise FileInvalid(f"is larger than {_MOST_BYTES} bytes", where=shown, code="breakpoint.file")
    return parse(text, BreakpointFile, shown).breakpoint


def save(
    workspace: Workspace, change: Callable[[tuple[Breakpoint, ...]], Iterable[Breakpoint]]
) -> tuple[Breakpoint, ...]:
    """Keep what `change` makes of those that are kept; returns it.

    Raises:
        FileInvalid: the file is broken; it stays as it is.
        DiskFailed: it could not be written.
    """
    import tomli_w

    after = tuple(change(saved(workspace)))
    body = "".join(f"\n[[breakpoint]]\n{tomli_w.dumps({'when': one.when, 'on': one.on})}" for one in after)
    try:
        write_own(workspace.make_state() / NAME, f"{_HEAD}{body}".encode())
    except OSError as error:
        raise DiskFailed(f"could not write {STATE_FOLDER}/{NAME}: {error.strerror or error}") from None
    return after
