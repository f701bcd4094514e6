"""A process to be killed: it goes on with the workspace's last session, or begins one, and answers every question."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from greenroom.assembly import find_workspace, open_session, sessions
from greenroom.core.events import ApprovalRequested, Record
from greenroom.core.values import ApprovalReply
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals

WORDS = "I want a refund of 120 EUR for order 1001"


async def main(root: Path) -> None:
    workspace = find_workspace(root)
    known = sessions(workspace)
    session = await open_session(workspace, session="last" if known else "", instant=True, trusted=True)

    def answer(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, ApprovalReply(decision="allow", approver="kim", established="test"))

    for asked in fold_all(approvals.fold, approvals.EMPTY, session.records).open:
        session.answer(asked.step, ApprovalReply(decision="allow", approver="kim", established="test"))
    session.bus.subscribe(answer)
    session.bus.subscribe(lambda item: print(type(item).__name__, flush=True))
    if await session.resume() is None:
        await session.turn(WORDS)
    await session.aclose()
    print("finished", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
