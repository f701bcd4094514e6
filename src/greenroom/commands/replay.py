"""A session run again with nothing outside, and the first difference named."""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.engine.replay import LogRecording, Replayed, replay


async def replay_session(asked: Invocation) -> Answer[Replayed]:
    """Exit 0 when the same events came, 1 at the first that differs.

    Raises:
        FileInvalid: no such session.
        LogDamaged: it does not verify.
    """
    from greenroom.assembly import read_session, replay_builder

    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    build = replay_builder(workspace)
    session = build(LogRecording(records), persona=asked.text("persona"), model=asked.text("model"))
    try:
        found = await replay(session, records)
    finally:
        await session.aclose()
    lines = (
        [f"same: {found.turns} turns, {found.events} events"]
        if found.same
        else [f"diverged at {found.step}", *found.difference.splitlines()]
    )
    data = {
        "same": found.same,
        "turns": found.turns,
        "events": found.events,
        "step": found.step,
        "difference": found.difference,
    }
    return answer(found, lines, data, exit_code=0 if found.same else 1)
