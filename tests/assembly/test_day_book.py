"""What other sessions spent is read from their logs, and read again where a log grew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import day_book
from greenroom.assembly.day_book import LogDayBook
from greenroom.core.clock import FrozenClock, SystemClock, stamp
from greenroom.core.events import ToolStarted
from greenroom.core.ids import CountedIds, RandomIds
from greenroom.log.catalog import started_on
from greenroom.log.file_log import FileLog
from greenroom.workspace.layout import Workspace

KEY = "orders.refund:args.amount:day"


def reserves(tool: str, arguments: Mapping[str, Any]) -> Mapping[str, float]:
    return {KEY: float(arguments["amount"])} if tool == "orders.refund" else {}


def start(log: FileLog, call: str, amount: float, key: str = "") -> None:
    event = ToolStarted(
        step=f"t1/tool:{call}",
        turn=1,
        call=call,
        tool="orders.refund",
        effects="once",
        idempotency_key=key or f"{log.session}/{call}",
        arguments={"amount": amount},
    )
    log.append(event, sync=True)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.make_state()
    return workspace


def opened(shop: Workspace, name: str) -> FileLog:
    return FileLog.create(shop.sessions / f"{name}.jsonl", SystemClock(), RandomIds())


def test_what_others_spent_today_counts_once_and_what_they_go_on_to_spend_too(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = opened(shop, "mine"), opened(shop, "other")
    start(mine, "c1", 5)
    start(other, "c1", 20)
    start(other, "c2", 1, key="mine/c1")  # a fork's copy of this session's own call
    today = stamp(SystemClock().now())[:10]
    read: list[str] = []

    def counted(path: Path, day: str) -> tuple[ToolStarted, ...]:
        read.append(path.stem)
        return started_on(path, day)

    monkeypatch.setattr(day_book, "started_on", counted)
    book = LogDayBook(shop, mine, lambda: reserves)
    assert book.sums(today) == {KEY: 20.0}
    assert book.sums(today) == {KEY: 20.0}
    assert read == ["other"]
    start(other, "c3", 7)
    assert book.sums(today) == {KEY: 27.0}
    assert read == ["other", "other"]
    assert book.sums("2026-01-01") == {}
    (shop.sessions / "other.jsonl").unlink()
    assert book.sums(today) == {}
    mine.close()
    other.close()


def test_a_call_of_another_day_does_not_count(shop: Workspace) -> None:
    mine = opened(shop, "mine")
    other = FileLog.create(shop.sessions / "other.jsonl", FrozenClock(), CountedIds())
    start(other, "c1", 20)
    book = LogDayBook(shop, mine, lambda: reserves)
    assert book.sums("2026-11-20") == {KEY: 20.0}
    assert book.sums("2026-11-19") == {}
    with book.turn_to_spend():
        assert book.sums("2026-11-20") == {KEY: 20.0}
    mine.close()
    other.close()
