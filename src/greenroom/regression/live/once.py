"""One live run: the person's words said to a session with a real model, and what came of it.

Invariant: whatever goes wrong in a run is its outcome; only cancelling is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenroom.core.clock import Clock
from greenroom.core.errors import Divergence, FileInvalid, GreenroomError
from greenroom.core.events import Record, ReplyGenerated
from greenroom.core.ids import CountedIds, Ids
from greenroom.engine.session import Session
from greenroom.regression.live.budget import Budget, BudgetSpent, Meter
from greenroom.regression.live.clock import LiveClock
from greenroom.regression.live.history import History
from greenroom.regression.live.judging import judge, judge_left
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.outcomes import LiveRun
from greenroom.regression.live.recording import LiveRecording
from greenroom.regression.live.start import Start
from greenroom.regression.outcome import Outcome, outcome
from greenroom.regression.replay import Fixture, line_in
from greenroom.regression.tape import Line
from greenroom.regression.telling import tell
from greenroom.regression.world import World

_HINTS = {
    "model.rate_limit": "wait a little, then run it again",
    "model.cut": "run it again",
    "model.timeout": "run it again, or raise the model's timeout in greenroom.toml",
    "model.server": "its fault; run it again",
    "stopped": "greenroom stop --lift --reason WHY, then run it again",
}


class LiveBuild(Protocol):
    """Makes sessions with a real model over a tape, in memory. `history` is where their runs are noted, if anywhere."""

    history: History | None

    def __call__(
        self, recording: LiveRecording, *, persona: str, model: str, meter: Meter, clock: Clock, ids: Ids
    ) -> Session:
        """A session. Raises as `load_contract`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; another run may follow all the same."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A run with what it was made of: its records, and who spoke."""

    run: LiveRun
    records: tuple[Record, ...] = ()
    persona: str = ""
    model: str = ""


async def live_once(
    fixture: Fixture,
    build: LiveBuild,
    options: LiveOptions,
    start: Start,
    meter: Meter,
    *,
    ceiling: Budget | None = None,
) -> Made:
    """One live run of a fixture, paid from `meter`; to pass `ceiling` is a failure of the run, not an error."""
    try:
        world = World(fixture.tape, fixture.parts, fixture.file)
        recording = LiveRecording(fixture.tape, world, start, fixture.file)
        clock = LiveClock()
        session = build(
            recording,
            persona=options.persona or fixture.tape.persona,
            model=options.model,
            meter=meter,
            clock=clock,
            ids=CountedIds(),
        )
    except FileInvalid as error:
        return Made(LiveRun(outcome("broken", error.line(), tape_line=line_in(error.where))))
    except GreenroomError as error:
        return Made(LiveRun(outcome("error", error.line())))
    stop = session.bus.subscribe(recording.see)
    try:
        problem = await _say(session, recording)
        return _made(fixture, session, recording, meter, problem, ceiling)
    finally:
        stop()
        await session.aclose()


async def _say(session: Session, recording: LiveRecording) -> GreenroomError | None:
    """The person's words in order; returns what ended the run before its end."""
    world = recording.world
    for place, (turn, words) in enumerate(world.turns):
        for over, changed in world.autonomy:
            if over == place:
                session.repeat(changed)
        try:
            await session.turn(recording.words(words), origin="tape")
        except GreenroomError as error:
            if turn not in world.abandoned:
                return error
            session.abandon("as recorded")
    return None


def _made(
    fixture: Fixture,
    session: Session,
    recording: LiveRecording,
    meter: Meter,
    problem: GreenroomError | None,
    ceiling: Budget | None,
) -> Made:
    contract = session.contract
    lines = _lines(session, recording, broken=problem is not None)
    took = _milliseconds(session, recording)
    start = recording.start
    match problem:
        case None:
            verdict = judge(fixture.tape, fixture.case, lines, start, took, meter.micro_usd)
        case Divergence():
            verdict = judge_left(fixture.case, lines, problem)
        case BudgetSpent() if problem.budget is ceiling:
            verdict = outcome("failed", problem.message, "", (problem.message,))
        case _:
            verdict = _service_failed(problem)
    run = LiveRun(verdict, tuple(lines), took, meter.micro_usd, tuple(recording.notes))
    persona = f"{contract.persona.id}@{contract.persona.version}"
    return Made(run, tuple(session.records), persona, contract.model)


def _service_failed(problem: GreenroomError) -> Outcome:
    """An error with what to do about it here, where no turn is left to be resumed."""
    hint = _HINTS.get(problem.code, problem.hint)
    line = f"{problem.message} ({hint})" if hint else problem.message
    return outcome("error", line, "", (line,))


def _lines(session: Session, recording: LiveRecording, *, broken: bool) -> list[Line]:
    """What happened, as tape lines in the tape's own ids; of a run that broke off, its last turn too."""
    lines, _ = tell(session.records, session.contract.model, () if broken else None)
    return [recording.desk.bindings.recorded(line) for line in lines]


def _milliseconds(session: Session, recording: LiveRecording) -> int:
    """How long the model took in the live part: what else a run does is no part of what people wait for."""
    events = (record.event for record in session.records)
    return sum(e.milliseconds for e in events if isinstance(e, ReplyGenerated) and not recording.before(e.step))
