"""The level of autonomy that each turn began at, for a tape that knows one contract only.

Invariant: a session that was never governed by a contract of another level is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from greenroom.core.events import AutonomyChanged, ContractLoaded, Record, TurnStarted
from greenroom.core.values import Json
from greenroom.engine.facts import Facts
from greenroom.regression.record.forks import one_life

RELOADED = "another contract came in"
"""How a level came to count that nobody set."""


def with_levels(records: Sequence[Record], own: int, taken_over: int = 0) -> Sequence[Record]:
    """The records with the level that came with a reload, right before a turn that began at another than what was set
    before it says.

    What a person set is the contract's own where both were the same then, and goes with it; a tape, whose contract has
    the level `own` from the beginning, has it as set. The first turn after those that are `taken_over` gets its level in any
    case where one was set in them: there the lives of a turn are told as one, in which the last level need not come last.
    """
    if not taken_over and {r.event.autonomy for r in records if isinstance(r.event, ContractLoaded)} <= {own}:
        return records
    facts, told, unsure, now = Facts(own, _nothing), own, False, 0
    out: list[Record] = []
    for record, as_told in zip(records, one_life(records), strict=True):
        match record.event:
            case ContractLoaded(autonomy=autonomy):
                facts.govern(autonomy, _nothing, frozenset())
            case TurnStarted(turn=now):
                if now > taken_over and (unsure or facts.autonomy != told):
                    told, unsure = facts.autonomy, False
                    level = AutonomyChanged(level=told, established=RELOADED)
                    out.append(record.model_copy(update={"seq": -record.seq, "event": level}))
            case _:
                pass
        facts.see(record)
        if isinstance(as_told.event, AutonomyChanged) and not as_told.event.from_next_call:
            told, unsure = as_told.event.level, now <= taken_over
        out.append(as_told)
    return out


def _nothing(tool: str, arguments: Mapping[str, Json]) -> dict[str, float]:
    """What a call adds to any sum: no level depends on that."""
    return {}
