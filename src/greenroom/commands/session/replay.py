"""A session run again with nothing outside, and the first difference named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.events import ContractLoaded, Record
from greenroom.engine.replay.again import LogRecording, Replayed, replay

if TYPE_CHECKING:
    from greenroom.assembly.variants.changing import Change
    from greenroom.engine.session import Session
    from greenroom.workspace.layout import Workspace


def policed_session(workspace: Workspace, records: Sequence[Record], change: Change) -> Session:
    """A closed session under what is on disk with a change, answered by a recording. Raises as `changed_cast`."""
    from greenroom.assembly.variants.changing import changed_cast
    from greenroom.core.clock import SystemClock
    from greenroom.core.ids import RandomIds
    from greenroom.regression.replay.closed_session import closed_session

    clock = SystemClock()
    cast = changed_cast(workspace, change, records, clock)
    return closed_session(cast.contract, cast.tools, LogRecording(records), clock, RandomIds())


def closed_again(workspace: Workspace, records: Sequence[Record], persona: str, model: str) -> Session:
    """A closed session under what it has of its own and what is on disk, answered by a recording. Raises as `own_cast`."""
    from greenroom.assembly.variants.reopening import cast_again
    from greenroom.core.clock import SystemClock
    from greenroom.core.ids import RandomIds
    from greenroom.regression.replay.closed_session import closed_session

    clock = SystemClock()
    cast = cast_again(workspace, records, persona, model, clock, trusted=None)
    return closed_session(cast.contract, cast.tools, LogRecording(records), clock, RandomIds())


async def replay_session(asked: Invocation) -> Answer[Replayed]:
    """Exit 0 when the same events came, 1 at the first that differs.

    Raises:
        FileInvalid: no such session.
        LogDamaged: it does not verify.
    """
    from greenroom.assembly import read_session
    from greenroom.assembly.past.recorded import recorded_contracts, recorded_session
    from greenroom.assembly.variants.changing import Change

    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    persona, model, policy = asked.text("persona"), asked.text("model"), asked.words("policy")
    changed = (
        not policy
        and sum(isinstance(record.event, ContractLoaded) for record in records) > 1
        and not persona
        and not model
    )
    contracts = recorded_contracts(records) if changed else {}
    if contracts:
        session = recorded_session(records, contracts)
    elif policy:
        session = policed_session(workspace, records, Change(persona, model, tuple(Path(one) for one in policy)))
    else:
        session = closed_again(workspace, records, persona, model)
    try:
        found = await replay(session, records, contracts)
    finally:
        await session.aclose()
    notes = ["its contract changed: each part was replayed under the one it was recorded with"] if contracts else []
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
    return answer(found, lines, data, notes=notes, exit_code=0 if found.same else 1)
