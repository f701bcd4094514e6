"""Opening a workspace on a screen or in the REPL, and making workspaces."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from greenroom.commands.answer import Answer, answer
from greenroom.commands.dispatch import handler_of
from greenroom.commands.invocation import Face, Invocation
from greenroom.core.errors import UsageError
from greenroom.core.values import Breakpoint
from greenroom.workspace.create import demo as make_demo
from greenroom.workspace.create import init as make_workspace
from greenroom.workspace.find import find, require
from greenroom.workspace.layout import Workspace

SCREEN = "greenroom.tui.app:run"
REPL = "greenroom.repl.loop:run"
"""Faces by dotted path: commands stand below them and never import one."""


def init(asked: Invocation) -> Answer[Workspace]:
    """A new workspace, trusted as it is, because it is a copy of ours.

    Raises:
        UsageError: the folder is not empty, or there is no such source.
    """
    workspace = make_workspace(Path(asked.text("path")), asked.text("from") or "helpdesk")
    lines = [str(workspace.root)]
    notes = [f"open it with: greenroom {shlex.quote(str(workspace.root))}"]
    return answer(workspace, lines, {"workspace": str(workspace.root)}, notes=notes)


def demo(asked: Invocation) -> Answer[Workspace]:
    """The helpdesk workspace in a copy that is kept; its documents are taken in, then the workbench opens.

    Raises:
        UsageError: the path holds something else.
    """
    named = asked.text("path")
    return _demo(Path(named) if named else None, asked.person())


def _demo(path: Path | None, face: Face) -> Answer[Workspace]:
    from greenroom.assembly import ingest_knowledge

    workspace = make_demo(path)
    face.note(f"the demo is in {workspace.root}")
    ingest_knowledge(workspace)
    again = f"greenroom {shlex.quote(str(workspace.root))}"
    code, notes = 0, [f"this is not a terminal; open it with: {again}"]
    if _on_a_screen():
        code, notes = _screen(workspace), [f"open it again with: {again}"]
    lines = [str(workspace.root)]
    notes += replays(workspace)
    return answer(workspace, lines, {"workspace": str(workspace.root)}, notes=notes, exit_code=code)


def open_workbench(asked: Invocation) -> Answer[Workspace]:
    """The workbench over the workspace named, or the nearest one; without any, the demo is offered.

    Raises:
        UsageError: there is no workspace, or this is not a terminal.
    """
    here = Path(asked.text("path") or asked.text("workspace") or ".").expanduser()
    workspace = require(here) if asked.text("path") or asked.text("workspace") else find(here)
    if workspace is None:
        if _on_a_screen() and asked.person().confirm("No workspace here. Open the demo, offline and without a key?"):
            return _demo(None, asked.person())
        raise UsageError(
            f"there is no workspace in {here.resolve()} or above",
            hint="try the demo, offline and without a key: greenroom demo",
            code="workspace.none",
        )
    if not _on_a_screen():
        raise UsageError("the workbench needs a terminal", hint='headless: greenroom run PERSONA "TEXT"')
    breaks = tuple(one.when for one in breakpoints_of(asked))
    names = ("persona", "model", "session", "mode")
    code = _screen(workspace, **{name: asked.text(name) for name in names}, breaks=breaks)
    return answer(workspace, notes=replays(workspace), exit_code=code)


def breakpoints_of(asked: Invocation) -> tuple[Breakpoint, ...]:
    """Those of `--break`; the engine is imported only where there are any.

    Raises:
        UsageError: one cannot be used.
    """
    if not asked.words("break"):
        return ()
    from greenroom.commands.stepping.keeping import breakpoints_of as compiled

    return compiled(asked)


def open_repl(asked: Invocation) -> Answer[Workspace]:
    """The REPL.

    Raises:
        UsageError: this is not a terminal.
    """
    workspace = asked.workspace()
    if not sys.stdin.isatty():
        raise UsageError(
            "the REPL needs a terminal", hint='headless: greenroom run PERSONA "TEXT", or pipe lines to it'
        )
    code = handler_of(REPL)(
        workspace,
        persona=asked.text("persona"),
        model=asked.text("model"),
        session=asked.text("session"),
        breaks=breakpoints_of(asked),
    )
    return answer(workspace, exit_code=code)


def replays(workspace: Workspace) -> list[str]:
    """How to replay what was exported, in words that can be pasted."""
    if not any(workspace.fixtures.glob("*.tape.jsonl")):
        return []
    return [f"replay its fixtures with: pytest {shlex.quote(str(workspace.fixtures))}"]


def _screen(workspace: Workspace, *, mode: str = "run", breaks: tuple[str, ...] = (), **named: str) -> int:
    wanted = {"persona": "", "model": "", "session": "", **named}
    code = handler_of(SCREEN)(workspace, **wanted, mode=mode or "run", breaks=breaks)
    return code if isinstance(code, int) else 0


def _on_a_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
