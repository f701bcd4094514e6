"""The kill switch: what cannot be read stops everything, and only a reason lifts."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.approval import kill_switch
from greenroom.approval.kill_switch import STOP_FILE, KillSwitch
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.values import Stop
from greenroom.ledger.ledger import Ledger
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import write_own

TOOL = Stop(scope="tool", target="orders.*", reason="wrong prices", by="kim", at="2026-11-20T10:00:00.000000Z")
ALL = Stop(scope="everything", by="lee")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "greenroom.toml").write_text('schema = "workspace/1"\nid = "w"\n')
    made = Workspace(tmp_path)
    made.make_state()
    return made


def switch(workspace: Workspace) -> KillSwitch:
    return KillSwitch(workspace, FrozenClock())


def entries(workspace: Workspace) -> list[tuple[str, object, object, object]]:
    found = Ledger(workspace.ledger, FrozenClock()).entries()
    return [(one.kind, one.fields["scope"], one.fields["by"], one.fields.get("reason")) for one in found]


def test_what_one_presses_another_sees_until_it_is_lifted(workspace: Workspace) -> None:
    looking, pressing = switch(workspace), switch(workspace)
    assert looking.stops() == ()
    pressing.press(TOOL)
    pressing.press(ALL)
    assert looking.stops() == (TOOL, ALL)
    assert pressing.lift("tool", "orders.*", by="kim", reason="fixed") == (TOOL,)
    assert looking.stops() == (ALL,)
    pressing.lift("everything", by="kim", reason="fixed too")
    assert looking.stops() == ()
    assert not (workspace.state / STOP_FILE).exists()
    assert entries(workspace) == [
        ("stop_pressed", "tool", "kim", "wrong prices"),
        ("stop_pressed", "everything", "lee", None),
        ("stop_lifted", "tool", "kim", "fixed"),
        ("stop_lifted", "everything", "kim", "fixed too"),
    ]


def test_a_secret_in_a_reason_reaches_no_file(workspace: Workspace) -> None:
    token, card = "ghp_0123456789abcdefghij0123456789abcdef", "4111 1111 1111 1111"
    switch(workspace).press(TOOL.model_copy(update={"reason": f"{token} leaked"}))
    switch(workspace).lift("all", by="kim", reason=f"paid with {card}")
    switch(workspace).press(TOOL.model_copy(update={"reason": card}))
    written = b"".join(path.read_bytes() for path in workspace.state.rglob("*") if path.is_file())
    assert token.encode() not in written
    assert card.encode() not in written
    assert "leaked" in str(entries(workspace)[0][3])


def test_the_file_is_its_owners_alone_and_says_its_schema(workspace: Workspace) -> None:
    switch(workspace).press(TOOL)
    path = workspace.state / STOP_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["schema"] == "stop/1"
    assert [one.name for one in workspace.state.glob(".own-*")] == []


def test_the_same_stop_pressed_twice_is_one_stop_with_the_latest_reason(workspace: Workspace) -> None:
    switch(workspace).press(TOOL)
    again = TOOL.model_copy(update={"reason": "still wrong"})
    assert switch(workspace).press(again) == (again,)


@pytest.mark.parametrize("data", [b"", b" \n", b"{", b"[]", b"null", b'{"schema": "stop/2", "stops": []}', b"\xff\xfe"])
def test_a_file_made_by_hand_stops_everything_until_it_is_repaired(workspace: Workspace, data: bytes) -> None:
    looking = switch(workspace)
    (workspace.state / STOP_FILE).write_bytes(data)
    (one,) = looking.stops()
    assert (one.scope, one.by) == ("everything", "")
    assert STOP_FILE in one.reason
    looking.press(TOOL)  # pressing something smaller must not loosen it
    assert [each.scope for each in looking.stops()] == ["everything", "tool"]
    looking.lift("all", by="kim", reason="repaired")
    assert looking.stops() == ()


@given(st.binary(max_size=200))
def test_whatever_stands_in_the_file_it_never_raises_and_never_means_less(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("w"))
    workspace.state.mkdir()
    (workspace.state / STOP_FILE).write_bytes(data)
    stops = switch(workspace).stops()
    try:
        meant = kill_switch.StopFile.model_validate_json(data).stops
    except ValueError:
        assert [one.scope for one in stops] == ["everything"]
    else:
        assert stops == meant


@pytest.mark.parametrize("what", ["folder", "link", "dangling"])
def test_anything_else_of_that_name_stops_everything(workspace: Workspace, tmp_path: Path, what: str) -> None:
    path = workspace.state / STOP_FILE
    good = tmp_path / "good.json"
    good.write_text('{"schema": "stop/1", "stops": []}')
    if what == "folder":
        path.mkdir()
    else:
        path.symlink_to(good if what == "link" else tmp_path / "nowhere")
    looking = switch(workspace)
    assert [one.scope for one in looking.stops()] == ["everything"]
    looking.press(TOOL)
    assert "everything" in [one.scope for one in looking.stops()]
    looking.lift("all", by="kim", reason="tidied")
    assert looking.stops() == ()
    assert good.read_text() == '{"schema": "stop/1", "stops": []}'


def test_an_edit_that_keeps_size_and_time_is_seen(workspace: Workspace) -> None:
    looking, path = switch(workspace), workspace.state / STOP_FILE
    switch(workspace).press(Stop(scope="tool", target="aaa"))
    assert looking.stops()[0].target == "aaa"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"aaa", b"bbb"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert looking.stops()[0].target == "bbb"


def test_looking_costs_no_reading_while_the_file_stays_as_it_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = switch(workspace)
    looking.press(TOOL)
    assert looking.stops() == (TOOL,)

    def refuse(path: Path) -> bytes:
        raise AssertionError(path)

    monkeypatch.setattr(kill_switch, "read_own", refuse)
    assert looking.stops() == (TOOL,)


def test_a_read_that_fails_stops_everything_and_is_tried_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch(workspace).press(TOOL)
    looking = switch(workspace)
    with monkeypatch.context() as broken:

        def refuse(path: Path) -> bytes:
            raise OSError(24, "Too many open files")

        broken.setattr(kill_switch, "read_own", refuse)
        assert looking.stops()[0].reason == "stop.json cannot be read: Too many open files"
    assert looking.stops() == (TOOL,)


def test_lifting_needs_a_reason_and_something_to_lift(workspace: Workspace) -> None:
    one = switch(workspace)
    one.press(TOOL)
    with pytest.raises(UsageError, match="needs a reason"):
        one.lift("all", by="kim", reason="  ")
    with pytest.raises(UsageError, match="no such stop"):
        one.lift("tool", "mail.*", by="kim", reason="r")
    assert one.stops() == (TOOL,)


def test_a_lift_the_ledger_does_not_take_does_not_count(workspace: Workspace) -> None:
    one = switch(workspace)
    one.press(TOOL)
    workspace.ledger.unlink()
    workspace.ledger.mkdir()
    with pytest.raises(DiskFailed):
        one.lift("all", by="kim", reason="r")
    assert one.stops() == (TOOL,)


def test_a_press_the_ledger_does_not_take_counts_all_the_same(workspace: Workspace) -> None:
    workspace.ledger.mkdir()
    with pytest.raises(DiskFailed, match="the stop is in force"):
        switch(workspace).press(TOOL)
    assert switch(workspace).stops() == (TOOL,)


def test_a_press_that_cannot_be_written_stops_everything(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        if data:
            raise OSError(28, "No space left on device")
        write_own(path, data)

    monkeypatch.setattr(kill_switch, "write_own", full)
    stops = switch(workspace).press(TOOL)
    assert [one.scope for one in stops] == ["everything"]


def test_a_press_under_a_lock_that_somebody_holds_stops_everything(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill_switch, "_LOCK_SECONDS", 0.01)
    holder = switch(workspace)
    with holder._lock:
        stops = switch(workspace).press(TOOL)
    assert [one.scope for one in stops] == ["everything"]


def test_presses_at_once_are_all_kept(workspace: Workspace) -> None:
    names = [f"t{number}" for number in range(8)]
    threads = [
        threading.Thread(target=lambda name=name: switch(workspace).press(Stop(scope="tool", target=name)))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.target for one in switch(workspace).stops()) == names


def test_words_of_any_length_leave_a_ledger_that_goes_on(workspace: Workspace) -> None:
    name = "\x01" * 40_000
    long = Stop(scope="tool", target=name, reason=name, by=name)
    assert switch(workspace).press(long) == (long,)
    assert switch(workspace).lift("tool", name, by=name, reason=name) == (long,)
    assert [one.kind for one in Ledger(workspace.ledger, FrozenClock()).entries()] == ["stop_pressed", "stop_lifted"]
