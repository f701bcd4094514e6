"""Stories in which people write all that a session is governed by, and it is read again: at once, or when it is next opened.

Invariant: as in `chaos`, a seed is a story.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from greenroom.engine.contract import Contract
from tests.engine.chaos import DEEDS, Story
from tests.engine.chaos_kinds import PrivateStory
from tests.engine.chaos_rules import RULES
from tests.engine.chaos_whole import WholeStory
from tests.engine.chaos_world import KNOWING, RESTS, WHOLE, contract, policies


class Changing(Story):
    """What one seed does to one session whose persona, prompt, limits and tools are written while it runs."""

    begun_with = "first"
    rests: Sequence[str] = tuple(RESTS)

    def write(self) -> None:
        """Others are on disk, and nobody reads them yet."""
        self.world.policy = self.world.dice.choice(list(policies()))
        self.world.rest = self.world.dice.choice(self.rests)

    def write_back(self) -> None:
        """What the session was begun with is on disk and read: a turn that could not go on can."""
        self.world.policy, self.world.rest = "usual", self.begun_with
        self.read()

    def read(self) -> None:
        """All of it is read again."""
        self.process.session.reload(contract(self.world.policy, self.world.rest))

    def write_and_read(self) -> None:
        self.write()
        self.read()


class ChangingWhole(Changing, WholeStory):
    """The same of one that looks things up, remembers and is stepped through; it may come to know nothing any more."""

    begun_with = WHOLE
    rests = (*KNOWING, "first")

    def beside(self) -> Contract:
        return contract(self.world.policy, self.world.rest)


class ChangingPrivate(ChangingWhole, PrivateStory):
    """The same of one full of private words, whose rules about words are others at times."""

    rests = (*KNOWING, *(name for name in RULES if "level" not in name), "first")

    def __init__(self, seed: int, deeds: Any, rest: str, world: Any = None) -> None:
        self.begun_with = rest
        PrivateStory.__init__(self, seed, deeds, rest, world)


CHANGES: dict[Callable[[Any], Any], int] = {
    **DEEDS,
    Changing.write: 1,
    Changing.read: 1,
    Changing.write_and_read: 3,
    Changing.write_back: 2,
}
