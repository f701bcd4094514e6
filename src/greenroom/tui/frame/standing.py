"""What the header says of a workbench, put together from the session, its views and the kill switch.

Invariant: what is stopped is said in words, whoever stopped it, and before anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.core.clock import SystemClock, stamp
from greenroom.tui.frame.header import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.core.values import Stop
    from greenroom.tui.workbench import Workbench


def standing_of(bench: Workbench) -> Standing:
    """As things stand now, or stood at the moment that is shown; the kill switch is said as it is now."""
    if bench.scrub.past:
        return _stood(bench)
    rehearsal = bench.rehearsal
    folds, contract, session = rehearsal.folds, rehearsal.contract, rehearsal.session
    used, last, loaded = folds.spent, folds.usage.last(), folds.contract
    usual = contract.persona.policy.autonomy if contract else None
    level, until = session.autonomy if session else (usual, None)
    if until and until <= stamp(SystemClock().now()):  # over; the log says so with the next call
        level, until = usual, None
    return Standing(
        persona=bench.persona_name,
        version=contract.persona.version if contract else loaded.version if loaded else "",
        model=contract.model if contract else loaded.model if loaded else "",
        autonomy=level,
        usual_autonomy=usual,
        until=until[11:16] if until else "",
        mode=bench.step_mode,
        tokens=used.tokens,
        micro_usd=used.micro_usd,
        milliseconds=last.total_milliseconds or None if last else None,
        busy=bench.busy,
        warning=rehearsal.read_only,
        disk=bench.watching.disk.said,
        stopped=stopped(bench.watching.stops, session.id if session else ""),
    )


def _stood(bench: Workbench) -> Standing:
    """As the log until then has it."""
    folds, session = bench.scrub.folds, bench.rehearsal.session
    used, last, loaded = folds.spent, folds.usage.last(), folds.contract
    level, until = folds.autonomy
    return Standing(
        persona=bench.persona_name,
        version=loaded.version if loaded else "",
        model=loaded.model if loaded else "",
        autonomy=level,
        usual_autonomy=loaded.autonomy if loaded else None,
        until=until[11:16] if until else "",
        mode=folds.mode,
        tokens=used.tokens,
        micro_usd=used.micro_usd,
        milliseconds=last.total_milliseconds or None if last else None,
        warning=bench.rehearsal.read_only,
        stopped=stopped(bench.watching.stops, session.id if session else ""),
    )


def stopped(stops: Sequence[Stop], session: str) -> str:
    """`STOPPED everything`, `STOPPED orders.refund +1`; '' where nothing that touches this session is."""
    mine = [one for one in stops if one.scope in ("everything", "tool") or one.target.startswith(f"{session}/")]
    if not mine:
        return ""
    widest = next((one for one in mine if one.scope == "everything"), mine[0])
    what = {"everything": "everything", "turn": "this turn", "call": "a call"}.get(widest.scope, widest.target)
    return f"STOPPED {what}{f' +{len(mine) - 1}' if len(mine) > 1 else ''}"
