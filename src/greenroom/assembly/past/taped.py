"""Whether a tape goes as its session did when it is replayed under what governed that, put together from its log alone.

Invariant: nothing of the workspace is read and none of its code runs; nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from greenroom.assembly.past.recorded import RecordedTools, recorded_contracts
from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.core.ids import Ids
from greenroom.engine.contract import Contract
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.regression.case import Case
from greenroom.regression.record.record import Recorded
from greenroom.regression.record.redaction import redacted
from greenroom.regression.replay.closed_session import closed_session
from greenroom.regression.replay.replay import replay_tape
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write

_NAME = "recorded"


def goes_otherwise(made: Recorded, records: Sequence[Record], loaded: ContractLoaded) -> str | None:
    """See `regression.record.record.Replays`. Blocks, for as long as a replay takes, with an event loop of its own."""
    try:
        contracts = recorded_contracts(records)
    except (UsageError, FileInvalid):
        return None  # a text was erased, or is of an older form
    contract = next(contracts[record.seq] for record in records if record.event is loaded)
    tools = RecordedTools(contract.tools, redacted(records, contract.policy)[0])
    with ThreadPoolExecutor(1) as beside:  # who asks may be in an event loop
        return beside.submit(_replayed, made, contract, tools).result()


def _replayed(made: Recorded, contract: Contract, tools: RecordedTools) -> str:
    def build(
        recording: Recording,
        *,
        persona: str = "",
        model: str = "",
        clock: Clock,
        ids: Ids,
        own: Mapping[str, str] = {},
    ) -> Session:
        return closed_session(contract, tools, recording, clock, ids)

    tape = read(write(made.tape), _NAME)
    case = Case(schema="case/1", why="to see whether it goes as recorded")
    found = asyncio.run(replay_tape(tape, case, build, Parts(Path(_NAME), made.texts), stale="warn"))
    return "" if found.kind == "passed" else found.line
