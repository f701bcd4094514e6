"""What is said again in a rerun, and in what order: the person's words, and the level of autonomy where they had lowered it.

Invariant: nothing here widens what a persona may do: a level above the contract's own stays in the session it was
set for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from greenroom.core.errors import UsageError
from greenroom.core.events import AutonomyChanged, Record, ReplyGenerated, RerunStarted, TurnAbandoned, TurnStarted
from greenroom.engine.session import Session
from greenroom.engine.standing import letter_call
from greenroom.views.people.dead_letters import AGAIN


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of the parent: its words and their origin, and the level that was set last before it."""

    turn: int
    words: str
    origin: str
    level: AutonomyChanged | None = None


def said(records: Sequence[Record], since: int | None = None, until: int | None = None) -> tuple[Said, ...]:
    """What was said from turn `since` (the last when None) up to `until`. A later turn that was given up is left out.

    Raises:
        UsageError: there is no such turn.
    """
    turns = [r.event.turn for r in records if isinstance(r.event, TurnStarted)]
    if not turns:
        raise UsageError("nothing was said in this session yet", code="rerun.empty")
    first = turns[-1] if since is None else since
    last = turns[-1] if until is None else until
    for wanted in (first, last):
        if wanted not in turns:
            raise UsageError(f"this session has no turn {wanted}", hint=f"1 to {turns[-1]}", code="rerun.turn")
    if last < first:
        raise UsageError(f"turn {last} comes before turn {first}", code="rerun.turn")
    given_up = {r.event.turn for r in records if isinstance(r.event, TurnAbandoned)} - {first}
    return tuple(one for one in _said(records) if first <= one.turn <= last and one.turn not in given_up)


def before(records: Sequence[Record], turn: int) -> int:
    """The number of the record that a branch just before `turn` begins with."""
    return next(r.seq for r in records if isinstance(r.event, TurnStarted) and r.event.turn == turn) - 1


def last_reply(records: Sequence[Record], turn: int) -> str:
    """The step of a turn's last reply.

    Raises:
        UsageError: no model answered in it.
    """
    steps = [r.event.step for r in records if isinstance(r.event, ReplyGenerated) and r.event.turn == turn]
    if not steps:
        raise UsageError(f"no model answered in turn {turn}", code="rerun.reply")
    return steps[-1]


def announce(
    session: Session,
    plan: Sequence[Said],
    changed: Sequence[str],
    replies: Mapping[str, str],
    left_out: Mapping[int, Collection[str]],
    recorded: str = "",
) -> None:
    """Put into the variant's log what it is, and have the person's `replies` stand at their steps."""
    masked = {step: session.masked(words) for step, words in replies.items()}
    turns = tuple(one.turn for one in plan)
    event = RerunStarted(
        turn=plan[0].turn,
        turns=turns,
        changed=tuple(changed),
        replies=masked,
        left_out={str(turn): tuple(sorted(ids)) for turn, ids in left_out.items()},
        recorded=recorded,
    )
    session.repeat(event)
    session.stand_in(masked)


async def say(session: Session, plan: Sequence[Said], words: Mapping[int, str]) -> None:
    """Say the planned turns, with other `words` where there are any.

    Raises:
        As `Session.turn`: the turn stays open in the variant, and what comes after it is not said.
    """
    for one in plan:
        if one.level is not None and one.level.level < session.autonomy[0]:
            session.repeat(one.level)
        text = words.get(one.turn, one.words)
        await session.turn(text, origin=one.origin if _begins_here(session, one.origin) else "person")


def _begins_here(session: Session, origin: str) -> bool:
    """Whether a turn can begin as it did: a dead letter may not have come about here."""
    if not origin.startswith(AGAIN):
        return True
    try:
        letter_call(session.records, origin.removeprefix(AGAIN))
    except UsageError:
        return False
    return True


def _said(records: Sequence[Record]) -> list[Said]:
    found: list[Said] = []
    level: AutonomyChanged | None = None
    for record in records:
        match record.event:
            case AutonomyChanged(from_next_call=False) as event:  # without its end, which was a time of that session
                level = event.model_copy(update={"step": "", "turn": 0, "expires": None})
            case TurnStarted(turn=turn, words=words, origin=origin):
                found.append(Said(turn, words, origin, level))
            case _:
                pass
    return found
