"""What a worker does with one run of a comparison: all of an input said in a session of its own.

Invariant: keys come from the worker's own environment and trust from its own trust file; what comes back is plain
values. Nothing is raised for what a file, a model or a budget does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from greenroom.assembly.variants.comparing import Approve, Cut, carry, spent, stops_all
from greenroom.core.errors import GreenroomError
from greenroom.log.catalog import session_path
from greenroom.log.file_log import read_records
from greenroom.regression.compare.journal import Combination, Run
from greenroom.regression.suite.crew import Result
from greenroom.workspace.layout import Workspace


@dataclass(frozen=True, slots=True)
class Said:
    """One run to be made in the workspace at `root`: the `turns` of an input, said to a combination.

    `micro_usd` is the most it may cost, None for no ceiling.
    """

    root: str
    comparison: str
    run: Run
    asked: Combination
    turns: tuple[str, ...]
    approve: Approve = "deny"
    micro_usd: int | None = None


def say(job: Said) -> Result:
    """The run made. `kind` is `done`, `error` or `cut`; `stops` is the code of an error that no other run can escape."""
    workspace, session = Workspace(Path(job.root)), list[str]()
    try:
        asyncio.run(_carried(workspace, job, session))
    except Cut as cut:
        return _result(workspace, session, "cut", str(cut))
    except GreenroomError as error:
        found = _result(workspace, session, "error", error.line())
        return (
            {**found, "stops": error.code, "message": error.message, "hint": error.hint} if stops_all(error) else found
        )
    return _result(workspace, session, "done", "")


async def _carried(workspace: Workspace, job: Said, session: list[str]) -> None:
    await carry(
        workspace,
        job.asked,
        job.turns,
        job.comparison,
        approve=job.approve,
        micro_usd=job.micro_usd,
        began=session.append,
    )


def _result(workspace: Workspace, session: list[str], kind: str, line: str) -> Result:
    """What it cost is read from its log, whatever kept it from its end."""
    name = session[0] if session else ""
    path = session_path(workspace, name)
    try:
        cost = spent(read_records(path)) if name and path.is_file() else 0
    except GreenroomError:
        cost = 0
    return {"kind": kind, "line": line, "session": name, "micro_usd": cost}
