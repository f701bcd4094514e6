"""A session that was opened and left leaves nothing behind; one in which anything was done stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.core.clock import FrozenClock, SystemClock
from greenroom.core.events import (
    AutonomyChanged,
    ContractLoaded,
    Event,
    MemoryForgotten,
    ModeChanged,
    SessionForked,
    SessionOpened,
    TurnStarted,
)
from greenroom.core.ids import CountedIds, RandomIds
from greenroom.ledger.ledger import Ledger
from greenroom.log.catalog import session_path
from greenroom.log.file_log import FileLog
from greenroom.log.unused import remove_unused
from greenroom.workspace.layout import Workspace

OPENED = SessionOpened(session="s1", persona="aria", version="1.0.0", model="scripted/x", workspace="w")
BEGUN = (OPENED, ContractLoaded(persona="aria", version="1.0.0", model="scripted/x", digests={}, texts={}))


def logged(root: Path, *events: Event, name: str = "s1") -> Workspace:
    workspace = Workspace(root)
    workspace.make_state()
    log = FileLog.create(session_path(workspace, name), FrozenClock(), CountedIds())
    for event in events:
        log.append(event)
    log.close()
    return workspace


@pytest.mark.parametrize("events", [BEGUN, (*BEGUN, ModeChanged(mode="step")), ()])
def test_what_was_only_opened_goes_with_its_lock(tmp_path: Path, events: tuple[Event, ...]) -> None:
    workspace = logged(tmp_path, *events)
    assert remove_unused(workspace, "s1")
    assert list(workspace.sessions.iterdir()) == []
    assert not remove_unused(workspace, "s1")


@pytest.mark.parametrize(
    "event",
    [
        TurnStarted(turn=1, words="hello"),
        AutonomyChanged(level=1, by="me"),
        MemoryForgotten(memory_id="m1", by="me"),
        SessionForked(session="s1", parent="s0", parent_seq=1, parent_hash="x"),
    ],
)
def test_whatever_a_person_did_keeps_it(tmp_path: Path, event: Event) -> None:
    workspace = logged(tmp_path, *BEGUN, event)
    before = session_path(workspace, "s1").read_bytes()
    assert not remove_unused(workspace, "s1")
    assert session_path(workspace, "s1").read_bytes() == before


def test_one_that_is_open_elsewhere_or_damaged_or_anchored_stays(tmp_path: Path) -> None:
    workspace = logged(tmp_path, *BEGUN)
    path = session_path(workspace, "s1")
    held = FileLog.open(path, SystemClock(), RandomIds())
    assert not remove_unused(workspace, "s1")
    held.close()
    Ledger(workspace.ledger, SystemClock()).anchor("s1", held.records[-1].seq, held.records[-1].hash)
    assert not remove_unused(workspace, "s1")
    path.write_bytes(path.read_bytes().replace(b"aria", b"bria"))
    assert not remove_unused(workspace, "s1") and path.exists()
