"""Records a session of the shipped helpdesk in a process of its own: `python recording.py FOLDER`."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from greenroom.assembly import load_contract, open_session
from greenroom.core.events import ApprovalRequested, Record
from greenroom.core.values import ApprovalReply
from greenroom.regression.record.record import export
from greenroom.workspace.create import init
from greenroom.workspace.layout import Workspace

WORDS = (
    "Hello, my name is Mara and I wear size 42.",
    "Please refund 120 EUR for order 1001, the shoes do not fit",
    "My card is 4111 1111 1111 1111, can you repeat it? My mail is mara.lindt@post.example",
)
REFUND = {"order_id": 1001, "amount": 90, "reason": "They do not fit"}


async def recorded(workspace: Workspace) -> list[Record]:
    """A greeting, a refund that is asked for, edited and made, and a card number that is masked."""
    session = await open_session(workspace, instant=True, trusted=True)
    answers = [ApprovalReply(decision="edit", arguments=REFUND), ApprovalReply(decision="allow")]

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, answers.pop(0))

    session.bus.subscribe(watch)
    for words in WORDS:
        await session.turn(words)
    records = list(session.records)
    await session.aclose()
    return records


def main(folder: Path) -> None:
    """Make the workspace, record, export."""
    workspace = init(folder)
    shutil.rmtree(workspace.fixtures)
    records = asyncio.run(recorded(workspace))
    contract = load_contract(workspace, trusted=True)
    why = "A refund above the limit is never made without a person."
    export(records, contract, workspace.fixtures, "refund-over-limit", why=why, tags=["refunds"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
