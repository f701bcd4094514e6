"""What stands behind each port of a live session: models, documents, memory.

Invariant: litellm, chromadb and numpy are imported by the adapters that own them, and only when first used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from greenroom.approval.kill_switch import KillSwitch
from greenroom.approval.port import Approver
from greenroom.assembly.casting import Cast
from greenroom.assembly.fixture.scripts import require_script
from greenroom.core.canonical import clean_json, digest
from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid
from greenroom.core.ids import Ids
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Outside
from greenroom.memory.store_memory import StoreMemory
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.port import Model
from greenroom.models.resilience import ResilientModel
from greenroom.models.scripted_model import ScriptedModel
from greenroom.retrieval.ingest import IngestProgress, IngestReport, ingest
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.chroma_index import ChromaIndex
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
from greenroom.workspace.free_models import is_free
from greenroom.workspace.layout import Workspace
from greenroom.workspace.model_tables import Reached, reached, require_same
from greenroom.workspace.own_file import read_written_bytes
from greenroom.workspace.settings import Settings, load_settings
from greenroom.workspace.trust import describe

Paid = Callable[[Model, bool], Model]
"""Puts what pays for its calls before a model, told whether it is known to cost nothing."""


def take_in(workspace: Workspace, on_progress: Callable[[IngestProgress], None] | None = None) -> IngestReport:
    """Bring the store to hold what the collections of greenroom.toml say. Blocks; unchanged documents are skipped.

    Raises:
        FileInvalid: a document cannot be read.
        DiskFailed: the store cannot be written.
    """
    workspace.make_state()
    files = [
        (collection, path, path.relative_to(workspace.knowledge).as_posix())
        for collection, globs in load_settings(workspace).knowledge.collections.items()
        for path in documents_of(workspace, globs)
    ]
    store = Store.open(workspace.state)
    try:
        return ingest(store, files, NgramsEmbedder(), on_progress or (lambda progress: None))
    finally:
        store.close()


async def outside_of(
    workspace: Workspace,
    cast: Cast,
    approver: Approver,
    clock: Clock,
    ids: Ids,
    *,
    instant: bool,
    paid: Paid = lambda model, free: model,
) -> Outside:
    """The world of a session, with the documents taken in.

    Raises:
        FileInvalid: a script or document cannot be read.
        DiskFailed: the store cannot be written.
    """
    settings = load_settings(workspace)
    if settings.knowledge.collections:
        await asyncio.to_thread(take_in, workspace)
    store = Store.open(workspace.state)
    return Outside(
        model=models_of(workspace, settings, cast.contract, clock, instant=instant, paid=paid),
        tools=cast.tools,
        retriever=retriever_over(store, clock),
        memory=StoreMemory(store, clock, ids),
        approver=approver,
        clock=clock,
        ids=ids,
        brake=KillSwitch(workspace, clock),
        sources={"model": model_source(workspace, settings, cast.contract), "tools": describe(workspace).digest},
        instant=instant,
    )


def retriever_over(store: Store, clock: Clock) -> StoreRetriever:
    """Retrieval that closes the store when it is closed, last of all that uses it."""
    embedder = NgramsEmbedder()
    return StoreRetriever(store, embedder, ChromaIndex(store, embedder), clock, owns_store=True)


def models_of(
    workspace: Workspace,
    settings: Settings,
    contract: Contract,
    clock: Clock,
    *,
    instant: bool,
    paid: Paid = lambda model, free: model,
) -> Model:
    """The model of a contract with its fallbacks behind it, each of them `paid` for. Raises as `model_of`."""
    found = _reached(settings, contract)
    models = [paid(_made(workspace, one, clock, instant=instant), is_free(one)) for one in found]
    return ResilientModel(models, clock=clock)


def model_source(workspace: Workspace, settings: Settings, contract: Contract) -> str:
    """A digest of what `models_of` makes the model from: the scripts as they are, or how each model is reached."""
    parts: list[list[str]] = []
    for name, how in _reached(settings, contract):
        if name.startswith("scripted/"):
            try:
                parts.append([name, sha256(read_written_bytes(script_of(workspace, name))).hexdigest()])
            except OSError:
                parts.append([name, "missing"])
        else:
            parts.append([name, how.model_dump_json()])
    return digest(clean_json(parts))


def _reached(settings: Settings, contract: Contract) -> list[Reached]:
    """The model of a contract and its fallbacks, each once. Raises FileInvalid where its table stands for another now."""
    require_same(settings, contract.table, contract.model)
    names = (contract.reached_by, *contract.persona.model.fallback)
    return list(dict.fromkeys(reached(settings, name) for name in names))


def model_of(workspace: Workspace, settings: Settings, name: str, clock: Clock, *, instant: bool) -> Model:
    """The model behind the name of a table or a full name, reached as the workspace says.

    Raises:
        FileInvalid: its script cannot be used, its address holds a password, or tables differ in how it is reached.
    """
    return _made(workspace, reached(settings, name), clock, instant=instant)


def _made(workspace: Workspace, one: Reached, clock: Clock, *, instant: bool) -> Model:
    name, how = one
    if name.startswith("scripted/"):
        path = script_of(workspace, name)
        require_script(workspace, path, workspace.shown(path))
        return ScriptedModel.from_file(path, clock, instant=instant)
    return LitellmModel(
        name, api_base=how.api_base or None, key_variable=how.key, timeout_seconds=how.timeout, price=how.price
    )


def script_of(workspace: Workspace, name: str) -> Path:
    """The file behind `scripted/NAME`. Raises FileInvalid where it leads out of the workspace."""
    path = workspace.scripts / f"{name.removeprefix('scripted/')}.toml"
    if not path.resolve().is_relative_to(workspace.root.resolve()):
        raise FileInvalid("the script leads out of the workspace", where=name, code="script.outside")
    return path


def documents_of(workspace: Workspace, globs: tuple[str, ...]) -> list[Path]:
    """The files of a collection. A name without a wildcard must exist: ingest reports it if it does not.

    Raises:
        FileInvalid: one is a link that leads out of the workspace.
    """
    found: dict[Path, None] = {}
    for glob in globs:
        if any(sign in glob for sign in "*?["):
            found.update(dict.fromkeys(sorted(path for path in workspace.knowledge.glob(glob) if path.is_file())))
        else:
            found[workspace.knowledge / glob] = None
    root = workspace.root.resolve()
    if outside := next((path for path in found if not path.resolve().is_relative_to(root)), None):
        raise FileInvalid(
            "the document leads out of the workspace",
            where=workspace.shown(outside),
            hint="a copy of it can be added: greenroom knowledge add PATH",
            code="document.outside",
        )
    return list(found)


def retriever_of(workspace: Workspace, clock: Clock) -> StoreRetriever:
    """Retrieval over a store of its own, for searches outside a session."""
    workspace.make_state()
    return retriever_over(Store.open(workspace.state), clock)
