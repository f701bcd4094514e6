"""Autonomy, leave, dead letters and the kill switch inside a live session, by slash word.

Invariant: whoever acts is named, and nothing here loosens what a rule wants: it changes who is asked, or stops.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from greenroom.approval.kill_switch import KillSwitch, lifted_line, spoken
from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import approver
from greenroom.commands.live.actions import Live
from greenroom.core.clock import SystemClock, stamp
from greenroom.core.errors import UsageError
from greenroom.core.events import TurnFinished
from greenroom.core.values import Stop, StopScope
from greenroom.policy.files.rules import seconds
from greenroom.views.fold import fold_all
from greenroom.views.people import dead_letters as letters_view
from greenroom.views.people import grants as grants_view
from greenroom.views.people.dead_letters import DeadLetter
from greenroom.views.people.grants import Grant

RAISED = "30m"
"""How long a raised level counts unless a person says otherwise."""
_DURATION = re.compile(r"\d+[smhd]")
_LEVELS = ("0", "1", "2", "3", "4")


class Level(NamedTuple):
    """What `/autonomy` was told. `valid_seconds` is None where the words say nothing of a time."""

    level: int
    valid_seconds: int | None
    reason: str


def level_of(words: str) -> Level:
    """`3 30m the queue is long` taken apart.

    Raises:
        UsageError: no level from 0 to 4, no reason, or a time that is none.
    """
    first, _, rest = words.strip().partition(" ")
    if first not in _LEVELS:
        raise UsageError(
            f"'{first}' is no level of autonomy", hint="0 suggests only, 4 acts alone: /autonomy 3 30m WHY"
        )
    second, _, reason = rest.strip().partition(" ")
    timed = _DURATION.fullmatch(second) is not None
    if timed and not seconds(second):
        raise UsageError(f"'{second}' is no length of time", hint="90s, 30m, 2h or 1d")
    reason = reason.strip() if timed else rest.strip()
    if not reason:
        raise UsageError("autonomy is changed for a reason, which the log keeps", hint="/autonomy 3 30m WHY")
    return Level(int(first), seconds(second) if timed else None, reason)


def autonomy(live: Live, words: str) -> Answer[int]:
    """Show the level that counts, or set another one; a raised one falls back after a while.

    Raises:
        UsageError: no such level, no reason, or the session refuses it.
    """
    session = live.session
    if words:
        wanted = level_of(words)
        valid = wanted.valid_seconds
        if valid is None and wanted.level > session.contract.persona.policy.autonomy:
            valid = seconds(RAISED)
        session.set_autonomy(wanted.level, approver(), live.established, wanted.reason, valid)
        if session.running:
            return answer(wanted.level, [f"autonomy {wanted.level} from the next call on"], {"autonomy": wanted.level})
    level, until = session.autonomy
    usual = session.contract.persona.policy.autonomy
    told = f", until {until[11:16]} UTC" if until else ""
    beside = f" ({usual} by its contract{told})" if level != usual or until else ""
    return answer(level, [f"autonomy {level}{beside}"], {"autonomy": level, "until": until})


def stop(live: Live, words: str) -> Answer[Any]:
    """Stop everything, a tool by name, this turn, or a call of it: `/stop tool orders.* wrong amounts`.

    Raises:
        UsageError: no turn or call to stop.
        DiskFailed: it could not be written.
    """
    scope, target, reason = meant(live, words)
    one = Stop(scope=scope, target=target, reason=reason, by=approver(), at=stamp(SystemClock().now()))
    stops = KillSwitch(live.workspace).press(one)
    lines = [f"stopped: {spoken(one.scope, one.target)} · /lift REASON ends it" for one in stops]
    return answer(stops, lines, [one.model_dump(mode="json") for one in stops])


def meant(live: Live, words: str) -> tuple[StopScope, str, str]:
    """Scope, target and reason of words such as `tool orders.* wrong amounts`.

    Raises:
        UsageError: nothing of the kind can be stopped.
    """
    word, _, rest = words.strip().partition(" ")
    name, _, reason = rest.strip().partition(" ")
    match word:
        case "" | "everything":
            return "everything", "", rest.strip()
        case "turn":
            return "turn", turn_target(live), rest.strip()
        case "tool" if name:
            return "tool", name, reason.strip()
        case "call" if name:
            return "call", f"{turn_target(live)}/tool:{name}", reason.strip()
        case _:
            raise UsageError(f"'{word}' cannot be stopped", hint="/stop [everything | turn | tool NAME | call ID] WHY")


def turn_target(live: Live) -> str:
    """`s1/t3` for the open turn.

    Raises:
        UsageError: none is open.
    """
    record = live.session.open_turn()
    if record is None:
        raise UsageError("no turn is under way that could be stopped", hint="/stop stops everything")
    return f"{live.session.id}/t{record.event.turn}"


def lift(live: Live, words: str) -> Answer[Any]:
    """End every stop of the workspace.

    Raises:
        UsageError: without a reason, or nothing is stopped.
        DiskFailed: it could not be written; the stops hold.
    """
    by = approver()
    lifted = KillSwitch(live.workspace).lift("all", by=by, reason=words)
    return answer(lifted, [lifted_line(one, by, words) for one in lifted], [])


def grants(live: Live, words: str) -> Answer[tuple[Grant, ...]]:
    """The approvals that cover later calls, those that ended included."""
    state = fold_all(grants_view.fold, grants_view.EMPTY, live.session.records)
    now = {one.step for one in state.in_force(stamp(SystemClock().now()))}
    rows = [(one.step, one.tool, one.scope, " and ".join(one.when), held(one, one.step in now)) for one in state.all]
    heads = ("given at", "tool", "for this", "while", "until")
    return answer(state.all, table(heads, rows) or ["nobody gave a grant for later calls"], [])


def held(grant: Grant, in_force: bool) -> str:
    """Until when leave counts, or why it does not any more."""
    if grant.ended:
        return grant.ended
    if not in_force:
        return "expired"
    return f"{grant.expires[11:16]} UTC" if grant.expires else f"the end of the {grant.scope}"


def revoke(live: Live, words: str) -> Answer[str]:
    """Take leave back.

    Raises:
        UsageError: no such leave is in force.
    """
    step, _, reason = words.partition(" ")
    if not step:
        raise UsageError("take back which grant?", hint="/grants shows them")
    live.session.revoke(step, approver(), reason.strip())
    return answer(step, [f"{step}: taken back"], {"grant": step})


def dead(live: Live, words: str) -> Answer[tuple[DeadLetter, ...]]:
    """Questions nobody answered in time, and calls of unknown outcome."""
    letters = fold_all(letters_view.fold, letters_view.EMPTY, live.session.records).letters
    rows = [(one.step, one.kind, one.card.call.tool, one.why) for one in letters]
    return answer(letters, table(("step", "kind", "tool", "why"), rows) or ["no dead letters"], [])


async def again(live: Live, words: str) -> Answer[TurnFinished]:
    """Put a dead letter's call to policy and to a person again.

    Raises:
        UsageError: there is no such letter, or a turn is open.
    """
    finished = await live.session.ask_again(_letter(words))
    return answer(finished, [], {})


def discard(live: Live, words: str) -> Answer[str]:
    """Let a dead letter be.

    Raises:
        UsageError: there is no such letter, or no reason.
    """
    step, _, reason = words.partition(" ")
    if not reason.strip():
        raise UsageError("a dead letter is let go for a reason, which the log keeps", hint="/discard STEP WHY")
    live.session.discard_letter(_letter(step), approver(), reason.strip())
    return answer(step, [f"{step}: let go"], {"letter": step})


def _letter(words: str) -> str:
    if not words.strip():
        raise UsageError("which dead letter?", hint="/dead shows their steps")
    return words.strip()
