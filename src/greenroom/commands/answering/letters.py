"""Dead letters on the command line: listed, shown, put again, or let be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.answering.card import approver, card_lines
from greenroom.commands.control.stop import heed
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.narrate import as_json
from greenroom.commands.run import approver_of, how_to_answer, told
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import TurnFinished
from greenroom.views.fold import fold_all
from greenroom.views.people import dead_letters
from greenroom.views.people.dead_letters import DeadLetter

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.workspace.layout import Workspace

_SAID = {"expired": "nobody answered in time", "orphaned": "its turn ended", "unknown": "outcome unknown"}


def dead(asked: Invocation) -> Answer[tuple[tuple[str, DeadLetter], ...]]:
    """The dead letters of a session or of the whole workspace, oldest first, each with its full card in `--json`."""
    workspace = asked.workspace()
    found = sorted(_all(workspace, asked.text("session") or "all"), key=lambda pair: pair[1].at)
    rows = [
        (name, one.step, one.at[:19], _SAID[one.kind], one.card.call.tool, as_json(one.card.call.arguments))
        for name, one in found
    ]
    notes = (
        ["look at one: greenroom approve show SESSION --dead STEP; then approve again or approve discard"]
        if found
        else ["no dead letters"]
    )
    heads = ("session", "step", "since", "what", "tool", "arguments")
    return answer(tuple(found), table(heads, rows), [_data(name, one) for name, one in found], notes=notes)


def show_letter(asked: Invocation) -> Answer[DeadLetter]:
    """The card of a dead letter, as it was asked.

    Raises:
        UsageError: there is none at this step.
    """
    workspace, session = asked.workspace(), asked.text("session")
    step = asked.text("dead")
    one = next((one for _, one in _all(workspace, session) if one.step == step), None)
    if one is None:
        raise UsageError(
            f"there is no dead letter at {step}", hint=f"greenroom approve dead {session}", code="letter.unknown"
        )
    lines = [f"dead since {one.at[:19]}: {one.why}", *card_lines(one.card, role=one.role)]
    return answer(one, lines, _data(session, one))


async def again(asked: Invocation) -> Answer[Any]:
    """Put the call to policy again, in a new turn; a person is asked anew where policy wants one.

    Raises:
        UsageError: no such letter, or a turn is open.
        WaitingForPerson: policy asks, and nobody is here.
    """
    from greenroom.assembly import open_session

    workspace, face = asked.workspace(), asked.person()
    _require(workspace, asked.text("session"), asked.text("step"))
    heed(workspace, face)
    session = await open_session(workspace, session=asked.text("session"), approver=approver_of("ask", face))
    try:
        session.bus.subscribe(face.follow)
        finished: TurnFinished = await session.ask_again(asked.text("step"))
    except WaitingForPerson as error:
        error.hint = how_to_answer(session.id)
        raise
    finally:
        await session.aclose()
    told(session)
    return answer(finished, stream=True, exit_code=0 if finished.outcome == "answered" else 1)


async def discard(asked: Invocation) -> Answer[str]:
    """Let a letter be; the log keeps who did and why.

    Raises:
        UsageError: no such letter, or no reason.
    """
    from greenroom.assembly import open_session

    workspace, step, reason = asked.workspace(), asked.text("step"), asked.text("reason")
    if not reason.strip():
        raise UsageError("a dead letter is let go for a reason, which the log keeps", hint="--reason 'paid by hand'")
    _require(workspace, asked.text("session"), step)
    session = await open_session(workspace, session=asked.text("session"))
    try:
        session.discard_letter(step, approver(), reason)
    finally:
        await session.aclose()
    return answer(step, [f"{session.id} {step}: let go"], {"session": session.id, "letter": step})


def _require(workspace: Workspace, session: str, step: str) -> None:
    if all(one.step != step for _, one in _all(workspace, session)):
        raise UsageError(
            f"there is no dead letter at {step}", hint=f"greenroom approve dead {session}", code="letter.unknown"
        )


def _all(workspace: Workspace, named: str) -> Iterator[tuple[str, DeadLetter]]:
    from greenroom.assembly import read_session, session_id, sessions

    for name in [one.id for one in sessions(workspace)] if named == "all" else [session_id(workspace, named)]:
        state = fold_all(dead_letters.fold, dead_letters.EMPTY, read_session(workspace, name))
        yield from ((name, one) for one in state.letters)


def _data(session: str, one: DeadLetter) -> dict[str, Json]:
    return {
        "session": session,
        "step": one.step,
        "kind": one.kind,
        "at": one.at,
        "turn": one.turn,
        "why": one.why,
        "role": one.role,
        "card": one.card.model_dump(mode="json"),
    }
