"""Documents into the store: only what changed, one at a time in memory, and what is gone is taken out.

Invariant: each document is whole in the store or as it was before; stopped at any moment, a second run does the rest.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.core.errors import FileInvalid
from greenroom.retrieval import chunk as chunking
from greenroom.store import documents
from greenroom.store.embedder import Embedder
from greenroom.store.store import Store
from greenroom.workspace.own_file import read_regular

File = tuple[str, Path, str]
"""Collection, where the file is, and its name in citations."""

_MARKDOWN = frozenset({".md", ".markdown", ".mdx"})
_LARGEST_FILE = 64 * 1024 * 1024
_EMBED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """`done` of `total` documents are through; `path` is the latest."""

    done: int
    total: int
    path: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a run did, by the documents' names. `chunks` and `embedded` count pieces written and vectors made, `passages`
    the pieces that read otherwise than before, came, or went.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    chunks: int = 0
    embedded: int = 0
    passages: int = 0


@dataclass(slots=True)
class _Tally:
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    chunks: int = 0
    embedded: int = 0
    passages: int = 0


def ingest(
    store: Store,
    files: Sequence[File],
    embedder: Embedder | None,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
    *,
    remove_others: bool = True,
) -> IngestReport:
    """Bring the store to hold exactly `files`. Blocks: run it off the event loop.

    Args:
        store: where to.
        files: all documents there are to be.
        embedder: makes vectors, also for pieces that have none yet; None leaves that for later.
        on_progress: told after each document; an exception from it stops the run, and nothing done is lost.
        remove_others: take out documents that are not in `files`.

    Raises:
        FileInvalid: a document is missing, too large or no text; those before it are in the store.
        ServiceUnavailable: the embedder's model cannot be used.
    """
    _require_all(files)
    known = documents.digests(store)
    tally = _Tally()
    for done, (collection, path, name) in enumerate(files, 1):
        _take_in(store, (collection, path, name), known.get((collection, name)), embedder, tally)
        on_progress(IngestProgress(done, len(files), name))
    gone = sorted(set(known) - {(collection, name) for collection, _, name in files}) if remove_others else []
    tally.passages += sum(len(documents.texts_of(store, *key)) for key in gone)
    if gone:
        documents.remove_documents(store, gone)
    if tally.changed and not gone:
        store.scrub()
    if embedder is not None:
        tally.embedded += _embed_rest(store, embedder)
    removed = tuple(name for _, name in gone)
    return IngestReport(
        tuple(tally.added),
        tuple(tally.changed),
        tally.unchanged,
        removed,
        tally.chunks,
        tally.embedded,
        tally.passages,
    )


def read_document(path: Path, name: str) -> tuple[str, str]:
    """A document's text and the digest of its bytes. Spans of passages count code points of this text.

    Raises:
        FileInvalid: it is missing, too large, or not UTF-8 text.
    """
    try:
        data = read_regular(path, _LARGEST_FILE, links=True)
        if len(data) > _LARGEST_FILE:
            raise FileInvalid(
                f"larger than {_LARGEST_FILE >> 20} MiB", where=name, hint="split it", code="document.large"
            )
    except OSError as error:
        raise _unreadable(name, error) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileInvalid(
            "not UTF-8 text", where=f"{name}:{line}", hint="save it as UTF-8", code="document.text"
        ) from None
    if "\0" in text:
        raise FileInvalid(
            "a binary file, not text", where=name, hint="Markdown and plain text can be added", code="document.text"
        )
    return text, hashlib.sha256(data).hexdigest()


def labels_of(path: Path, name: str) -> tuple[str, ...]:
    """What the passages of a document are cited by, such as `returns.md#refunds`, each once.

    Raises: as `read_document`.
    """
    pieces = _pieces(path, read_document(path, name)[0])
    return tuple(dict.fromkeys(f"{name}#{piece.anchor}" if piece.anchor else name for piece in pieces))


def _pieces(path: Path, text: str) -> list[documents.ChunkRow]:
    return chunking.chunk(text, markdown=path.suffix.lower() in _MARKDOWN)


def _require_all(files: Sequence[File]) -> None:
    """Refuse before anything is written when a document is not there."""
    missing = [name for _, path, name in files if not path.is_file()]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise FileInvalid(
            f"there is no such document{more}",
            where=missing[0],
            hint="correct [knowledge] in greenroom.toml, or put the file back",
            code="document.missing",
        )


def _unreadable(name: str, error: OSError) -> FileInvalid:
    return FileInvalid(
        f"cannot be read: {error.strerror or error}",
        where=name,
        hint="check its path and permissions",
        code="document.missing",
    )


def _take_in(store: Store, file: File, before: str | None, embedder: Embedder | None, tally: _Tally) -> None:
    collection, path, name = file
    text, content = read_document(path, name)
    digest = f"{chunking.VERSION}:{content}"
    if digest == before:
        tally.unchanged += 1
        return
    pieces = _pieces(path, text)
    vectors = None
    if embedder is not None and pieces:
        vectors = embedder.embed([f"{piece.heading}\n{piece.text}" for piece in pieces])
        tally.embedded += len(pieces)
    tally.passages += _differing(documents.texts_of(store, collection, name), pieces)
    documents.replace_document(store, collection, name, digest, pieces, embedder.id if embedder else "", vectors)
    tally.chunks += len(pieces)
    (tally.added if before is None else tally.changed).append(name)


def _differing(before: Sequence[tuple[str, str]], pieces: Sequence[documents.ChunkRow]) -> int:
    """How many pieces read otherwise; one that was cut in two counts as two."""
    old, new = Counter(before), Counter((piece.heading, piece.text) for piece in pieces)
    return max((new - old).total(), (old - new).total())


def _embed_rest(store: Store, embedder: Embedder) -> int:
    """Vectors for pieces that were taken in without this embedder."""
    count = 0
    while rows := documents.without_vectors(store, embedder.id, _EMBED_AT_ONCE):
        documents.add_vectors(
            store, embedder.id, [number for number, _ in rows], embedder.embed([text for _, text in rows])
        )
        count += len(rows)
    return count
