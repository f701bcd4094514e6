"""A drill of the kill switch: on a scratch copy of the helpdesk, with the real engine, is it obeyed where it must be?

Invariant: nothing of the person's workspace is read, stopped or changed, and nothing leaves the scratch folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from greenroom.approval.kill_switch import STOP_FILE, KillSwitch
from greenroom.commands.answer import Answer, answer
from greenroom.core.errors import KillSwitchThrown
from greenroom.core.events import Event, ReplyGenerated, ToolStarted
from greenroom.core.values import ApprovalReply, Card, Stop
from greenroom.engine.session import Session
from greenroom.workspace.create import DEMO, shipped
from greenroom.workspace.layout import STATE_FOLDER, Workspace

_WORDS = "I want a refund of 120 EUR for order 1001"
_TOOL = "orders.refund"
_STOP = Stop(scope="everything", by="drill", reason="drill")


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was tried, and whether the switch was obeyed."""

    what: str
    obeyed: bool

    def line(self) -> str:
        """The one line shown to a person."""
        return f"{'ok  ' if self.obeyed else 'FAIL'}  {self.what}"


async def drill() -> Answer[tuple[Checked, ...]]:
    """Try it; exit 1 when the switch was not obeyed somewhere."""
    with tempfile.TemporaryDirectory(prefix="greenroom-drill-", ignore_cleanup_errors=True) as folder:
        root = Path(folder) / "scratch"
        shutil.copytree(shipped() / DEMO, root, ignore=shutil.ignore_patterns(STATE_FOLDER, "__pycache__"))
        found = await _tried(Workspace(root))
    data = [{"what": one.what, "obeyed": one.obeyed} for one in found]
    notes = ["tried on a scratch copy; nothing of yours was stopped"]
    failed = not all(one.obeyed for one in found)
    return answer(found, [one.line() for one in found], data, notes=notes, exit_code=1 if failed else 0)


class _PressesThenAllows:
    """An approver that once presses the switch while a question is open, and says yes: the worst moment there is."""

    def __init__(self, switch: KillSwitch) -> None:
        self._switch = switch
        self._pressed = False

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        if not self._pressed:
            self._pressed = True
            self._switch.press(_STOP)
        return ApprovalReply(decision="allow", approver="drill", established="drill")


async def _tried(workspace: Workspace) -> tuple[Checked, ...]:
    from greenroom.assembly import open_session

    switch = KillSwitch(workspace)
    session = await open_session(workspace, approver=_PressesThenAllows(switch), instant=True, trusted=True)
    try:
        switch.press(_STOP)
        before_model = await _stopped(lambda: session.turn(_WORDS)) and not _seen(session, ReplyGenerated)
        switch.lift("all", by="drill", reason="drill")
        before_effect = await _stopped(session.resume) and not _refunds(session)
        by_hand = await _by_hand(workspace, switch, session)
        switch.lift("all", by="drill", reason="drill")
        finished = await session.resume()
        once = finished is not None and len(_refunds(session)) == 1
    finally:
        await session.aclose()
    return (
        Checked("pressed before a model call: no model was called", before_model),
        Checked("pressed between an approval and its side effect: nothing was paid out", before_effect),
        *by_hand,
        Checked("lifted: the turn went on, and the side effect happened exactly once", once),
    )


async def _by_hand(workspace: Workspace, switch: KillSwitch, session: Session) -> tuple[Checked, ...]:
    """A file that somebody made by hand, empty or broken, stops everything too."""
    switch.lift("all", by="drill", reason="drill")
    path = workspace.state / STOP_FILE
    found = []
    for what, data in (("an empty", b""), ("a broken", b"{")):
        path.write_bytes(data)
        found.append(Checked(f"{what} {STOP_FILE}: it counts as a stop of everything", await _stopped(session.resume)))
    return tuple(found)


async def _stopped(run: Callable[[], Awaitable[object]]) -> bool:
    try:
        await run()
    except KillSwitchThrown:
        return True
    return False


def _seen(session: Session, kind: type[Event]) -> bool:
    return any(isinstance(record.event, kind) for record in session.records)


def _refunds(session: Session) -> list[Event]:
    return [r.event for r in session.records if isinstance(r.event, ToolStarted) and r.event.tool == _TOOL]
