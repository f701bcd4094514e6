"""A session written as a fixture that pytest replays."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.regression.record import Exported
    from greenroom.workspace.layout import Workspace


def export(asked: Invocation) -> Answer[Exported]:
    """Write `<name>.tape.jsonl` and `<name>.case.toml`, and say how to replay them.

    Raises:
        UsageError: no name.
        FileInvalid, LogDamaged: the session cannot be read.
    """
    from greenroom.assembly import read_session

    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    return written(workspace, records, asked.text("name"), asked.text("expect") or "good", asked.text("why"))


def written(workspace: Workspace, records: list[Record], name: str, expect: str, why: str) -> Answer[Exported]:
    """Write one fixture. Raises as `export` does."""
    from greenroom.regression.record import export as write

    if not name:
        raise UsageError("a fixture needs a name", hint="--name refund-over-limit")
    return answer(write(workspace, records, name, expect=expect, why=why), [], {})


def pytest_line(tape: Path) -> str:
    """The command that replays one fixture, ready to be pasted."""
    return f"pytest {shlex.quote(str(tape))}"
