"""The store's own record of an index derived from it: where it lies, which state of the store it holds, its digest.

Invariant: an index counts as sound only between `settled` and the next `opened`, so a process killed while the
files could change leaves a record that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom.store.fingerprint import fingerprint
from greenroom.store.store import Store


@dataclass(frozen=True, slots=True)
class DerivedRow:
    """`state` is `writing` while files may change and `settled` when `fingerprint` covers them."""

    folder: str
    state: str
    generation: int
    fingerprint: str


def recorded(store: Store, embedder: str) -> DerivedRow | None:
    """What the store knows of the index, or None."""
    rows = store.rows("select folder, state, generation, fingerprint from derived where embedder = ?", embedder)
    return DerivedRow(*rows[0]) if rows else None  # type: ignore[arg-type]  # the columns above, in order


def writing(store: Store, embedder: str, folder: str) -> None:
    """The files are about to change."""
    _record(store, embedder, DerivedRow(folder, "writing", -1, ""))


def settled(store: Store, embedder: str, folder: Path, generation: int) -> None:
    """The files hold the store as of `generation`, and nothing is writing them."""
    _record(store, embedder, DerivedRow(folder.name, "settled", generation, fingerprint(folder)))


def problem(store: Store, embedder: str, parent: Path) -> str:
    """Why the index on disk cannot be opened, or ''. Reads every byte of it: some damage would kill the process
    that loads it (garbage in an HNSW file is a segmentation fault), so it is found before loading.
    """
    row = recorded(store, embedder)
    if row is None:
        return "not built yet"
    if row.folder in ("", ".", "..") or Path(row.folder).name != row.folder:
        return "is recorded outside its folder"
    if row.state != "settled":
        return "was being written when the last run ended"
    if not (parent / row.folder).is_dir():
        return "is missing"
    return "" if fingerprint(parent / row.folder) == row.fingerprint else "was damaged"


def _record(store: Store, embedder: str, row: DerivedRow) -> None:
    with store.transaction() as connection:
        connection.execute(
            "insert or replace into derived values (?, ?, ?, ?, ?)",
            (embedder, row.folder, row.state, row.generation, row.fingerprint),
        )
