"""The lives of a turn: each from its start, or from where it was taken up again, to its end or to what cut it off.

Invariant: in a replay a life reaches the world exactly as far as it did when it was recorded, so what a later life decided
anew is decided anew again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Generic, TypeVar

from greenroom.core.errors import Divergence, WaitingForPerson
from greenroom.core.events import Event, Record, TurnFinished, TurnResumed, TurnStarted, VerdictReached
from greenroom.core.messages import Message
from greenroom.core.values import Memory, Verdict

T = TypeVar("T")
Key = tuple[type[Event], str]


class LifeOver(WaitingForPerson):
    """In a replay: the turn had been cut off before this step, and came to it in a later life. `turn` says which."""

    default_code = "replay.life"

    def __init__(self, step: str, recorded: ByLife) -> None:
        super().__init__(f"{step} came after the turn had been taken up again")
        self.turn = turn_of(step)
        self._recorded = recorded

    def go_on(self) -> bool:
        """Have the recording answer for the turn's next life from here on; False if it was given up after this one."""
        return self._recorded.next_life(self.turn)


class ByLife(ABC):
    """A recording that knows in which life of its turn something happened."""

    @abstractmethod
    def anew(self, kind: type[Event], step: str) -> bool:
        """Whether something of the kind happened at the step in this life and was not asked for yet: then what an earlier
        life has there counts no more.
        """

    @abstractmethod
    def must_come(self, kind: type[Event], step: str, after: int = -1) -> None:
        """Nothing, unless this life was cut off before something of the kind happened at the step; `after` is the record
        that it can only have come after.

        Raises:
            LifeOver: it was, or a person gave the turn up there.
            Divergence: the turn was given up before it came to its end.
        """

    @abstractmethod
    def unasked(self, step: str, asked: str) -> bool:
        """Whether this life was given up at a gate, and the call of the step came to its result because of that, with no
        answer (any more) to the question that is put at `asked`.
        """

    @abstractmethod
    def comes_to(self, step: str) -> bool:
        """Whether a life that was cut off at the question about one call went on to the call of this step behind it, for
        nobody was there to wait for. If not, that had not been decided again either.
        """

    @abstractmethod
    def at_once(self, step: str) -> bool:
        """Whether it says so itself that a question was answered in this life before anything else happened."""

    @abstractmethod
    def judged(self, turn: int, memory: Memory) -> str | None:
        """The words of a memory as they were judged in this life, with the masks they had; None where nothing is known."""

    @abstractmethod
    def masked(self, step: str) -> Iterable[Verdict]:
        """The verdicts of this life at a step with the masks that they put in; none where those are not known."""

    @abstractmethod
    def composed(self, step: str, messages: Sequence[Message]) -> None:
        """Take note of the prompt of a model call as it was composed, before a rule masked any of it."""

    @property
    @abstractmethod
    def resumes(self) -> bool:
        """Whether any of its turns was taken up again, and is so in a replay."""

    @abstractmethod
    def next_life(self, turn: int) -> bool:
        """Answer for the next life of a turn; False if it had none, and this one goes on being answered for."""


class Lives(Generic[T]):
    """What happened at each step, by the life of its turn; and which life a replay has come to."""

    def __init__(self) -> None:
        self._kept: dict[Key, dict[int, T]] = {}
        self._last: dict[int, int] = {}
        self._now: dict[int, int] = {}
        self._taken: set[tuple[Key, int]] = set()
        self._given_up: set[int] = set()
        self._left: set[tuple[int, int]] = set()
        self._times: Counter[tuple[Key, int]] = Counter()

    def put(self, kind: type[Event], step: str, life: int, item: T) -> None:
        """Keep what happened at a step; of two in one life the later."""
        self._kept.setdefault((kind, step), {})[life] = item
        self._times[(kind, step), life] += 1

    def lived(self, turn: int, life: int) -> None:
        """A turn had this many lives, if no more."""
        self._last[turn] = max(life, self._last.get(turn, 1))

    def give_up(self, turn: int) -> None:
        """A person gave a turn up: its last life too was cut off."""
        self._given_up.add(turn)

    def leave(self, turn: int, life: int) -> None:
        """A person gave a turn up at a gate in this life."""
        self._left.add((turn, life))

    def left(self, turn: int) -> bool:
        """Whether a person did so in the life that the replay is in."""
        return (turn, self._now.get(turn, 1)) in self._left

    def next_life(self, turn: int) -> bool:
        """Come to the next life of a turn, if it had one."""
        if self.in_last(turn):
            return False
        self._now[turn] = self._now.get(turn, 1) + 1
        return True

    def in_last(self, turn: int) -> bool:
        """Whether the replay is in a turn's last life."""
        return self._now.get(turn, 1) >= self._last.get(turn, 1)

    def now(self, turn: int) -> int:
        """The life of a turn that the replay is in."""
        return self._now.get(turn, 1)

    def before(self, turn: int, life: int) -> bool:
        """Whether the replay is in an earlier life of a turn than this."""
        return self._now.get(turn, 1) < life

    def later(self, turn: int) -> Iterator[Key]:
        """What happened in a later life of a turn than the replay is in, too."""
        now, prefix = self._now.get(turn, 1), f"t{turn}/"
        return (key for key, lives in self._kept.items() if key[1].startswith(prefix) and max(lives) > now)

    def all_here(self, turn: int) -> Iterator[Key]:
        """What happened in the life of a turn that the replay is in."""
        now, prefix = self._now.get(turn, 1), f"t{turn}/"
        return (key for key, lives in self._kept.items() if key[1].startswith(prefix) and now in lives)

    def several(self, turn: int) -> bool:
        """Whether a turn had more than one."""
        return self._last.get(turn, 1) > 1

    def any_several(self, before: float = inf) -> bool:
        """Whether any turn before this one had more than one."""
        return any(last > 1 and turn < before for turn, last in self._last.items())

    def ended(self, step: str) -> bool:
        """Whether the life that the replay is in was cut off: its turn had more of them, or was given up."""
        turn = turn_of(step)
        return turn in self._given_up or not self.in_last(turn)

    def here(self, kind: type[Event], step: str) -> T | None:
        """What happened at a step in the life that the replay is in."""
        return self._kept.get((kind, step), {}).get(self._now.get(turn_of(step), 1))

    def so_far(self, kind: type[Event], step: str) -> bool:
        """Whether something happened at a step in the life that the replay is in or an earlier one."""
        return min(self._kept.get((kind, step), (inf,))) <= self._now.get(turn_of(step), 1)

    def take(self, kind: type[Event], step: str) -> T | None:
        """The same, from now on known to have been asked for."""
        self._taken.add(((kind, step), self._now.get(turn_of(step), 1)))
        return self.here(kind, step)

    def come(self, kind: type[Event], step: str) -> bool:
        """Whether something happens at a step in the life that the replay is in no more often than it did."""
        place = (kind, step), self._now.get(turn_of(step), 1)
        self._times[place] -= 1
        return self._times[place] >= 0

    def anew(self, kind: type[Event], step: str) -> bool:
        """Whether something happened at a step in the life that the replay is in that was not asked for yet."""
        taken = ((kind, step), self._now.get(turn_of(step), 1)) in self._taken
        return not taken and self.here(kind, step) is not None

    def latest(self, kind: type[Event], step: str) -> T | None:
        """What happened last at a step, in whatever life."""
        by_life = self._kept.get((kind, step))
        return by_life[max(by_life)] if by_life else None


def judging(turn: int, memory: Memory) -> str:
    """The step at which it is first judged whether a memory is kept."""
    return f"t{turn}/verdict:memory.write:{memory.id}"


def words_judged(record: Record) -> Iterator[str]:
    """The words that a verdict about a memory has, if it changed them: those it was reached about, masked."""
    payload = record.event.verdict.payload if isinstance(record.event, VerdictReached) else None
    if isinstance(payload, dict) and isinstance(text := payload.get("text"), str):
        yield text


def by_life(records: Iterable[Record]) -> dict[int, int]:
    """Of each record in a turn, by its number, the life of the turn that it belongs to, from 1."""
    found: dict[int, int] = {}
    life = 0
    for record in records:
        event = record.event
        if isinstance(event, TurnStarted):
            life = 1
        elif isinstance(event, TurnResumed):
            life += 1
        if life and (event.step or isinstance(event, TurnFinished)):  # of a turn that was stopped the end has no step
            found[record.seq] = life
    return found


def given_up(step: str) -> Divergence:
    """What keeps a turn from its end in a replay, if a person gave it up: they did so before it came there."""
    return Divergence(f"turn {turn_of(step)} was given up before its end", step=step)


def turn_of(step: str) -> int:
    """The turn a step is of: 3 for `t3/ask:c1`."""
    return int(step[1:].partition("/")[0])
