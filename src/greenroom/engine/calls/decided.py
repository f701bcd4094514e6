"""A tool call as it was decided about, and what the calls of one reply share while they are carried out.

Invariant: a decision is replaced by another, never changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from greenroom.core.errors import GreenroomError
from greenroom.core.values import ToolCall, Verdict
from greenroom.engine.asking.question import TurnStopped
from greenroom.engine.gates.stepping import TurnGivenUp
from greenroom.engine.replay.lives import LifeOver
from greenroom.engine.room import Room


@dataclass(frozen=True, slots=True)
class Decided:
    """A call, its verdict at what level of autonomy, and the key of its step. `problem` says why it cannot be run at all.

    `suffix` is that of its verdict: a call that was edited at its gate has been decided about twice. `limit` is the
    limit of the turn that leaves no room for it, whatever its arguments.
    """

    call: ToolCall
    step: str
    verdict: Verdict | None = None
    problem: str = ""
    autonomy: int = 0
    suffix: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the calls of one reply share while they are carried out side by side.

    Questions are put one at a time in call order, so that what an edit is decided against does not depend on timing.
    `next` is the number of the model call after it, `cut_off` is what cut a question off in a replay.
    """

    room: Room
    turn: int
    asking: asyncio.Lock
    ended: list[GreenroomError]
    next: int
    cut_off: list[LifeOver] = field(default_factory=list)

    @asynccontextmanager
    async def asking_about(self, item: Decided) -> AsyncIterator[None]:
        """The turn of a call to be asked about; in a replay of a life that was cut off at the question before it, it has none.

        Raises:
            LifeOver: that is so.
        """
        async with self.asking:
            if self.cut_off and not self.room.steps.comes_to(item.step):
                raise self.cut_off[0]
            try:
                yield
            except LifeOver as error:
                self.cut_off.append(error)
                raise

    @property
    def over(self) -> bool:
        """Whether a person has ended the turn: what already runs goes on to its end, nothing else begins."""
        return any(isinstance(error, TurnStopped | TurnGivenUp) for error in self.ended)
