"""Opens the workbench on a terminal.

Invariant: the garbage collector rests from the first import to the first paint, and what was imported is never scanned
again; whatever happens, the terminal is given back and the person told in one line.
"""

from __future__ import annotations

import gc
import sys

from greenroom.core.values import StepMode
from greenroom.workspace.layout import Workspace


def run(
    workspace: Workspace,
    *,
    persona: str = "",
    model: str = "",
    session: str = "",
    mode: StepMode = "run",
    breaks: tuple[str, ...] = (),
) -> int:
    """Show the workbench until the person leaves; the result is the exit code. `breaks` are conditions at which it stops.

    Raises:
        FileInvalid: a theme that came with Greenroom is broken.
    """
    gc.disable()
    try:
        from greenroom.tui.rehearsal import Wanted
        from greenroom.tui.workbench import Workbench

        bench = Workbench(workspace, Wanted(persona, model, session, mode, breaks=breaks))
        code = bench.run()
    finally:
        gc.enable()
    for command in bench.exported:
        print(f"replay it with: {command}")
    if bench.farewell:
        print(bench.farewell, file=sys.stderr)
    return code if code is not None else (bench.return_code or 0)
