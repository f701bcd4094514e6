"""Sessions opened, forked and given what is on disk now, with everything that reaches outside.

Invariant: nothing heavy is imported before a session or a search is opened, and a workspace nobody trusted runs no code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from greenroom.approval.mailbox import Mailbox
from greenroom.assembly.casting import Cast, cast_of
from greenroom.assembly.day_book import LogDayBook
from greenroom.assembly.hearing import hear_elsewhere
from greenroom.assembly.variants.own import Own, own_cast
from greenroom.assembly.variants.reopening import reopened, reopened_cast, resume_as_variant
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.ids import Ids, RandomIds
from greenroom.engine.contract import Contract
from greenroom.engine.fork import fork
from greenroom.engine.known_masks import heed, learn
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import session_id, session_path
from greenroom.log.file_log import FileLog
from greenroom.policy.decide import RulePolicy
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.core.values import StepMode
    from greenroom.retrieval.ingest import IngestProgress, IngestReport
    from greenroom.retrieval.store_retriever import StoreRetriever


async def open_session(
    workspace: Workspace,
    *,
    persona: str = "",
    model: str = "",
    session: str = "",
    mode: StepMode = "run",
    approver: Approver | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    instant: bool = False,
    trusted: bool | None = None,
) -> Session:
    """A new session, or the one named `session` to go on with.

    Args:
        workspace: where it lives.
        persona: its id; when empty, an old session's own or the workspace's default. An old session for which one is
            named goes on under what is on disk, whatever it was made with.
        model: a full name or alias to use in place of the persona's, or of the session's own.
        session: id, unique prefix or `last`.
        mode: how to step.
        approver: who answers questions; a mailbox when None.
        clock: the machine's when None.
        ids: random when None.
        instant: scripted models do not wait.
        trusted: what a caller knows already; asked of the person's trust file when None.

    Raises:
        UsageError: not trusted, no such persona, or the session is open elsewhere.
        FileInvalid, LogDamaged, DiskFailed: what they say.
    """
    from greenroom.assembly.world import outside_of

    clock, ids = clock or SystemClock(), ids or RandomIds()
    workspace.make_state()
    ledger = Ledger.of(workspace, clock)
    log = _opened(workspace, session, ledger, clock, ids) if session else None
    outside: Outside | None = None
    try:
        records = log.records if log is not None else ()
        cast = await asyncio.to_thread(reopened_cast, workspace, records, persona, model, clock, trusted=trusted)
        outside = await outside_of(workspace, cast, approver or Mailbox(), clock, ids, instant=instant)
        log = log or FileLog.create(session_path(workspace, ids.name("s")), clock, ids)
        return await _begun(workspace, log, cast, outside, ledger, mode)
    except BaseException:
        await _let_go(log, outside)
        raise


async def _let_go(log: FileLog | None, outside: Outside | None) -> None:
    if outside is not None:
        await outside.aclose()
    if log is not None:
        log.close()


async def _begun(
    workspace: Workspace, log: FileLog, cast: Cast, outside: Outside, ledger: Ledger, mode: StepMode
) -> Session:
    # A mask's number that already stands for a value in this log must not be given to another.
    cast.masks.reserve_all(record.event.model_dump_json() for record in tuple(log.records))
    learn(log.records, cast.masks, cast.contract.policy)
    await asyncio.to_thread(note_policy, ledger, log.session, cast)
    recording = await asyncio.to_thread(reopened, workspace, log.records, outside, cast.contract.model)
    session = Session(
        log,
        cast.contract,
        outside,
        workspace=load_settings(workspace).id,
        mode=mode,
        recording=recording,
        anchor=ledger.anchor,
    )
    heed(session.bus, cast.masks)
    resume_as_variant(session, recording)
    outside.day = LogDayBook(workspace, log, lambda: session.contract.policy.reserves)
    hear_elsewhere(workspace, session, outside.approver)
    return session


def reloaded_contract(workspace: Workspace, session: Session) -> Contract:
    """What governs a session from here on if it is given to `Session.reload`: everything as it is on disk now.

    The ledger has another policy before it counts.

    Raises:
        FileInvalid: something a person wrote is broken; the session goes on under what it has.
        UsageError: what would run is not what was trusted.
        DiskFailed: the ledger could not be written.
    """
    return cast_again(workspace, session).contract


def cast_again(workspace: Workspace, session: Session) -> Cast:
    """The persona and model that a session was opened with, as they are on disk now, with what it has of its own.

    Raises as `reloaded_contract`.
    """
    now, clock = session.contract, SystemClock()
    persona, model = now.asked if now.asked[0] else (now.persona.id, now.reached_by)
    masks = now.policy.masks if isinstance(now.policy, RulePolicy) else None
    own = Own.of(now)
    cast = own_cast(workspace, own, clock, persona=persona, model=model, trusted=None, masks=masks)
    note_policy(Ledger.of(workspace, clock), session.id, cast)
    return cast


def disk_contract(workspace: Workspace, session: Session) -> Contract:
    """A session's persona as it is on disk, with nothing that the session has of its own. Raises as `reloaded_contract`."""
    clock, persona = SystemClock(), session.contract.persona.id
    masks = session.contract.policy.masks if isinstance(session.contract.policy, RulePolicy) else None
    cast = cast_of(workspace, persona, "", clock, trusted=None, masks=masks)
    note_policy(Ledger.of(workspace, clock), session.id, cast)
    return cast.contract


def note_policy(ledger: Ledger, session: str, cast: Cast) -> None:
    """Have the ledger know the policy before it counts."""
    contract = cast.contract
    ledger.policy_loaded(session, contract.persona.id, contract.policy.digest, cast.policy)


def _opened(workspace: Workspace, session: str, ledger: Ledger, clock: Clock, ids: Ids) -> FileLog:
    name = session_id(workspace, session)
    return FileLog.open(session_path(workspace, name), clock, ids, ledger.anchors(name))


async def fork_session(
    workspace: Workspace, session: str, at: int, *, approver: Approver | None = None, trusted: bool | None = None
) -> Session:
    """A new session that begins as a copy of another up to record `at`.

    Raises:
        UsageError: there is no such session or record.
        LogDamaged: the parent does not verify.
    """
    clock, ids = SystemClock(), RandomIds()
    name = session_id(workspace, session)
    anchors = Ledger(workspace.ledger, clock).anchors(name)
    target = session_path(workspace, ids.name("s"))
    fork(session_path(workspace, name), at, target, clock, ids, anchors).close()
    return await open_session(workspace, session=target.stem, approver=approver, trusted=trusted)


def ingest_knowledge(workspace: Workspace, on_progress: Callable[[IngestProgress], None] | None = None) -> IngestReport:
    """Bring the store to hold what the collections of greenroom.toml say. Blocks; unchanged documents are skipped.

    Raises:
        FileInvalid: a document cannot be read.
        DiskFailed: the store cannot be written.
    """
    from greenroom.assembly.world import take_in

    return take_in(workspace, on_progress)


async def open_retriever(workspace: Workspace) -> StoreRetriever:
    """Retrieval over the workspace's store, with its vector leg up."""
    from greenroom.assembly.world import retriever_of

    retriever = retriever_of(workspace, SystemClock())
    await retriever.warm()
    return retriever
