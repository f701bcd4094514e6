"""One set of rules for the store's memory and its double, and what only the store must do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.ids import CountedIds
from greenroom.core.values import Memory
from greenroom.memory.plain_memory import PlainMemory
from greenroom.memory.port import MemoryQuery, MemoryStore
from greenroom.memory.store_memory import StoreMemory
from greenroom.store.store import Store

CLOCK = FrozenClock()


@pytest.fixture(params=["store", "plain"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore:
    if request.param == "plain":
        return PlainMemory(clock=CLOCK)
    return StoreMemory(Store.open(tmp_path), CLOCK, CountedIds())


def one(name: str, text: str, key: str = "", **fields: Any) -> Memory:
    given = {"segment": "customer", "subject": "ana", "record": "s1:4", "created": "2026-11-20T10:00:00Z"}
    return Memory.model_validate({"id": name, "text": text, "key": key, **given, **fields})


def recall(memory: MemoryStore, text: str = "", **fields: Any) -> list[str]:
    query = MemoryQuery.model_validate({"text": text, "segments": ("customer", "session"), "subject": "ana"} | fields)
    return [found.id for found in asyncio.run(memory.recall(query))]


def write(memory: MemoryStore, *memories: Memory) -> list[str]:
    return [asyncio.run(memory.write(one)) for one in memories]


def test_recall_is_by_subject_and_segment(memory: MemoryStore) -> None:
    write(
        memory,
        one("m1", "likes tea"),
        one("m2", "likes coffee", subject="bob"),
        one("m3", "likes juice", segment="team"),
    )
    assert recall(memory) == ["m1"]
    assert recall(memory, segments=("team",)) == ["m3"]
    assert recall(memory, segments=()) == []
    assert recall(memory, subject="eve") == []


def test_the_relevant_come_first_then_the_newest(memory: MemoryStore) -> None:
    write(memory, one("m1", "allergic to wool"), one("m2", "lives in Oslo"), one("m3", "speaks German"))
    assert recall(memory, "is this jumper wool") == ["m1", "m3", "m2"]
    assert recall(memory, "is this jumper wool", limit=1) == ["m1"]
    assert recall(memory, "unrelated") == ["m3", "m2", "m1"]


def test_the_same_key_supersedes(memory: MemoryStore) -> None:
    assert write(memory, one("m1", "Size: 41", "size"), one("m2", "Size: 42", "size")) == ["", "m1"]
    assert recall(memory) == ["m2"]
    assert write(memory, one("m3", "Size: 42", "size", subject="bob")) == [""]


def test_nearly_the_same_words_are_merged(memory: MemoryStore) -> None:
    first = one("m1", "has a small brown dog at home", confidence=0.9)
    assert write(memory, first, one("m2", "Has a small brown dog at home!", confidence=0.5)) == ["", "m1"]
    query = MemoryQuery(text="", segments=("customer",), subject="ana")
    (found,) = asyncio.run(memory.recall(query))
    assert (found.id, found.confidence) == ("m2", 0.9)


def test_a_different_number_is_never_nearly_the_same(memory: MemoryStore) -> None:
    write(memory, one("m1", "order number one of mine is 1001 now"), one("m2", "order number one of mine is 1002 now"))
    assert set(recall(memory)) == {"m1", "m2"}


def test_writing_an_id_twice_changes_nothing(memory: MemoryStore) -> None:
    write(memory, one("m1", "Size: 41", "size"), one("m2", "Size: 42", "size"))
    assert write(memory, one("m2", "Size: 99", "size"), one("m1", "Size: 41", "size")) == ["m1", ""]
    assert recall(memory) == ["m2"]


def test_session_memories_stay_in_their_session(memory: MemoryStore) -> None:
    write(memory, one("m1", "is in a hurry", "mood", segment="session", record="s1:4"))
    assert write(memory, one("m2", "is relaxed", "mood", segment="session", record="s2:4")) == [""]
    assert recall(memory, session="s1") == ["m1"]
    assert recall(memory, session="s2") == ["m2"]
    assert recall(memory, session="") == []


def test_what_expired_is_not_recalled(memory: MemoryStore) -> None:
    write(
        memory,
        one("m1", "old", expires="2026-11-20T09:00:00.000000Z"),
        one("m2", "fresh", expires="2026-11-21T10:00:00.000000Z"),
    )
    assert recall(memory) == ["m2"]


def test_forgetting_takes_what_was_superseded_along(memory: MemoryStore) -> None:
    write(memory, one("m1", "Size: 41", "size"), one("m2", "Size: 42", "size"), one("m3", "Size: 43", "size"))
    assert asyncio.run(memory.forget("m3"))
    assert recall(memory) == []
    assert not asyncio.run(memory.forget("m1"))
    assert not asyncio.run(memory.forget("never"))


def in_store(tmp_path: Path, work: Callable[[StoreMemory], Any], clock: FrozenClock = CLOCK) -> Any:
    store = Store.open(tmp_path)
    try:
        return asyncio.run(work(StoreMemory(store, clock, CountedIds())))
    finally:
        store.close()


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file()).lower()


def test_forgotten_bytes_are_gone(tmp_path: Path) -> None:
    async def work(memory: StoreMemory) -> None:
        for number in range(200):
            await memory.write(one(f"n{number}", f"ordinary note number {number}"))
        await memory.write(one("m1", "lives at quincemarker street", "address"))
        await memory.write(one("m2", "lives at zanzibarmarker street", "address"))
        assert b"quincemark" in bytes_of(tmp_path)
        assert await memory.forget("m2")
        assert b"quincemark" not in bytes_of(tmp_path)
        assert b"zanzibarmark" not in bytes_of(tmp_path)
        assert len(await memory.every()) == 200

    in_store(tmp_path, work)
    assert b"quincemark" not in bytes_of(tmp_path)


def test_memories_outlive_the_process(tmp_path: Path) -> None:
    in_store(tmp_path, lambda memory: memory.write(one("m1", "Name: Ana", "name")))
    (kept,) = in_store(tmp_path, lambda memory: memory.every())
    assert kept == one("m1", "Name: Ana", "name")


def test_looking_through_and_searching(tmp_path: Path) -> None:
    async def work(memory: StoreMemory) -> None:
        await memory.write(one("m1", "Name: Ana", "name"))
        await memory.write(one("m2", "likes green tea", segment="team", subject="bob"))
        assert [m.id for m in await memory.every()] == ["m2", "m1"]
        assert [m.id for m in await memory.every(segment="team")] == ["m2"]
        assert [m.id for m in await memory.search("teas")] == ["m2"]
        assert await memory.search("zeppelin") == ()
        assert await memory.search('"* OR') == ()

    in_store(tmp_path, work)


def test_expired_rows_are_pruned_with_their_bytes(tmp_path: Path) -> None:
    clock = FrozenClock()

    async def work(memory: StoreMemory) -> None:
        await memory.write(one("m1", "quincemarker", expires="2026-11-20T11:00:00.000000Z"))
        await memory.write(one("m2", "kept"))
        assert await memory.prune() == 0
        clock.advance(7200)
        assert await memory.prune() == 1
        assert b"quincemark" not in bytes_of(tmp_path)
        assert [m.id for m in await memory.every()] == ["m2"]

    in_store(tmp_path, work, clock)


def test_an_id_and_a_time_are_given_where_missing(tmp_path: Path) -> None:
    async def work(memory: StoreMemory) -> None:
        await memory.write(one("", "likes tea", created=""))
        (kept,) = await memory.every()
        assert kept.id == "m0001"
        assert kept.created == "2026-11-20T10:00:00.000000Z"

    in_store(tmp_path, work)


def test_another_process_may_write_meanwhile(tmp_path: Path) -> None:
    async def work(memory: StoreMemory) -> None:
        await memory.write(one("m1", "here"))
        other = Store.open(tmp_path)
        await StoreMemory(other, CLOCK, CountedIds()).write(one("m2", "there"))
        other.close()
        assert [m.id for m in await memory.every()] == ["m2", "m1"]

    in_store(tmp_path, work)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
