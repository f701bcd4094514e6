from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.retrieval.ingest import File, IngestProgress, ingest
from greenroom.store.documents import counts, list_documents
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store


class CountingEmbedder(NgramsEmbedder):
    """Counts what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.texts += texts
        return super().embed(texts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "state")


def files(folder: Path, **texts: str) -> list[File]:
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    return [("shop", folder / f"{name}.md", f"{name}.md") for name in texts]


def test_only_what_changed_is_done_again(tmp_path: Path, store: Store) -> None:
    embedder = CountingEmbedder()
    first = files(tmp_path, a="# A\nalpha", b="# B\nbeta", c="# C\ngamma")
    report = ingest(store, first, embedder)
    assert (report.added, report.chunks, report.embedded) == (("a.md", "b.md", "c.md"), 3, 3)
    before = store.generation
    assert ingest(store, first, embedder).unchanged == 3
    assert store.generation == before
    embedder.texts.clear()
    report = ingest(store, files(tmp_path, a="# A\nalpha", b="# B\nbeta two"), embedder)
    assert (report.added, report.changed, report.removed, report.unchanged) == ((), ("b.md",), ("c.md",), 1)
    assert embedder.texts == ["B\n# B\nbeta two"]
    assert [document.path for document in list_documents(store)] == ["a.md", "b.md"]
    assert counts(store, embedder.id) == {"chunks": 2, "vectors": 2}


def test_removed_text_is_gone_from_disk(tmp_path: Path, store: Store) -> None:
    ingest(store, files(tmp_path, a="alpha", b="the quincemarker"), NgramsEmbedder())
    ingest(store, files(tmp_path, a="alpha"), NgramsEmbedder())
    assert not any(b"quincemark" in path.read_bytes() for path in store.folder.iterdir())


def test_others_stay_when_asked(tmp_path: Path, store: Store) -> None:
    ingest(store, files(tmp_path, a="alpha"), None)
    assert ingest(store, files(tmp_path, b="beta"), None, remove_others=False).removed == ()
    assert len(list_documents(store)) == 2


def test_stopped_in_the_middle_the_rest_is_done_next_time(tmp_path: Path, store: Store) -> None:
    embedder = CountingEmbedder()
    all_files = files(tmp_path, a="alpha", b="beta", c="gamma")

    def stop(progress: IngestProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, all_files, embedder, stop)
    assert [document.path for document in list_documents(store)] == ["a.md", "b.md"]
    embedder.texts.clear()
    report = ingest(store, all_files, embedder)
    assert (report.added, report.unchanged) == (("c.md",), 2)
    assert embedder.texts == ["\ngamma"]


def test_vectors_follow_when_an_embedder_comes_later(tmp_path: Path, store: Store) -> None:
    all_files = files(tmp_path, a="alpha", b="beta")
    ingest(store, all_files, None)
    report = ingest(store, all_files, NgramsEmbedder())
    assert (report.unchanged, report.embedded) == (2, 2)


def test_progress_counts_every_document(tmp_path: Path, store: Store) -> None:
    told: list[tuple[int, int, str]] = []
    ingest(store, files(tmp_path, a="x", b="y"), None, lambda p: told.append((p.done, p.total, p.path)))
    assert told == [(1, 2, "a.md"), (2, 2, "b.md")]


def test_a_missing_document_is_one_line_and_nothing_is_written(tmp_path: Path, store: Store) -> None:
    all_files = [
        *files(tmp_path, a="x"),
        ("shop", tmp_path / "gone.md", "gone.md"),
        ("shop", tmp_path / "g2.md", "g2.md"),
    ]
    with pytest.raises(FileInvalid) as caught:
        ingest(store, all_files, None)
    assert caught.value.line().startswith("gone.md: there is no such document (and 1 more)")
    assert "\n" not in caught.value.line()
    assert list_documents(store) == []


@pytest.mark.parametrize(("data", "said"), [(b"ok\nline \xff\xfe", "bin.md:2: not UTF-8"), (b"a\0b", "binary")])
def test_what_is_no_text_is_refused(tmp_path: Path, store: Store, data: bytes, said: str) -> None:
    (tmp_path / "bin.md").write_bytes(data)
    with pytest.raises(FileInvalid, match=said):
        ingest(store, [("shop", tmp_path / "bin.md", "bin.md")], None)


def test_line_ends_and_a_byte_order_mark_keep_spans_true(tmp_path: Path, store: Store) -> None:
    (tmp_path / "dos.md").write_bytes(b"\xef\xbb\xbf# A\r\n\r\nfirst line\r\nsecond\r\n")
    ingest(store, [("shop", tmp_path / "dos.md", "dos.md")], None)
    text, first, past = store.rows("select text, first, past from chunks")[0]
    assert (text, first, past) == ("# A\r\n\r\nfirst line\r\nsecond", 0, 25)
