"""Talking to a persona without a screen: one turn, or one for every line piped in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.approval.automatic import ByPolicy, DenyAll, LeaveOpen
from greenroom.approval.mailbox import Mailbox
from greenroom.commands.answer import Answer, answer
from greenroom.commands.control.stop import heed
from greenroom.commands.invocation import Face, Invocation
from greenroom.commands.policy.trial import failing_tests
from greenroom.commands.session.own import named
from greenroom.commands.session.own import told as own_told
from greenroom.commands.stepping.keeping import WAITING, Keeper, breakpoints_of, how_to_go_on
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.core.events import ApprovalRequested, Record, TurnFinished
from greenroom.persona.load import list_personas
from greenroom.views.fold import fold_all
from greenroom.views.people import approvals

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.engine.session import Session
    from greenroom.workspace.layout import Workspace


def approver_of(how: str, face: Face) -> Approver:
    """Who answers: the person at the face or at another terminal, nobody yet, no to everything, or the policy files."""
    if how == "deny":
        return DenyAll()
    if how == "policy":
        return ByPolicy()
    if how == "wait":
        return Mailbox()
    return Mailbox(here=face) if face.interactive else LeaveOpen()


def hint_at_answers(session: Session, face: Face) -> None:
    """Say at each question, and at one that is open already, how it can be answered from another terminal."""

    def hint(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            face.note(f"  waits    answer it from another terminal: greenroom approve show {session.id}")

    if asked := fold_all(approvals.fold, approvals.EMPTY, session.records).question():
        hint(session.records[asked.seq])
    session.bus.subscribe(hint)


async def run(asked: Invocation) -> Answer[tuple[TurnFinished, ...]]:
    """Carry the turns out one after another; exit 1 when one was refused, stopped or ran into a limit.

    Raises:
        UsageError: nothing to say, or an unfinished turn stands in the way.
        WaitingForPerson, ServiceUnavailable, KillSwitchThrown: the turn stays open and can be resumed.
    """
    from greenroom.assembly import open_session
    from greenroom.assembly.past.tools import recorded_tools

    workspace, face = asked.workspace(), asked.person()
    persona, words = _said(asked, workspace)
    lines = [words] if words else face.lines_in()
    if not lines:
        raise UsageError("nothing to say", hint='greenroom run PERSONA "TEXT", or pipe one line a turn')
    breakpoints = breakpoints_of(asked)
    heed(workspace, face)
    session = await open_session(
        workspace,
        persona=persona,
        model=asked.text("model"),
        session=asked.text("session"),
        approver=approver_of(asked.text("approve"), face),
    )
    if failing := failing_tests(session.contract.policy, recorded_tools(session.contract)):
        face.note(f"  policy   ATTENTION: {failing}")
    if own := await asyncio.to_thread(own_told, workspace, session):
        face.note(f"  {named(session)}  {own}")
    session.set_breakpoints(breakpoints)
    session.gates.keeper = Keeper(session, face)
    finished = await carry(session, face, lines, waiting=asked.text("approve") == "wait", workspace=workspace)
    failed = any(turn.outcome != "answered" for turn in finished)
    return answer(finished, stream=True, exit_code=1 if failed else 0)


async def carry(
    session: Session, face: Face, lines: list[str], *, waiting: bool = False, workspace: Workspace | None = None
) -> tuple[TurnFinished, ...]:
    """Say each line in `session`, telling `face` everything from its first record on; closes the session.

    With `waiting` it is said how to answer from another terminal. Between turns what was saved in `workspace` meanwhile
    is taken over.
    """
    try:
        for record in _fresh(session.records):
            face.follow(record)
        session.bus.subscribe(face.follow)
        if waiting:
            hint_at_answers(session, face)
        await session.warm()  # without a screen nobody waits for a first paint, and every run searches with all legs
        finished = await _said_all(session, face, lines, workspace)
    except WaitingForPerson as error:
        error.hint = how_to_go_on(session.id) if error.code == WAITING else how_to_answer(session.id)
        raise
    finally:
        await session.aclose()
    told(session)
    return finished


async def _said_all(
    session: Session, face: Face, lines: list[str], workspace: Workspace | None
) -> tuple[TurnFinished, ...]:
    from greenroom.commands.live.actions import Live
    from greenroom.commands.live.watching import Disk

    disk = Disk(Live(workspace, session)) if workspace is not None and len(lines) > 1 else None
    finished: list[TurnFinished] = []
    for line in lines:
        news = await disk.look() if disk is not None else None
        for said in news.lines() if news is not None else ():
            face.note(f"  disk     {said}")
        finished.append(await session.turn(line))
    return tuple(finished)


def how_to_answer(session: str) -> str:
    """What to type where a question of this session stays open."""
    return f"greenroom approve show {session}, then approve yes or no; or greenroom session resume {session}"


def told(session: Session) -> None:
    """Make sure that the face could show everything.

    Raises:
        DiskFailed, BrokenPipeError: it could not; the turn itself was not disturbed.
    """
    for error in session.bus.failures:
        raise error


def _fresh(records: Sequence[Record]) -> list[Record]:
    """What opening the session wrote: the records after its last turn."""
    last = max((place for place, record in enumerate(records) if record.event.turn), default=-1)
    return list(records[last + 1 :])


def _said(asked: Invocation, workspace: Workspace) -> tuple[str, str]:
    """Persona and text. A single word that names a persona is one; anything else alone is the text."""
    first, text = asked.text("persona"), asked.text("text")
    if text or not first:
        return first, text
    named = first.partition("@")[0] in list_personas(workspace)
    return (first, "") if named else ("", first)
