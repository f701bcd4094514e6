"""Setting sides beside one another: words of 40 KB, a long session from its fork on, and the sheet's layout of it.

Run: `pytest tests/benchmarks/test_compare_speed.py`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.events import Record, SessionForked
from greenroom.core.ids import CountedIds
from greenroom.log.memory_log import MemoryLog
from greenroom.tui.compare.lines import Look, turn_lines
from greenroom.views.comparison.comparison import Side, compare
from greenroom.views.comparison.words import word_diff
from tests.engine.stage import says, stage

WORDS = [f"word{number}" for number in range(2_000)]
LIKELY = [1 / (place + 1) for place in range(len(WORDS))]


def long_text(seed: int, words: int = 5_500) -> str:
    return " ".join(random.Random(seed).choices(WORDS, LIKELY, k=words))


def changed(text: str, every: int = 25) -> str:
    return " ".join("other" if place % every == 0 else word for place, word in enumerate(text.split(" ")))


@pytest.mark.parametrize("kind", ["a twenty-fifth changed", "wholly other"])
def test_words_of_forty_kilobytes(benchmark: Any, kind: str) -> None:
    old = long_text(1)
    new = long_text(2) if kind == "wholly other" else changed(old)
    assert len(old) > 38_000

    numbers = count()
    benchmark.pedantic(word_diff, setup=lambda: ((f"{old} {next(numbers)}", new), {}), rounds=20)  # none remembered


def played(turns: int, reply: str, parent: Sequence[Record] = ()) -> Sequence[Record]:
    """A session of so many turns, or a branch of one with another last reply."""
    ids = CountedIds()
    log = MemoryLog("s1" if not parent else "s2", FrozenClock(), ids, parent)
    if parent:
        log.append(SessionForked(session="s2", parent="s1", parent_seq=len(parent) - 1, parent_hash=parent[-1].hash))

    async def scene() -> None:
        session = stage(*(says(f"{reply} {turn}") for turn in range(turns)), ids=ids).session(log)
        for turn in range(turns):
            await session.turn(f"say {turn}")

    asyncio.run(scene())
    return log.records


def test_a_branch_of_a_thousand_turns(benchmark: Any) -> None:
    parent = played(1_000, "as before")
    at = next(record.seq for record in parent if record.event.turn == 1_000)
    child = played(1, "otherwise", parent[:at])
    compared = benchmark(compare, [Side("A", parent), Side("B", child)])
    assert len(compared.turns) == 1


def test_the_layout_of_forty_kilobytes(benchmark: Any) -> None:
    text = long_text(1)
    compared = compare([Side("A", played(1, text)), Side("B", played(1, changed(text)))])
    benchmark(turn_lines, compared.turns[0], Look(136, ("A", "B"), (0, 1), 0))
