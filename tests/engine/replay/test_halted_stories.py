"""Sessions that stop where a condition holds, or at the next gate because a person wants that, replay as they went: what
made them stop is known to nobody who has only the log or the tape.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.events import GatePaused, Record
from greenroom.engine.gates.breakpoints import BREAKPOINT
from greenroom.engine.gates.stepping import STEP
from tests.engine.chaos_halting import Halting, HaltingPrivate, HaltingWhole
from tests.engine.chaos_world import WHOLE
from tests.engine.replay.test_mixed_stories import TROUBLE, from_log, from_tape

STORIES = 12
DEEDS: dict[Callable[[Any], Any], int] = {**TROUBLE, Halting.set_breakpoints: 8, Halting.stop_at_next: 3}


def lived(seed: int, rest: str, runner: asyncio.Runner) -> list[Record]:
    """A story to the end of its last turn."""

    async def scene() -> list[Record]:
        private = rest != WHOLE
        return await (HaltingPrivate(seed, DEEDS, rest) if private else HaltingWhole(seed, DEEDS)).finish()

    return runner.run(scene())


@pytest.mark.parametrize("rest", [WHOLE, "asking", "masking what goes out"])
def test_a_session_that_stops_where_a_condition_holds_replays(
    rest: str, runner: asyncio.Runner, tmp_path: Path
) -> None:
    wrong, causes = [], Counter[str]()
    for seed in range(STORIES):
        records = lived(seed, rest, runner)
        causes.update(r.event.cause for r in records if isinstance(r.event, GatePaused))
        replayed = from_log(records, runner, rest=rest)
        wrong += [] if replayed.same else [f"seed {seed}, its log: {replayed.step} {replayed.difference}"]
        outcome = from_tape(records, runner, tmp_path, rest=rest)
        passed = outcome is None or outcome.kind == "passed"
        wrong += [] if passed else [f"seed {seed}, its tape: {outcome}"]
    assert wrong == []
    assert causes[BREAKPOINT] > STORIES / 2
    assert causes[STEP] > STORIES / 4
