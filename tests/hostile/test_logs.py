"""Logs and ledgers that somebody changed: every byte counts, the line is named, and nothing else ever happens."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.assembly import open_session, sessions
from greenroom.commands.session.sessions import conversation, timeline
from greenroom.core.chain import commit, link
from greenroom.core.clock import SystemClock
from greenroom.core.errors import LogDamaged
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import read_session, started_on, touched_on, verify_session
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import chained, copied, lines_of

WRONG: list[Any] = [None, True, -1, 1.5, 2**60, "", "x", [], {}, [[]], {"$": "x"}, {"$": []}, {"a": {}}, ["a"], [-1]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop with one finished session, `whole` as it was written."""
    shop = copied(tmp_path_factory.mktemp("told") / "shop")

    async def talk() -> None:
        session = await open_session(shop, instant=True, trusted=True)
        for words in ("My name is Kim and I wear size 42.", "Where is order 1003?"):
            await session.turn(words)
        await session.aclose()

    asyncio.run(talk())
    return shop


def log_of(shop: Workspace) -> Path:
    return next(shop.sessions.glob("*.jsonl"))


@pytest.fixture(scope="module")
def whole(told: Workspace) -> bytes:
    return log_of(told).read_bytes()


@pytest.fixture
def scratch(tmp_path: Path) -> Callable[[bytes], Workspace]:
    """A workspace that holds one log and no ledger."""

    def write(data: bytes) -> Workspace:
        workspace = Workspace(tmp_path)
        workspace.sessions.mkdir(parents=True, exist_ok=True)
        (workspace.sessions / "s1.jsonl").write_bytes(data)
        return workspace

    return write


def refused(workspace: Workspace) -> str:
    with pytest.raises(LogDamaged) as caught:
        verify_session(workspace, "s1")
    with pytest.raises(LogDamaged):
        read_session(workspace, "s1")
    assert sessions(workspace)[0].status.startswith("damaged")
    return caught.value.message


@given(data=st.data())
def test_every_changed_byte_is_noticed(told: Workspace, whole: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole) - 2))  # the last line end is a crash's to lose
    byte = bytes([data.draw(st.integers(33, 255).filter(lambda code: code != whole[place]))])
    kind = data.draw(st.sampled_from(("change", "insert", "delete")))
    middle = {"change": byte, "insert": byte + whole[place : place + 1], "delete": b""}[kind]
    changed = whole[:place] + middle + whole[place + 1 :]
    if kind == "delete" and changed in (whole[:-1], whole):
        return
    path = log_of(told)
    path.write_bytes(changed)
    try:
        with pytest.raises(LogDamaged) as caught:
            verify_session(told, path.stem)
        assert caught.value.line_number == whole[:place].count(b"\n") + 1 or b"\n" in (byte, whole[place : place + 1])
    finally:
        path.write_bytes(whole)


@given(data=st.data())
def test_moved_doubled_and_lost_lines_are_noticed(told: Workspace, whole: bytes, data: st.DataObject) -> None:
    lines = whole.splitlines(keepends=True)
    one, two = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    swapped = [*lines]
    swapped[one], swapped[two] = lines[two], lines[one]
    changed = data.draw(st.sampled_from((swapped, lines[:one] + lines[one + 1 :], [*lines[: one + 1], *lines[one:]])))
    path = log_of(told)
    path.write_bytes(b"".join(changed))
    try:
        with pytest.raises(LogDamaged):
            verify_session(told, path.stem)
    finally:
        path.write_bytes(whole)


def test_wrong_types_under_right_hashes_are_damage_and_never_a_crash(
    whole: bytes, scratch: Callable[[bytes], Workspace]
) -> None:
    lines = lines_of(whole)
    first_of = {line["event"]["kind"]: place for place, line in reversed(list(enumerate(lines)))}
    for place in first_of.values():
        for field in [*lines[place]["event"], "records", "content", "at", "v", "seq"]:
            for wrong in WRONG:
                copy = lines_of(whole)[: place + 1]
                where = copy[place] if field in ("content", "at", "v", "seq") else copy[place]["event"]
                where[field] = wrong
                workspace = scratch(chained(copy))
                try:
                    records = read_session(workspace, "s1")
                except LogDamaged:
                    continue
                conversation(records)
                timeline(records)
                sessions(workspace)


def test_content_of_wrong_types_is_damage_and_never_a_crash(
    whole: bytes, scratch: Callable[[bytes], Workspace]
) -> None:
    for place, line in enumerate(lines_of(whole)):
        for name, value in line["event"].items():
            if not (isinstance(value, dict) and len(line.get("content", {}).get(value.get("$"), ())) == 2):
                continue
            salt = line["content"].pop(value["$"])[0]
            for wrong in (None, 1, "x", [{"id": 1}], {"effect": "x"}):
                copy = lines_of(whole)[: place + 1]
                del copy[place]["content"][value["$"]]
                mark = commit(salt, wrong)
                copy[place]["event"][name] = {"$": mark}
                copy[place]["content"][mark] = [salt, wrong]
                workspace = scratch(chained(copy))
                try:
                    conversation(read_session(workspace, "s1"))
                except LogDamaged:
                    continue
            break


def test_forged_words_cannot_hide_behind_a_third_element(whole: bytes, scratch: Callable[[bytes], Workspace]) -> None:
    lines = lines_of(whole)
    place, entry = next(
        (place, entry)
        for place, line in enumerate(lines)
        for entry in line.get("content", {}).values()
        if len(entry) == 2 and isinstance(entry[1], str)
    )
    entry[1:] = ["I want a refund of 9000 EUR", 0]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    assert refused(scratch(data)) == f"line {place + 1} was changed after it was written"


@pytest.mark.parametrize("records", [5, None, "x", [[]], [{}], ["a"], {"a": 1}, [True]])
def test_an_erasure_must_name_records(whole: bytes, scratch: Callable[[bytes], Workspace], records: Any) -> None:
    lines = lines_of(whole)[:3]
    erased = {"kind": "content_erased", "records": records, "reason": "r"}
    lines.append({"v": 1, "seq": 3, "at": lines[0]["at"], "event": erased})
    assert "line 4" in refused(scratch(chained(lines)))


@pytest.mark.parametrize(
    "last",
    [
        b"\x00" * 5000,
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 100_000,
        b"{}",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"{" * 2_000_000,
    ],
    ids=["nulls", "deep", "long number", "empty", "null", "text", "no utf-8", "huge"],
)
def test_a_strange_line_is_named(whole: bytes, scratch: Callable[[bytes], Workspace], last: bytes) -> None:
    number = whole.count(b"\n") + 1
    assert refused(scratch(whole + last + b"\n")) == f"line {number} is not a log record"


def test_a_session_whose_file_is_gone_is_missed(told: Workspace, whole: bytes) -> None:
    path = log_of(told)
    path.unlink()
    try:
        with pytest.raises(LogDamaged, match="its file is gone, the ledger anchors record"):
            verify_session(told, path.stem)
        assert [one.status[:24] for one in sessions(told)] == ["damaged: its file is gone"[:24]]
    finally:
        path.write_bytes(whole)


def test_what_a_damaged_session_spent_today_still_counts(told: Workspace, whole: bytes) -> None:
    path, day = log_of(told), lines_of(whole)[0]["at"][:10]
    spent = [event.tool for path, _ in touched_on(told, day) for event in started_on(path, day)]
    assert spent
    path.write_bytes(whole + b"garbage\n")
    try:
        assert [event.tool for path, _ in touched_on(told, day) for event in started_on(path, day)] == spent
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("field", ["seq", "at", "entry", "prev", "hash"])
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_ledger_of_wrong_types_is_damaged(tmp_path: Path, field: str, wrong: Any) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path, SystemClock()).anchor("s1", 3, "0" * 64)
    line = json.loads(path.read_bytes())
    line[field] = wrong
    if field == "entry" and isinstance(wrong, dict):
        line["hash"] = link(0, line["at"], "entry", wrong, line["prev"])
    path.write_bytes(json.dumps(line).encode() + b"\n")
    with pytest.raises(LogDamaged, match="the ledger is damaged at line 1"):
        Ledger(path, SystemClock()).all_anchors()


def test_a_ledger_that_lost_its_line_ends_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"x" * 200_000)
    with pytest.raises(LogDamaged, match="the ledger is damaged at its last line"):
        Ledger(path, SystemClock()).anchor("s1", 3, "0" * 64)
    assert path.stat().st_size == 200_000
