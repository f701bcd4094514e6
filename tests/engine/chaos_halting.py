"""Stories in which people set conditions at which a session stops, and have it stop at its very next gate.

Invariant: as in `chaos`, a seed is a story.
"""

from __future__ import annotations

import random
from typing import Any

from greenroom.core.values import Breakpoint, StepMode
from tests.engine.chaos import Story
from tests.engine.chaos_kinds import PrivateStory, PrivateWorld
from tests.engine.chaos_whole import WholeStory, WholeWorld

CONDITIONS = (
    *("turn == 2", "turn >= 1", "gate == 'prompt'", "gate == 'output'", "prompt.call == 2", "prompt.messages > 6"),
    *("verdict.effect != 'allow'", "verdict.effect == 'deny'", "verdict.rule == 'refund.large'"),
    *("tool.name == 'orders.refund'", "args.amount > 100", "args.amount > 100 && turn > 1"),
    *("result.status != 'done'", "result.output.ok == true", "result.simulated == true"),
    *("session.autonomy > 3", "session.autonomy < 3", "session.calls_this_turn > 1", "session.taint.size() > 1"),
    *("text.length > 60", "memories.count > 0", "'email' in memories.keys", "passages.top_score > 0.1"),
    *("usage.tokens > 0", "verdict.findings.size() > 0"),
)
MODES: tuple[StepMode, ...] = ("run", "run", "run", "tools")


class Halting(Story):
    """What people who look for something do to a session that runs."""

    def set_breakpoints(self) -> None:
        dice = self.world.dice
        wanted = [Breakpoint(when=when, on=dice.random() < 0.8) for when in dice.sample(CONDITIONS, dice.randint(0, 4))]
        self.process.session.set_breakpoints(wanted)

    def stop_at_next(self) -> None:
        self.process.session.gates.stop_at_next()


class HaltingWhole(Halting, WholeStory):
    """One that looks things up and remembers."""

    def __init__(self, seed: int, deeds: Any) -> None:
        super().__init__(seed, deeds, WholeWorld(random.Random(seed), modes=MODES))


class HaltingPrivate(Halting, PrivateStory):
    """One full of private words, under rules about them."""

    def __init__(self, seed: int, deeds: Any, rest: str) -> None:
        super().__init__(seed, deeds, rest, PrivateWorld(random.Random(seed), modes=MODES, rest=rest))
