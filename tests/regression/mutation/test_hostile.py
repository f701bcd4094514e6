"""A tape that was written to break things, with a last line that fits it: one outcome, one line, whatever stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.core.values import Json
from greenroom.regression.mutation.mutant import Retold
from greenroom.regression.replay.check import check
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.tape import Tape
from tests.regression.mutation.stories import NOTHING, of_story, replayed

HOSTILE: tuple[Json, ...] = (None, True, -1, 10**18, "\u202e\x1b[31m", [["a", "b"]], {"a": {"b": 1}}, "A" * 3_000)


def replaced(value: Json) -> Iterator[Json]:
    """The value with one of its parts, at any depth, something hostile."""
    yield from HOSTILE
    if isinstance(value, dict):
        yield from ({**value, key: fresh} for key, item in value.items() for fresh in replaced(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], fresh, *value[at + 1 :]] for fresh in replaced(item))


@pytest.mark.parametrize("name", ["simulated", "spent elsewhere", "output edited"])
def test_hostile_values_are_one_line_and_never_pass(name: str, tmp_path: Path) -> None:
    fixture, build = of_story(name, tmp_path)
    tape = fixture.tape
    for at, line in enumerate(tape.events):
        for key, value in line.items():
            for fresh in replaced(value):
                if fresh == value:
                    continue
                events = (*tape.events[:at], {**line, key: fresh}, *tape.events[at + 1 :])
                changed = Tape(tape.header, events)
                found = (
                    replayed(fixture, Retold(changed), build),
                    check(Fixture(fixture.file, changed, NOTHING, fixture.parts), {}, {}),
                )
                for outcome in found:
                    assert not outcome.good, (line, key, fresh)
                    assert outcome.line, (line, key, fresh)
                    assert outcome.line.isprintable(), (line, key, fresh)
