"""What a recorded turn's model would have been given under other settings, and which verdicts the policy on disk would
have reached: asked of a session's log, and of the store where something else is to be looked up.

Invariant: nothing is written, no model is asked, and no code of the workspace runs but the policy that is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.assembly.past.recorded import recorded_build, recorded_contracts
from greenroom.core.events import Record
from greenroom.regression.what_if import Given, Otherwise, given
from greenroom.retrieval.port import Retriever
from greenroom.workspace.layout import Workspace


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the call was given, and what it would be given."""

    turn: int
    call: int
    before: Given
    after: Given


async def what_if(
    workspace: Workspace, records: Sequence[Record], turn: int, call: int, otherwise: Otherwise
) -> WhatIf:
    """Both sides, run by the same engine. Raises as `given`, and as opening the store where it is searched."""
    contracts = await asyncio.to_thread(recorded_contracts, records)
    before = await given(records, contracts, recorded_build(records), turn, call)
    retriever = await _searching(workspace) if otherwise.collections is not None else None
    try:
        after = await given(records, contracts, recorded_build(records, retriever), turn, call, otherwise)
    finally:
        if retriever is not None:
            await retriever.aclose()
    return WhatIf(turn, call, before, after)


async def _searching(workspace: Workspace) -> Retriever:
    from greenroom.assembly import open_retriever

    return await open_retriever(workspace)
