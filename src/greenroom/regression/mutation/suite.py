"""A suite as mutants see it: fixtures that pass today, what each runs on, and which of them a mutant can touch.

Invariant: a fixture is left out for a mutant only where none of its calls could be judged otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from operator import itemgetter

from greenroom.core.canonical import digest
from greenroom.core.errors import FileInvalid
from greenroom.regression.mutation import persona, policy, prompt, tools, world
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Kind, Mutant, Retold
from greenroom.regression.mutation.overlay import PartsWith
from greenroom.regression.replay.outcome import Outcome, broken
from greenroom.regression.replay.replay import Fixture, replay_tape
from greenroom.regression.tape.facts import turns_over
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Line, Tape, read, sealed, write

GroundOf = Callable[[str, str], Ground]
"""From a persona's id and a model's name to what replays of it run on."""

Aimed = tuple[Mutant, tuple[Fixture, ...]]
"""A mutant and the fixtures that it may touch."""

_MAKERS = {"persona": persona.mutants, "prompt": prompt.mutants, "policy": policy.mutants, "tools": tools.mutants}


class Suite:
    """Fixtures that pass today, and what each of them runs on."""

    def __init__(self, fixtures: Sequence[Fixture], ground_of: GroundOf) -> None:
        self._grounds: dict[tuple[str, str], Ground] = {}
        self._ground_of = ground_of
        self.fixtures = tuple(fixtures)
        self._calls = {one.file: _called(one.tape.events) for one in self.fixtures}

    def ground(self, fixture: Fixture) -> Ground:
        """What a fixture is replayed on. Raises as the loaders do."""
        key = (fixture.tape.persona, fixture.tape.model)
        if key not in self._grounds:
            self._grounds[key] = self._ground_of(*key)
        return self._grounds[key]

    def mutants(self, kinds: Sequence[Kind]) -> Iterator[Aimed]:
        """Every mutant of these kinds with the fixtures that it may touch."""
        groups: dict[int, list[Fixture]] = {}
        for fixture in self.fixtures:
            groups.setdefault(id(self.ground(fixture)), []).append(fixture)
        for kind in kinds:
            if kind == "world":
                for fixture in self.fixtures:
                    yield from ((mutant, (fixture,)) for mutant in world.mutants(fixture))
                continue
            for group in groups.values():
                for mutant in _MAKERS[kind](self.ground(group[0])):
                    yield mutant, tuple(one for one in group if self._touched(mutant, one))

    def _touched(self, mutant: Mutant, fixture: Fixture) -> bool:
        return mutant.calls is None or bool(mutant.calls & self._calls[fixture.file])


def chosen(mutants: Iterable[Aimed], limit: int, seed: int) -> tuple[list[Aimed], int]:
    """At most `limit` mutants, as many of each kind as there can be, drawn by the seed and kept in their order; and how
    many there were. Never more than `limit` of a kind are held, however large the suite is.
    """
    drawn: dict[Kind, list[tuple[int, int, Aimed]]] = {}
    total = 0
    for total, aimed in enumerate(mutants, 1):
        heap = drawn.setdefault(aimed[0].kind, [])
        mark = int(digest([str(seed), aimed[0].name])[:16], 16)
        heappush(heap, (-mark, total, aimed))
        if len(heap) > limit:
            heappop(heap)
    rows = [sorted(heap, reverse=True) for heap in drawn.values()]
    longest = max(map(len, rows), default=0)
    taken = [row[turn] for turn in range(longest) for row in rows if turn < len(row)]
    return [aimed for _, _, aimed in sorted(taken[:limit], key=itemgetter(1))], total


async def replayed(fixture: Fixture, ground: Ground) -> Outcome:
    """How a fixture goes on a ground. That something changed since it was recorded is no reason to fail."""
    return await replay_tape(fixture.tape, fixture.case, ground.session, fixture.parts, file=fixture.file, stale="warn")


async def replayed_as(fixture: Fixture, retold: Retold, ground: Ground, *, signed: bool) -> Outcome:
    """The same of a tape that was changed and written anew; `signed` says that its header was made to agree with it."""
    tape = retold.tape
    if signed:
        stated = tape.digests
        digests = {**stated, **{k: v for k, v in _stated(tape).items() if k in stated}}
        tape = sealed({**tape.header, "digests": digests}, tape.events)
    try:
        tape = read(write(tape), fixture.file)
    except FileInvalid as error:
        return broken(error, fixture.file)
    parts = PartsWith(fixture.parts, retold.texts)
    return await replay_tape(tape, fixture.case, ground.session, parts, file=fixture.file, stale="warn")


def _stated(tape: Tape) -> dict[str, str]:
    """The digests a header would state; none of lines that are not of the form a tape has."""
    try:
        return recorded_digests(tape.events)
    except (KeyError, TypeError):
        return {}


def same_facts(fixture: Fixture, retold: Retold) -> bool:
    """Whether a changed tape says the same of what happened."""
    return turns_over(retold.tape.events) == turns_over(fixture.tape.events)


def _called(events: Sequence[Line]) -> frozenset[str]:
    return frozenset(str(call["tool"]) for line in events for call in line.get("calls") or ())
