"""Where stories are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from greenroom.engine import waiting
from tests.engine.chaos import Steady


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """A loop that runs its tasks in one order, in which nobody who waits for a person sleeps."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    with asyncio.Runner(loop_factory=Steady) as made:
        yield made
