"""Sessions whose rules about words speak at some levels of autonomy only replay, though a person sets another level at any
time and it runs out again: those that ask and deny, and those that mask what was let be before.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from greenroom.core.events import AutonomyChanged, Record, VerdictReached
from tests.engine.chaos import Story
from tests.engine.chaos_kinds import PrivateStory
from tests.engine.replay.test_mixed_stories import TROUBLE, from_log, from_tape

STORIES = 16
LEVELLING = {**TROUBLE, Story.autonomy: 14, Story.wait: 12}
EXPIRED = "it expired"


@pytest.mark.parametrize("rest", ["by level", "masking by level"])
def test_a_session_whose_rules_about_words_go_by_its_level_replays(
    rest: str, runner: asyncio.Runner, tmp_path: Path
) -> None:
    wrong, met = [], Counter[str]()
    for seed in range(STORIES):
        records = runner.run(PrivateStory(seed, LEVELLING, rest).finish())
        replayed = from_log(records, runner, rest=rest)
        wrong += [] if replayed.same else [f"seed {seed}, its log: {replayed.step} {replayed.difference}"]
        outcome = from_tape(records, runner, tmp_path, rest=rest)
        passed = outcome is None or outcome.kind == "passed"
        wrong += [] if passed else [f"seed {seed}, its tape: {outcome}"]
        met += _spoke(records)
    assert wrong == []
    assert met[EXPIRED] > 0
    hooks = ("input", "retrieval", "prompt", "output")
    assert all(met[f"level.{hook}"] and met[f"none at {hook}"] for hook in hooks), met
    assert met["mail.masked at tool.call"] > 0 or "masking" not in rest


def _spoke(records: list[Record]) -> Counter[str]:
    """Which rules spoke, and at which hooks none about the level did; and how often one ran out."""
    found = Counter[str]()
    for event in (r.event for r in records):
        if isinstance(event, AutonomyChanged):
            found[event.established] += 1
        elif isinstance(event, VerdictReached):
            fired = [one.rule for one in event.verdict.fired]
            found.update([*fired, *(f"{rule} at {event.hook}" for rule in fired)])
            found[f"none at {event.hook}"] += f"level.{event.hook}" not in fired
    return found
