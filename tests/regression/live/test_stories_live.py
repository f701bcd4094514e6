"""Whatever people did in a session: a model that says what was said then gets the same answers from its tape."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ReplyGenerated
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.engine import waiting
from greenroom.engine.model_call.generating import AGAIN
from greenroom.engine.outside import Outside
from greenroom.engine.replay.closed import ClosedParts
from greenroom.engine.session import Session
from greenroom.memory.plain_memory import PlainMemory
from greenroom.models.port import Model
from greenroom.regression.case import Case
from greenroom.regression.live import Budget, History, LiveOptions, Meter, MeteredModel, run_live
from greenroom.regression.live.ports import TapeApprover, TapeTools
from greenroom.regression.live.recording import LiveRecording
from greenroom.regression.record.record import record
from greenroom.regression.replay.difference import first_difference
from greenroom.regression.replay.plain_log import log_for
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Line, read, write
from tests.engine.chaos import Steady
from tests.engine.chaos_world import Shelf, contract
from tests.engine.replay.test_replays_hold import TROUBLE, lived

STORIES = 10


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    """Where stories are told: nobody waits, and what happens at once happens in one order."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    with asyncio.Runner(loop_factory=Steady) as made:
        yield made


class Parrot:
    """A model that says what was said."""

    name = "parrot"

    def __init__(self, recording: LiveRecording) -> None:
        world = recording.world
        said = [event for event in world.events.values() if isinstance(event, ReplyGenerated)]
        self._left = [one for one in said if one.model != AGAIN and one.turn not in world.abandoned]

    async def generate(self, request: ModelRequest, on_text: Any, on_failure: Any) -> ModelReply:
        one = self._left.pop(0)
        return ModelReply(
            model="chaos", text=one.text, reasoning=one.reasoning, calls=one.calls, finish="stop", usage=one.usage
        )

    async def aclose(self) -> None:
        """Nothing is held."""


_QUESTION = ("of", "ask", "answer")
"""Keys of a line that name a question."""


class Parroted:
    """Builds live sessions with the parrot."""

    history: History | None = None

    def __call__(
        self, recording: LiveRecording, *, persona: str, model: str, meter: Meter, clock: Any, ids: Any, own: Any
    ) -> Session:
        parrot: Model = MeteredModel(Parrot(recording), meter)
        tools = TapeTools(Shelf(), recording.desk)
        closed = ClosedParts(Shelf())
        outside = Outside(parrot, tools, closed, PlainMemory(), TapeApprover(recording.desk), clock, ids)
        return Session(log_for(recording, "live"), contract("usual"), outside, recording=recording)

    def judging(self, model: str, meter: Meter) -> Model:
        raise NotImplementedError

    async def warm(self) -> None:
        """Nothing is slow."""

    async def aclose(self) -> None:
        """Nothing is held."""


def bare(lines: Any) -> list[Line]:
    """What happened, without what each prompt had more and in which life of its turn, and without questions about a
    crash: a live turn is not cut off.
    """
    kept = (line for line in lines if not any(str(line.get(key, "")).endswith(".unknown") for key in _QUESTION))
    return [{key: item for key, item in line.items() if key not in ("added", "life", "begun")} for line in kept]


@pytest.mark.parametrize("trouble", TROUBLE)
def test_the_same_words_get_the_same_answers(trouble: str, runner: asyncio.Runner, tmp_path: Path) -> None:
    wrong, taped = [], 0
    parts = Parts(tmp_path)
    for seed in range(2 * STORIES):
        if taped == STORIES:
            break
        try:
            kept = record(lived(seed, runner, trouble), contract("usual").policy)
        except UsageError:
            continue  # no turn ended
        if any("milliseconds" in line for line in kept.tape.events):
            continue  # a turn ran out of time, which a live run measures anew
        if any("gate" in line for line in kept.tape.events):
            continue  # a person did at a gate what is on trial in a live run
        parts.write(kept.texts)
        taped += 1
        fixture = Fixture("x", read(write(kept.tape), "x"), Case(schema="case/1"), parts)
        came = runner.run(run_live(fixture, Parroted(), LiveOptions(), Budget()))
        difference = first_difference(bare(kept.tape.events), bare(came.runs[0].lines) if came.runs else [])
        if not came.outcome.good or difference.line:
            wrong.append(
                f"seed {seed}: {came.outcome.line}\n{came.outcome.detail}\n{difference.line}\n{difference.detail}"
            )
    assert not wrong, f"{len(wrong)} of {taped}\n" + "\n\n".join(wrong[:3])
    assert taped > STORIES * 0.5
