"""A rerun on the engine's small stage: a session that was recorded, and a branch of it with other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from greenroom.core.events import Record, SessionForked
from greenroom.engine.rerun.memories import HeldMemory, hidden
from greenroom.engine.rerun.ports import through
from greenroom.engine.rerun.recording import RerunRecording
from greenroom.engine.rerun.turns import announce, before, said, say
from greenroom.engine.session import Session
from greenroom.log.memory_log import MemoryLog
from tests.engine.stage import Stage


async def rerun(
    recorded: Sequence[Record],
    stage: Stage,
    since: int | None = None,
    words: Mapping[int, str] | None = None,
    replies: Mapping[str, str] | None = None,
    opened: Callable[[Session], None] = lambda session: None,
) -> Session:
    """The variant of a recorded session that is said with the parts of `stage`."""
    plan = said(recorded, since)
    at = before(recorded, plan[0].turn)
    log = MemoryLog("s2", stage.clock, stage.ids, recorded[: at + 1])
    log.append(SessionForked(session="s2", parent="s1", parent_seq=at, parent_hash=recorded[at].hash))
    recording = RerunRecording(recorded, {one.turn: one.turn for one in plan}, replies or {})
    session = stage.session(log, recording)
    outside = session._room.outside
    outside.held = outside.memory = HeldMemory(outside.memory, (), *hidden(log.records, [recorded]))
    through(recording, outside)
    recording.attach(session)
    opened(session)
    announce(session, plan, ("something",), replies or {}, {})
    await say(session, plan, words or {})
    return session
