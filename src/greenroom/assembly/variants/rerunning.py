"""A rerun: what was said in a session said again in a branch of it, under what is on disk now and what a person changed.

Invariant: the parent's bytes are never changed; whatever ends a rerun leaves a legal log that can be resumed; nothing
is remembered for others, and no effect is had twice, before a person says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.approval.automatic import DenyAll
from greenroom.assembly.casting import Cast
from greenroom.assembly.day_book import LogDayBook
from greenroom.assembly.hearing import hear_elsewhere
from greenroom.assembly.variants.changing import Change, changed_cast, differences
from greenroom.assembly.variants.reopening import documents_changed, model_changed, variant_world
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.core.ids import Ids, RandomIds
from greenroom.engine.fork import fork
from greenroom.engine.known_masks import heed, learn
from greenroom.engine.outside import Outside
from greenroom.engine.rerun.recording import RerunRecording
from greenroom.engine.rerun.turns import Said, announce, before, last_reply, said, say
from greenroom.engine.session import Session
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import read_session, session_id, session_path
from greenroom.log.file_log import FileLog, read_records
from greenroom.regression.what_if import named_in
from greenroom.views.branches.rerun import Branch, Step, branch, steps
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

if TYPE_CHECKING:
    from greenroom.approval.port import Approver

__all__ = ["Change", "Rerun", "rerun_session"]


AS_ON_DISK = Change()


@dataclass(frozen=True, slots=True)
class Rerun:
    """A variant that was said to its end. `session` is open, and its caller's to close; `parent` is the session it varies.

    `told` has a line for each thing that a person did in what is varied, or wanted left out, and that is not so here.
    """

    session: Session
    parent: str
    kept: tuple[Step, ...]
    redone: tuple[Step, ...]
    told: tuple[str, ...] = ()


async def rerun_session(
    workspace: Workspace,
    session: str,
    change: Change = AS_ON_DISK,
    *,
    since: int | None = None,
    until: int | None = None,
    approver: Approver | None = None,
    on_open: Callable[[Session], None] = lambda session: None,
    instant: bool = False,
    trusted: bool | None = None,
) -> Rerun:
    """Say the turns `since` to `until` of a session again (the last one when None) in a new session.

    Args:
        workspace: where both live; `session` is the parent's id, the beginning of one, or `last`.
        change: what is other than it is on disk now.
        since: the first turn to say again, just before which it branches; `until` the last, the parent's when None.
        approver: who answers what is not kept; without one every question is answered with no.
        on_open: called with the variant before its first turn is said, to watch it, or to cancel it.
        instant: scripted models do not wait.
        trusted: what a caller knows already; asked of the person's trust file when None.

    Raises:
        UsageError: no such session or turn, not trusted, no such persona or version.
        FileInvalid: something a person wrote is broken.
        WaitingForPerson, ServiceUnavailable, KillSwitchThrown, CancelledError: the variant stays as far as it came, is
            closed, and can be resumed.
        LogDamaged, DiskFailed: what they say.
    """
    clock, ids = SystemClock(), RandomIds()
    parent = session_id(workspace, session)
    records = await asyncio.to_thread(read_session, workspace, parent)
    plan = _planned(records, since, until, [*change.words, *change.replies])
    cast = await asyncio.to_thread(changed_cast, workspace, change, records, clock, trusted=trusted)
    replies = _replies(records, plan, change.replies)
    left_out = _left_out(records, plan, change.without)
    recording = _recording(workspace, records, plan, replies, left_out, change, cast)
    source, at = branching_point(workspace, parent, records, plan[0].turn)
    log = _branched(workspace, source, at, clock, ids)
    variant = await _opened(workspace, log, cast, recording, approver or DenyAll(), clock, ids, instant=instant)
    try:
        recorded = parent if parent != source else ""
        announce(variant, plan, _changed(records, plan, variant, change), replies, left_out, recorded)
        on_open(variant)
        await say(variant, plan, change.words)
    except BaseException:
        await variant.aclose()
        raise
    return _told(variant, parent, recording.told())


def nothing_changed(workspace: Workspace, records: Sequence[Record], turn: int, trusted: bool | None = None) -> bool:
    """Whether a turn ran under the very contract that is on disk now. Raises as `changed_cast`."""
    cast = changed_cast(workspace, AS_ON_DISK, records, SystemClock(), trusted=trusted)
    begun = before(records, turn)
    loaded = next(r.event for r in reversed(records[: begun + 1]) if isinstance(r.event, ContractLoaded))
    return not differences(loaded, cast.contract)


def _told(variant: Session, parent: str, told: tuple[str, ...]) -> Rerun:
    found = steps(variant.records)
    kept = tuple(one for one in found if one.kept_from is not None)
    return Rerun(variant, parent, kept, tuple(one for one in found if one.kept_from is None), told)


def _recording(
    workspace: Workspace,
    records: Sequence[Record],
    plan: Sequence[Said],
    replies: Mapping[str, str],
    left_out: Mapping[int, Collection[str]],
    change: Change,
    cast: Cast,
) -> RerunRecording:
    turns = {plan[0].turn + place: one.turn for place, one in enumerate(plan)}
    changed = documents_changed(workspace), model_changed(workspace, cast.contract.model)
    return RerunRecording(records, turns, replies, *changed, left_out=left_out, anew=change.regenerate)


def _planned(records: Sequence[Record], since: int | None, until: int | None, changed: Sequence[int]) -> Sequence[Said]:
    """What is said again; every turn in which something is `changed` must be among it."""
    plan = said(records, since, until)
    for turn in changed:
        if turn not in {one.turn for one in plan}:
            raise UsageError(f"turn {turn} is not said again", hint="begin the rerun at it", code="rerun.turn")
    return plan


def _replies(records: Sequence[Record], plan: Sequence[Said], replies: Mapping[int, str]) -> dict[str, str]:
    """A person's words by the step of the variant that they stand at."""
    here = {one.turn: plan[0].turn + place for place, one in enumerate(plan)}
    found = {}
    for turn, words in replies.items():
        found[f"t{here[turn]}/{last_reply(records, turn).partition('/')[2]}"] = words
    return found


def branching_point(workspace: Workspace, name: str, records: Sequence[Record], turn: int) -> tuple[str, int]:
    """From which session, at which record a branch is made in which a turn is said otherwise.

    A variant of a variant's own first turn stands beside it, not below it.
    """
    origin = branch(records)
    if origin is not None and origin.turn == turn and _holds(workspace, origin, records):
        return origin.parent, origin.at
    return name, before(records, turn)


def _holds(workspace: Workspace, origin: Branch, records: Sequence[Record]) -> bool:
    """Whether the parent is there and has the very record that a session says it branched off at."""
    path = session_path(workspace, origin.parent)
    if not path.is_file() or not 0 <= origin.at < len(records):
        return False
    theirs = read_records(path)
    return origin.at < len(theirs) and theirs[origin.at].hash == records[origin.at].hash


def _left_out(
    records: Sequence[Record], plan: Sequence[Said], without: Mapping[int, Collection[str]]
) -> dict[int, frozenset[str]]:
    """By turn of the variant, the ids of what was found for the turn that it says again and is left out now."""
    here = {one.turn: plan[0].turn + place for place, one in enumerate(plan)}
    found: dict[int, frozenset[str]] = {}
    for turn, words in without.items():
        if turn not in here:
            raise UsageError(f"turn {turn} is not said again", hint="begin the rerun at it", code="rerun.turn")
        found[here[turn]] = frozenset(named_in(records, turn, word) for word in words)
    return found


def _branched(workspace: Workspace, parent: str, at: int, clock: Clock, ids: Ids) -> FileLog:
    anchors = Ledger(workspace.ledger, clock).anchors(parent)
    target = session_path(workspace, ids.name("s"))
    return fork(session_path(workspace, parent), at, target, clock, ids, anchors)


async def _opened(
    workspace: Workspace,
    log: FileLog,
    cast: Cast,
    recording: RerunRecording,
    approver: Approver,
    clock: Clock,
    ids: Ids,
    *,
    instant: bool,
) -> Session:
    from greenroom.assembly.world import outside_of

    outside: Outside | None = None
    try:
        outside = await outside_of(workspace, cast, approver, clock, ids, instant=instant)
        variant_world(workspace, outside, log.records, recording)
        return _begun(workspace, log, cast, recording, outside, clock)
    except BaseException:
        if outside is not None:
            await outside.aclose()
        log.close()
        raise


def _begun(
    workspace: Workspace, log: FileLog, cast: Cast, recording: RerunRecording, outside: Outside, clock: Clock
) -> Session:
    for record in (*log.records, *recording.parent):  # a mask's number stands for one value in both
        cast.masks.reserve(record.event.model_dump(mode="json"))
    for records in (recording.parent, log.records):
        learn(records, cast.masks, cast.contract.policy)
    ledger = Ledger.of(workspace, clock)
    ledger.policy_loaded(log.session, cast.contract.persona.id, cast.contract.policy.digest, cast.policy)
    name = load_settings(workspace).id
    session = Session(log, cast.contract, outside, workspace=name, recording=recording, anchor=ledger.anchor)
    heed(session.bus, cast.masks)
    recording.attach(session)
    outside.day = LogDayBook(workspace, log, lambda: session.contract.policy.reserves)
    hear_elsewhere(workspace, session, outside.approver)
    return session


def _changed(records: Sequence[Record], plan: Sequence[Said], variant: Session, change: Change) -> tuple[str, ...]:
    """What is other than it was when the first of these turns was said."""
    turn = plan[0].turn
    begun = before(records, turn)
    loaded = next(r.event for r in reversed(records[: begun + 1]) if isinstance(r.event, ContractLoaded))
    words = [f"words of turn {one.turn}" for one in plan if change.words.get(one.turn, one.words) != one.words]
    replies = [f"reply of turn {turn}" for turn in sorted(change.replies)]
    without = [f"without {key}" for ids in change.without.values() for key in sorted(ids)]
    return (*differences(loaded, variant.contract), *words, *replies, *without)
