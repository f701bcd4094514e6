"""Records helpdesk sessions of 5 turns, 7 model calls and 2 tool calls as fixtures: `python recording.py FOLDER`.

Eight sessions that say different things, each in a shop of its own, so that no figure rests on one text being repeated.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from greenroom.assembly import load_contract, open_session
from greenroom.core.events import ApprovalRequested, Record, ReplyGenerated, ToolReturned
from greenroom.core.values import ApprovalReply
from greenroom.regression.record.record import export
from greenroom.workspace.create import init
from greenroom.workspace.layout import Workspace

WHY = "A refund above the limit is never made without a person."
PEOPLE = (
    ("Mara", 42, 120, "How long can I return shoes?"),
    ("Jonas", 43, 119, "Where is my parcel?"),
    ("Lena", 38, 118, "What do you remember of me?"),
    ("Emil", 45, 117, "How long does a refund take?"),
    ("Ida", 37, 116, "What does shipping cost?"),
    ("Noah", 44, 115, "Can I exchange shoes for another size?"),
    ("Klara", 39, 114, "Can I use a gift card?"),
    ("Anton", 46, 113, "How do I send boots back?"),
)


def words(name: str, size: int, amount: int, question: str) -> tuple[str, ...]:
    """A greeting that is remembered, a refund that is asked about, a question, a card number, a farewell."""
    return (
        f"Hello, my name is {name} and I wear size {size}.",
        f"I want a refund of {amount} EUR for order 1001",
        question,
        "My card is 4111 1111 1111 1111, can you repeat it?",
        "Thank you, that is all",
    )


async def recorded(workspace: Workspace, turns: tuple[str, ...]) -> list[Record]:
    """The session's records; every question is answered with yes."""
    session = await open_session(workspace, instant=True, trusted=True)

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, ApprovalReply(decision="allow"))

    session.bus.subscribe(watch)
    for said in turns:
        await session.turn(said)
    records = list(session.records)
    await session.aclose()
    return records


def main(folder: Path) -> None:
    """Make the shops, record, and export everything into the first one's fixtures."""
    first = init(folder / "shop0")
    for shipped in [*first.fixtures.glob("*.tape.jsonl"), *first.fixtures.glob("*.case.toml")]:
        shipped.unlink()
    contract = load_contract(first, trusted=True)
    for number, person in enumerate(PEOPLE):
        shop = init(folder / f"shop{number}") if number else first
        records = asyncio.run(recorded(shop, words(*person)))
        kinds = [type(record.event) for record in records]
        assert (kinds.count(ReplyGenerated), kinds.count(ToolReturned)) == (7, 2), person
        export(records, contract, first.fixtures, f"talk-{number}", why=WHY, tags=["refunds"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
