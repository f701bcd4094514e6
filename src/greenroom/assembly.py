"""The composition root: the only place that chooses what stands behind each port.

Invariant: nothing heavy is imported before a session or a search is opened, and a workspace nobody trusted runs no code.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from greenroom.approval.mailbox import Mailbox
from greenroom.core.canonical import digest
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.ids import Ids, RandomIds
from greenroom.detectors.masks import Masks
from greenroom.engine.contract import Contract
from greenroom.engine.fork import fork
from greenroom.engine.outside import Outside
from greenroom.engine.session import Session
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import read_session, session_id, session_path, sessions, verify_session
from greenroom.log.file_log import FileLog
from greenroom.log.memory_log import MemoryLog
from greenroom.log.summary import SessionSummary, summarise
from greenroom.persona.load import load_persona
from greenroom.persona.voice import lines as voice_lines
from greenroom.policy.load import load_policies, policy_paths, read_source
from greenroom.workspace.find import require
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import Settings, load_settings
from greenroom.workspace.trust import is_trusted

if TYPE_CHECKING:
    from greenroom.approval.port import Approver
    from greenroom.core.values import StepMode
    from greenroom.engine.steps import Recording
    from greenroom.models.port import Model
    from greenroom.retrieval.ingest import IngestProgress, IngestReport
    from greenroom.retrieval.store_retriever import StoreRetriever
    from greenroom.store.store import Store
    from greenroom.tools.port import Tools


__all__ = [
    "Build",
    "SessionSummary",
    "find_workspace",
    "fork_session",
    "ingest_knowledge",
    "load_contract",
    "open_retriever",
    "open_session",
    "read_session",
    "replay_builder",
    "session_id",
    "session_path",
    "sessions",
    "verify_session",
    "workspace_tools",
]


class Build(Protocol):
    """Makes a session that is answered by a recording and reaches nothing outside."""

    def __call__(
        self,
        recording: Recording,
        *,
        persona: str = "",
        model: str = "",
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> Session: ...


@dataclass(frozen=True, slots=True)
class _Cast:
    """A contract and the tools it was made for."""

    contract: Contract
    tools: Tools
    masks: Masks


def find_workspace(path: Path | None = None) -> Workspace:
    """The nearest workspace at or above `path` (the current folder when None).

    Raises:
        UsageError: there is none.
    """
    return require(path or Path.cwd())


def workspace_tools(workspace: Workspace, clock: Clock | None = None) -> Tools:
    """Every tool of a trusted workspace and the built-in ones.

    Raises:
        FileInvalid: a tools file is broken, or two tools have one name.
    """
    from greenroom.tools.builtin.shelf import builtin_tools
    from greenroom.tools.combined import CombinedTools
    from greenroom.tools.python_tools import PythonTools

    sets: list[Tools] = [builtin_tools(workspace.root, clock or SystemClock())]
    if workspace.tools.is_dir():
        sets.append(PythonTools(workspace.tools, workspace.root))
    return CombinedTools(sets)


def load_contract(workspace: Workspace, persona: str = "", model: str = "", *, trusted: bool | None = None) -> Contract:
    """What would govern a session now. `persona` may carry a version (`aria@1.2.0`).

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: a persona, policy, tools or settings file is broken.
    """
    return _cast(workspace, persona, model, SystemClock(), trusted=trusted).contract


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
        persona: its id; for an old session, and when empty, its own or the workspace's default.
        model: a full name or alias to use in place of the persona's.
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
    clock, ids = clock or SystemClock(), ids or RandomIds()
    workspace.make_state()
    ledger = Ledger(workspace.ledger, clock)
    log: FileLog | None = None
    if session:
        name = session_id(workspace, session)
        log = FileLog.open(session_path(workspace, name), clock, ids, ledger.anchors(name))
        persona = persona or summarise(log.session, log.records).persona
    try:
        cast = await asyncio.to_thread(_cast, workspace, persona, model, clock, trusted=trusted)
        outside = await _outside(workspace, cast, approver or Mailbox(), clock, ids, instant=instant)
        log = log or FileLog.create(session_path(workspace, ids.name("s")), clock, ids)
    except BaseException:
        if log is not None:
            log.close()
        raise
    cast.masks.reserve([record.event.model_dump(mode="json") for record in log.records])
    name = load_settings(workspace).id
    return Session(log, cast.contract, outside, workspace=name, mode=mode, anchor=ledger.anchor)


async def fork_session(workspace: Workspace, session: str, at: int) -> Session:
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
    return await open_session(workspace, session=target.stem)


def replay_builder(workspace: Workspace) -> Build:
    """Builds sessions over a log in memory with every port closed. Contracts are loaded once for each persona and model."""
    from greenroom.engine.closed import ClosedModel, ClosedParts

    casts: dict[tuple[str, str], _Cast] = {}

    def build(
        recording: Recording,
        *,
        persona: str = "",
        model: str = "",
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> Session:
        clock, ids = clock or SystemClock(), ids or RandomIds()
        key = (persona, model)
        if key not in casts:
            casts[key] = _cast(workspace, persona, model, clock, trusted=True)
        cast = casts[key]
        closed = ClosedParts(cast.tools)
        outside = Outside(
            model=ClosedModel(cast.contract.model),
            tools=closed,
            retriever=closed,
            memory=closed,
            approver=closed,
            clock=clock,
            ids=ids,
        )
        return Session(MemoryLog("replay", clock, ids), cast.contract, outside, recording=recording)

    return build


def ingest_knowledge(workspace: Workspace, on_progress: Callable[[IngestProgress], None] | None = None) -> IngestReport:
    """Bring the store to hold what the collections of greenroom.toml say. Blocks; unchanged documents are skipped.

    Raises:
        FileInvalid: a document cannot be read.
        DiskFailed: the store cannot be written.
    """
    from greenroom.retrieval.ingest import ingest
    from greenroom.store.ngrams_embedder import NgramsEmbedder
    from greenroom.store.store import Store

    workspace.make_state()
    files = [
        (collection, path, path.relative_to(workspace.knowledge).as_posix())
        for collection, globs in load_settings(workspace).knowledge.collections.items()
        for path in _documents(workspace, globs)
    ]
    store = Store.open(workspace.state)
    try:
        return ingest(store, files, NgramsEmbedder(), on_progress or (lambda progress: None))
    finally:
        store.close()


async def open_retriever(workspace: Workspace) -> StoreRetriever:
    """Retrieval over the workspace's store, with its vector leg up."""
    from greenroom.store.store import Store

    workspace.make_state()
    retriever = _retriever(Store.open(workspace.state), SystemClock())
    await retriever.warm()
    return retriever


def _cast(workspace: Workspace, persona: str, model: str, clock: Clock, *, trusted: bool | None) -> _Cast:
    if not (is_trusted(workspace) if trusted is None else trusted):
        raise UsageError(
            "this workspace is not trusted yet, so none of its code runs",
            hint="look at it with `greenroom trust --show`, then `greenroom trust`",
            code="trust.missing",
        )
    settings = load_settings(workspace)
    name, _, version = (persona or settings.persona or _only_persona(workspace)).partition("@")
    loaded = load_persona(workspace, name, version or None)
    tools = workspace_tools(workspace, clock)
    paths = policy_paths(workspace.policies, loaded.persona.policy.files)
    masks = Masks()
    policy = load_policies(paths, tools.specs(), loaded.persona, root=workspace.root, masks=masks, clock=clock)
    allowed = _allowed(tools, loaded.persona.tools.allow, loaded.file)
    texts = {
        **loaded.texts,
        "policy": "\n".join(read_source(path, workspace.root).text for path in paths),
        "tools": json.dumps([spec.model_dump(mode="json") for spec in allowed.specs()], indent=1, sort_keys=True),
        "parameters": json.dumps(loaded.persona.model.params, sort_keys=True),
    }
    digests = {**{part: digest(text) for part, text in texts.items()}, **loaded.digests, "policy": policy.digest}
    contract = Contract(
        persona=loaded.persona,
        system=loaded.prompt,
        voice="\n".join(voice_lines(loaded.persona.voice)),
        policy=policy,
        tools=allowed.specs(),
        model=settings.model_name(model or loaded.persona.model.use),
        texts=texts,
        digests=digests,
        retention_days={key: one.retention_days for key, one in settings.memory.segments.items() if one.retention_days},
    )
    return _Cast(contract, allowed, masks)


def _allowed(tools: Tools, allow: tuple[str, ...], file: str) -> Tools:
    from greenroom.tools.combined import CombinedTools

    for pattern in allow:
        known = [spec.name for spec in tools.specs()]
        if not pattern.endswith("*") and pattern not in known:
            raise FileInvalid(
                f"there is no tool '{pattern}'", where=f"{file} tools.allow", hint=f"known: {', '.join(known)}"
            )
    return CombinedTools([tools], allow=allow)


def _only_persona(workspace: Workspace) -> str:
    from greenroom.persona.load import list_personas

    names = list_personas(workspace)
    if len(names) == 1:
        return names[0]
    raise UsageError(
        "which persona?", hint=f"there are: {', '.join(names) or 'none'}; name one, or set persona in greenroom.toml"
    )


async def _outside(
    workspace: Workspace, cast: _Cast, approver: Approver, clock: Clock, ids: Ids, *, instant: bool
) -> Outside:
    from greenroom.memory.store_memory import StoreMemory
    from greenroom.store.store import Store

    settings = load_settings(workspace)
    if settings.knowledge.collections:
        await asyncio.to_thread(ingest_knowledge, workspace)
    store = Store.open(workspace.state)
    return Outside(
        model=_models(workspace, settings, cast.contract, clock, instant=instant),
        tools=cast.tools,
        retriever=_retriever(store, clock),
        memory=StoreMemory(store, clock, ids),
        approver=approver,
        clock=clock,
        ids=ids,
    )


def _retriever(store: Store, clock: Clock) -> StoreRetriever:
    """Retrieval that closes the store when it is closed, last of all that uses it."""
    from greenroom.retrieval.store_retriever import StoreRetriever
    from greenroom.store.chroma_index import ChromaIndex
    from greenroom.store.ngrams_embedder import NgramsEmbedder

    embedder = NgramsEmbedder()
    return StoreRetriever(store, embedder, ChromaIndex(store, embedder), clock, owns_store=True)


def _models(workspace: Workspace, settings: Settings, contract: Contract, clock: Clock, *, instant: bool) -> Model:
    from greenroom.models.resilience import ResilientModel

    names = [contract.model, *(settings.model_name(name) for name in contract.persona.model.fallback)]
    return ResilientModel(
        [_model(workspace, settings, name, clock, instant=instant) for name in dict.fromkeys(names)], clock=clock
    )


def _model(workspace: Workspace, settings: Settings, name: str, clock: Clock, *, instant: bool) -> Model:
    if name.startswith("scripted/"):
        from greenroom.models.scripted_model import ScriptedModel

        return ScriptedModel.from_file(
            workspace.scripts / f"{name.removeprefix('scripted/')}.toml", clock, instant=instant
        )
    from greenroom.models.litellm_model import LitellmModel

    declared = next((one for one in settings.models.values() if one.use == name), settings.model(name))
    return LitellmModel(
        name, api_base=declared.api_base or None, key_variable=declared.key, timeout_seconds=declared.timeout
    )


def _documents(workspace: Workspace, globs: tuple[str, ...]) -> list[Path]:
    """The files of a collection. A name without a wildcard must exist: ingest reports it if it does not."""
    found: dict[Path, None] = {}
    for glob in globs:
        if any(sign in glob for sign in "*?["):
            found.update(dict.fromkeys(sorted(path for path in workspace.knowledge.glob(glob) if path.is_file())))
        else:
            found[workspace.knowledge / glob] = None
    return list(found)
