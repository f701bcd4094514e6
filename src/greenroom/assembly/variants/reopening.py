"""A variant that is opened again: what it remembers is still held, and an unfinished turn of it still keeps and asks.

Invariant: how often a variant is closed and opened changes nothing of what it may do; where its parent is gone, nothing
is kept of it and every call with effects is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from greenroom.assembly.casting import Cast
from greenroom.assembly.past.recorded import recorded_contract
from greenroom.assembly.variants.kin import remembering
from greenroom.assembly.variants.own import Own, named, own_cast, recorded_own
from greenroom.core.clock import Clock, stamp
from greenroom.core.errors import FileInvalid, GreenroomError, UsageError
from greenroom.core.events import (
    ContractLoaded,
    Record,
    RerunStarted,
    SessionForked,
    SessionOpened,
    TurnAbandoned,
    TurnFinished,
    TurnStarted,
)
from greenroom.engine.outside import Outside
from greenroom.engine.rerun.memories import HeldMemory, held, hidden, undecided
from greenroom.engine.rerun.ports import through
from greenroom.engine.rerun.recording import RerunRecording
from greenroom.engine.session import Session
from greenroom.log.catalog import read_session
from greenroom.policy.decide import RulePolicy
from greenroom.workspace.layout import Workspace


def documents_changed(workspace: Workspace) -> str:
    """When something was last changed that a search could tell: a document, its folder, or what greenroom.toml says."""
    paths = [workspace.settings_file, workspace.knowledge, *workspace.knowledge.rglob("*")]
    times = [path.stat().st_mtime for path in paths if path.exists()]
    return stamp(datetime.fromtimestamp(max(times), UTC)) if times else ""


def model_changed(workspace: Workspace, model: str) -> str:
    """When the script of a scripted model was last changed, as a stamp; '' for any other: what it is its name says."""
    if not model.startswith("scripted/"):
        return ""
    script = workspace.scripts / f"{model.removeprefix('scripted/')}.toml"
    return stamp(datetime.fromtimestamp(script.stat().st_mtime, UTC)) if script.is_file() else ""


def variant_world(
    workspace: Workspace, outside: Outside, here: Sequence[Record], recording: RerunRecording | None
) -> Outside:
    """The world of a variant: what it remembers is held beside the store, and what may be kept comes first.

    What others of its tree came to remember after the branch is none of its memories: parent, ancestors, their branches.
    """
    varied = recording.parent if recording is not None else ()
    others = [varied, *remembering(workspace, here)]  # what is varied may have been read before it was erased
    outside.held = outside.memory = HeldMemory(outside.memory, held(here), *hidden(here, others))
    return outside if recording is None else through(recording, outside)


def reopened(workspace: Workspace, records: Sequence[Record], outside: Outside, model: str) -> RerunRecording | None:
    """Make `outside` that of an undecided variant, if the session is one; its recording, if a turn of it is unfinished."""
    started = undecided(records)
    if started is None:
        return None
    event = next(r.event for r in reversed(records) if isinstance(r.event, RerunStarted))
    turn = _unfinished(records)
    turns = {event.turn + place: there for place, there in enumerate(event.turns)}
    recording = None
    if turn in turns:
        said = {here: there for here, there in turns.items() if here <= turn}
        parent = _varied(workspace, records, event.recorded)
        left_out = {int(turn): ids for turn, ids in event.left_out.items() if turn.isdecimal()}
        changed = documents_changed(workspace), model_changed(workspace, model)
        recording = RerunRecording(parent, said, event.replies, *changed, left_out=left_out)
    variant_world(workspace, outside, records, recording)
    return recording


def reopened_cast(
    workspace: Workspace,
    records: Sequence[Record],
    persona: str,
    model: str,
    clock: Clock,
    *,
    trusted: bool | None,
) -> Cast:
    """What governs a session that is opened: what it has of its own, and all else as it is on disk now.

    Where a `persona` is named, nothing of its own counts; where a `model` is, that is its own from now on, so that a turn
    which waits for a person goes on with it in another process. `records` are those of its log, none for a new session.
    Raises as `own_cast`.
    """
    return as_begun(cast_again(workspace, records, persona, model, clock, trusted=trusted), records)


def cast_again(
    workspace: Workspace,
    records: Sequence[Record],
    persona: str,
    model: str,
    clock: Clock,
    *,
    trusted: bool | None,
) -> Cast:
    """The same, whatever a turn of it that is not over was begun under."""
    own = (Own() if persona else recorded_own(records)).without({"model"} if model else ())
    last = next((r.event for r in reversed(records) if isinstance(r.event, ContractLoaded | SessionOpened)), None)
    persona = persona or (last.persona if last is not None else "")
    cast = own_cast(workspace, own, clock, persona=persona, model=model, trusted=trusted)
    if model and model != cast.contract.persona.model.use:
        cast = replace(cast, contract=replace(cast.contract, own=named((*own.parts, "model"))))
    return cast


def as_begun(cast: Cast, records: Sequence[Record]) -> Cast:
    """What governs a session that is opened: of a variant with an unfinished turn, what that turn was begun under."""
    if undecided(records) is None or not _unfinished(records):
        return cast
    try:
        begun = recorded_contract(records)
    except (UsageError, FileInvalid):  # erased: then it is what is on disk
        return cast
    contract = replace(begun, retention_days=cast.contract.retention_days, subject=cast.contract.subject)
    masks = begun.policy.masks if isinstance(begun.policy, RulePolicy) else cast.masks
    return replace(cast, contract=contract, masks=masks)


def resume_as_variant(session: Session, recording: RerunRecording | None) -> None:
    """Have a reopened session's unfinished turn go on as the rerun that it is."""
    if recording is not None:
        recording.attach(session)
        started = next(r.event for r in reversed(session.records) if isinstance(r.event, RerunStarted))
        session.stand_in(started.replies)


def _varied(workspace: Workspace, records: Sequence[Record], recorded: str) -> Sequence[Record]:
    """The records of the session that is varied: the parent's, unless it was another branch of it."""
    with suppress(GreenroomError):  # erased, or damaged: then nothing is kept
        return read_session(workspace, recorded or _parent_of(records))
    return ()


def _parent_of(records: Sequence[Record]) -> str:
    forked = next((r.event for r in reversed(records) if isinstance(r.event, SessionForked)), None)
    return forked.parent if forked is not None else ""


def _unfinished(records: Sequence[Record]) -> int:
    for record in reversed(records):
        if isinstance(record.event, TurnFinished | TurnAbandoned):
            return 0
        if isinstance(record.event, TurnStarted):
            return record.event.turn
    return 0
