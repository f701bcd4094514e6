"""Documents taken in, listed and searched.

Invariant: a search here is a turn's search: same retriever, same choosing.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.chosen import chosen, split
from greenroom.core.errors import DiskFailed, UsageError
from greenroom.persona.load import load_persona
from greenroom.retrieval.port import PassageQuery
from greenroom.store import documents
from greenroom.store.store import Store
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.retrieval.explain import ExplainedSearch
    from greenroom.retrieval.ingest import IngestReport


def add(asked: Invocation) -> Answer[IngestReport]:
    """Copy what was named into `knowledge/`, then bring the store to hold what the collections say.

    Raises:
        UsageError: a path is not there, or a document of that name is already in the workspace.
        FileInvalid: a document is missing or no text.
    """
    from greenroom.assembly import ingest_knowledge

    workspace, face = asked.workspace(), asked.person()
    copied = [_copied(workspace, Path(word)) for word in asked.words("path")]
    report = ingest_knowledge(
        workspace, lambda progress: face.note(f"  {progress.done}/{progress.total} {progress.path}")
    )
    taken = [*report.added, *report.changed]
    notes = [f"{name}: no collection in greenroom.toml takes it in" for name in copied if name not in taken]
    lines = [*(f"added    {name}" for name in report.added), *(f"changed  {name}" for name in report.changed)]
    lines += [f"removed  {name}" for name in report.removed]
    lines.append(
        f"{len(taken)} taken in, {report.unchanged} unchanged, {len(report.removed)} removed; {report.chunks} chunks"
    )
    data = {
        "added": list(report.added),
        "changed": list(report.changed),
        "unchanged": report.unchanged,
        "removed": list(report.removed),
        "chunks": report.chunks,
        "embedded": report.embedded,
    }
    return answer(report, lines, data, notes=notes)


def list_documents(asked: Invocation) -> Answer[list[documents.DocumentRow]]:
    """What the store holds, by collection."""
    workspace = asked.workspace()
    workspace.make_state()
    store = Store.open(workspace.state)
    try:
        found = documents.list_documents(store)
    finally:
        store.close()
    rows = [(one.collection, one.path, one.chunks, one.digest.rpartition(":")[2][:8]) for one in found]
    data = [
        {"collection": one.collection, "path": one.path, "chunks": one.chunks, "digest": one.digest} for one in found
    ]
    notes = () if found else ("the store is empty; greenroom knowledge add takes in the collections",)
    return answer(found, table(("collection", "document", "chunks", "digest"), rows), data, notes=notes)


async def search(asked: Invocation) -> Answer[ExplainedSearch]:
    """Hits with their component scores, kept or dropped and why."""
    from greenroom.assembly import open_retriever
    from greenroom.retrieval.explain import explain

    workspace = asked.workspace()
    persona = load_persona(workspace, *split(chosen(workspace, asked.text("persona")))).persona
    query = PassageQuery(text=" ".join(asked.words("query")), collections=persona.knowledge.collections)
    retriever = await open_retriever(workspace)
    try:
        found = await explain(
            retriever,
            query,
            top_k=asked.number("top") or persona.knowledge.top_k,
            min_score=persona.knowledge.min_score,
            budget_chars=persona.knowledge.budget_chars,
        )
    finally:
        await retriever.aclose()
    rows = [
        (
            hit.cited or "-",
            f"{hit.passage.score:.2f}",
            _score(hit.passage.vector),
            _score(hit.passage.lexical),
            hit.passage.label,
            hit.reason or "kept",
            hit.passage.text,
        )
        for hit in found.hits
    ]
    lines = [line[:200] for line in table(("cited", "score", "vector", "lexical", "source", "fate", "text"), rows, 44)]
    data = {
        "legs": list(found.legs),
        "note": found.note,
        "hits": [
            {"rank": hit.rank, "cited": hit.cited, "reason": hit.reason, **hit.passage.model_dump(mode="json")}
            for hit in found.hits
        ],
    }
    notes = [f"legs: {' + '.join(found.legs)}", *([found.note] if found.note else [])]
    return answer(found, lines or ["nothing found"], data, notes=notes)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _copied(workspace: Workspace, path: Path) -> str:
    """The name of a file or folder once it stands in `knowledge/`; what is there already is left as it is."""
    if not path.exists():
        raise UsageError(f"there is no {path}")
    if path.resolve().is_relative_to(workspace.knowledge.resolve()):
        return path.resolve().relative_to(workspace.knowledge.resolve()).as_posix()
    target = workspace.knowledge / path.name
    if target.exists():
        raise UsageError(f"{workspace.shown(target)} is already there", hint="rename it, or edit that one")
    try:
        workspace.knowledge.mkdir(exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            shutil.copyfile(path, target)
    except OSError as error:
        raise DiskFailed(f"cannot copy {path}: {error.strerror or error}") from None
    return path.name
