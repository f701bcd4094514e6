"""Whatever people did in a session, its tape is told again byte for byte where nothing changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.engine import waiting
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.regression.accept.retold import retell
from greenroom.regression.accept.tape_diff import changes_between
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.plain_log import log_for
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import read, write
from tests.engine.chaos import Steady
from tests.engine.chaos_world import contract
from tests.engine.replay.test_replays_hold import TROUBLE, closed, lived

STORIES = 12


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """Where stories are told: nobody waits, and what happens at once happens in one order."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    with asyncio.Runner(loop_factory=Steady) as made:
        yield made


def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
    """The stories' contract over nothing outside."""
    return closed(log_for(recording), recording, clock, ids)


@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_tape_is_told_again_byte_for_byte(trouble: str, loop: asyncio.Runner, tmp_path: Path) -> None:
    wrong, taped = [], 0
    parts = Parts(tmp_path)
    for seed in range(STORIES):
        try:
            kept = record(lived(seed, loop, trouble), contract("usual").policy)
        except UsageError:
            continue  # no turn ended
        parts.write(kept.texts)
        taped += 1
        fixture = Fixture("x", read(write(kept.tape), "x"), Case(schema="case/1"), parts)
        again = loop.run(retell(fixture, build))
        if again.missing or again.tape.events != kept.tape.events:
            changes = [change.told for change in changes_between(kept.tape.events, again.tape.events)]
            wrong.append("\n".join([f"seed {seed}", *again.missing, *changes]))
    assert wrong == []
    assert taped > STORIES * 0.5
