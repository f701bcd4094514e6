"""Branches of sessions whose contract is written and read again, in the branches too; several branches of one session, and
branches of branches: all of them replay from their logs and, in each stretch under one contract, from their tapes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from greenroom.core.events import ContractLoaded, Record, SessionForked
from tests.engine.chaos import Story
from tests.engine.chaos_changes import CHANGES, Changing, ChangingPrivate, ChangingWhole
from tests.engine.chaos_whole import WholeStory
from tests.engine.chaos_world import World
from tests.engine.replay.test_forked_stories import branched
from tests.engine.replay.test_mixed_stories import TROUBLE
from tests.engine.replay.test_reloaded_stories import Again

STORIES = 10
Tell = Callable[[int, World | None], Any]
KINDS: dict[str, Tell] = {
    "changing": lambda seed, world: Changing(seed, CHANGES, world),
    "changing whole": lambda seed, world: ChangingWhole(seed, CHANGES, world),
    "changing private": lambda seed, world: ChangingPrivate(seed, CHANGES, "asking", world),
}
SEVERAL: dict[str, Tell] = {
    "mixed": lambda seed, world: Story(seed, TROUBLE, world),
    "whole": lambda seed, world: WholeStory(seed, TROUBLE, world),
    "changing whole": KINDS["changing whole"],
}


async def branch(story: Any, session: str, dice: Random, tell: Callable[[World], Any]) -> Any:
    """The story of a branch, under its own dice, that begins at any record of one which rests for that."""
    await story.process.quiet()
    parent, world = list(story.process.log.records), story.world.beside(dice, session)
    world.kept = branched(parent, dice.randrange(2, len(parent)), world, story.world.session, session)
    return tell(world)


def reloaded(records: list[Record]) -> bool:
    """Whether another contract came in after the session was forked."""
    forked = max(r.seq for r in records if isinstance(r.event, SessionForked))
    return any(isinstance(r.event, ContractLoaded) and r.seq > forked for r in records)


@pytest.mark.parametrize("kind", KINDS)
def test_a_branch_of_a_session_that_is_reloaded_replays(kind: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    async def scene(seed: int) -> dict[str, list[Record]]:
        first = KINDS[kind](seed, None)
        await first._live()
        other = await branch(first, "s2", Random(seed + 1_000_000), lambda world: KINDS[kind](seed, world))
        return {"s2": await other.finish(), "s1": await first.finish()}

    again, inside = Again(), 0
    for seed in range(STORIES):
        lived = runner.run(scene(seed))
        inside += reloaded(lived["s2"])
        for session, records in lived.items():
            again.take(seed, records, runner, tmp_path, session)
    assert again.wrong == []
    assert {code for code, _ in again.refused} <= {"export.changed"}
    assert again.taped > STORIES / 2
    assert inside > STORIES / 2


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_branches_of_a_session_and_one_of_a_branch_replay(
    kind: str, runner: asyncio.Runner, tmp_path: Path
) -> None:
    async def scene(seed: int) -> dict[str, list[Record]]:
        def tell(world: World) -> Any:
            return SEVERAL[kind](seed, world)

        first = SEVERAL[kind](seed, None)
        await first._live()
        second = await branch(first, "s2", Random(seed + 1_000_000), tell)
        await second._live()
        of_second = await branch(second, "s3", Random(seed + 2_000_000), tell)
        lived = {"s3": await of_second.finish(), "s2": await second.finish()}
        third = await branch(first, "s4", Random(seed + 3_000_000), tell)
        return {**lived, "s4": await third.finish(), "s1": await first.finish()}

    again, twice = Again(), 0
    for seed in range(STORIES // 2):
        for session, records in runner.run(scene(seed)).items():
            twice += sum(isinstance(r.event, SessionForked) for r in records) > 1
            again.take(seed, records, runner, tmp_path, session)
    assert again.wrong == []
    assert twice > 0
    assert again.taped >= STORIES / 2
