"""A session that was forked, as a replay will live it: once, from one end to the other.

Invariant: records of a session that was not forked are as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from greenroom.core.events import (
    AutonomyChanged,
    ContractLoaded,
    Record,
    SessionForked,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.engine.standing import FORKED


def one_life(records: Iterable[Record]) -> Sequence[Record]:
    """The records with, in place of a fork between two turns, the level it went back to: another was set for the parent.

    A fork in the middle of a turn has it in its own log, at the next call.
    """
    records = tuple(records)
    if not any(isinstance(record.event, SessionForked) for record in records):
        return records
    out: list[Record] = []
    contract, level, open_ = 2, 2, False
    for record in records:
        match record.event:
            case ContractLoaded(autonomy=autonomy):
                level = autonomy if level == contract else level
                contract = autonomy
            case AutonomyChanged(from_next_call=False) as event:  # one that no call took on did not count
                level = event.level
            case TurnStarted() | TurnFinished() | TurnAbandoned():
                open_ = isinstance(record.event, TurnStarted)
            case SessionForked() if level != contract and not open_:
                level = contract
                back = AutonomyChanged(level=contract, established=FORKED)
                out.append(record.model_copy(update={"event": back}))
                continue
            case _:
                pass
        out.append(record)
    return tuple(out)
