"""A session that was forked or came back to an open question, as a replay will live it: once, from one end to the other.

Invariant: what was set or read before a call was decided anew stands before its first verdict, for a replay decides it
once; records of a session that had neither are as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from greenroom.core.events import (
    AutonomyChanged,
    ContractLoaded,
    DaySumsRead,
    Record,
    SessionForked,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
    VerdictReached,
)

_SETTLED = re.compile(r"(t\d+/)(?:autonomy|day):(.+)")


def one_life(records: Iterable[Record]) -> Sequence[Record]:
    """The records in the order and with the changes of level that a replay has."""
    records = tuple(records)
    kinds = {type(record.event) for record in records}
    if SessionForked in kinds:
        records = _without_forks(records)
    return _settled_first(records) if kinds & {AutonomyChanged, DaySumsRead} else records


def _without_forks(records: Sequence[Record]) -> tuple[Record, ...]:
    """In place of each fork between two turns the level it went back to: another was set for the parent. A fork in the
    middle of a turn has it in its log, at the next call.
    """
    out: list[Record] = []
    contract, level, open_ = 2, 2, False
    for record in records:
        match record.event:
            case ContractLoaded(autonomy=autonomy):
                level = autonomy if level == contract else level
                contract = autonomy
            case AutonomyChanged() as event:
                level = event.level
            case TurnStarted() | TurnFinished() | TurnAbandoned():
                open_ = isinstance(record.event, TurnStarted)
            case SessionForked() if level != contract and not open_:
                level = contract
                back = AutonomyChanged(level=contract, established="the session was forked")
                out.append(record.model_copy(update={"event": back}))
                continue
            case _:
                pass
        out.append(record)
    return tuple(out)


def _settled_first(records: Sequence[Record]) -> Sequence[Record]:
    """Each level and sum that was settled for a call before the call's first verdict."""
    first: dict[str, int] = {}
    for at, record in enumerate(records):
        if isinstance(record.event, VerdictReached):
            first.setdefault(record.event.step, at)
    places: list[tuple[int, int, Record]] = []
    for at, record in enumerate(records):
        found = (
            _SETTLED.fullmatch(record.event.step) if isinstance(record.event, AutonomyChanged | DaySumsRead) else None
        )
        verdict = first.get(f"{found[1]}verdict:tool.call:{found[2]}", at) if found else at
        places.append((verdict, 0, record) if verdict < at else (at, 1, record))
    return [record for _, _, record in sorted(places, key=lambda place: place[:2])]
