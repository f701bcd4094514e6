"""One live run: the person's words said to a session with a real model, and what came of it.

Invariant: whatever goes wrong in a run is its outcome; only cancelling is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from greenroom.core.clock import Clock
from greenroom.core.errors import Divergence, FileInvalid, GreenroomError
from greenroom.core.events import Record, ReplyGenerated
from greenroom.core.ids import CountedIds, Ids
from greenroom.engine.session import Session
from greenroom.models.port import Model
from greenroom.policy.port import Policy
from greenroom.regression.expect import Beside
from greenroom.regression.judge.rubric import read_rubric
from greenroom.regression.live.budget import Budget, BudgetSpent, Meter
from greenroom.regression.live.clock import LiveClock
from greenroom.regression.live.history import History
from greenroom.regression.live.judging import Ended, judge, judge_left, judge_replies
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.outcomes import LiveRun
from greenroom.regression.live.recording import LiveRecording
from greenroom.regression.live.start import Start
from greenroom.regression.record.telling import tell
from greenroom.regression.replay.context import context_of
from greenroom.regression.replay.outcome import Outcome, broken, outcome
from greenroom.regression.replay.replay import Fixture, hold_decisions, say_again
from greenroom.regression.replay.slip import slip
from greenroom.regression.replay.world import World
from greenroom.regression.stale.documents import corpus_changes
from greenroom.regression.tape.own import own_texts
from greenroom.regression.tape.tape import Line
from greenroom.regression.tape.under_test import under_test

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
        self,
        recording: LiveRecording,
        *,
        persona: str,
        model: str,
        meter: Meter,
        clock: Clock,
        ids: Ids,
        own: Mapping[str, str],
    ) -> Session:
        """A session; `own` are the texts that its tape has of its own. Raises as `load_contract`."""
        ...

    def judging(self, model: str, meter: Meter) -> Model:
        """The model that judges replies of `model`, paid from `meter`.

        Raises:
            FileInvalid: its script or the settings are broken.
        """
        ...

    async def warm(self) -> None:
        """Start what is slow to start of the sessions built so far, so that no reply is timed with it."""
        ...

    async def aclose(self) -> None:
        """Let go of connections; another run may follow all the same."""
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A run with what it was made of: its records, who spoke on which model by which table, and the policy it ran under.

    `whole` says that the conversation came to its end; else what is missing of it nobody knows.
    """

    run: LiveRun
    records: tuple[Record, ...] = ()
    persona: str = ""
    model: str = ""
    table: str = ""
    policy: Policy | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """What a verdict needs of a run that was made. `ceiling` is what its case allows it to cost."""

    fixture: Fixture
    session: Session
    recording: LiveRecording
    meter: Meter
    ceiling: Budget


async def live_once(
    fixture: Fixture, build: LiveBuild, options: LiveOptions, start: Start, budgets: Sequence[Budget]
) -> Made:
    """One live run of a fixture, paid from `budgets`; to pass what its case allows is a failure, not an error."""
    expected = fixture.case.live
    ceiling = Budget(expected.usd if expected is not None else None, "this run")
    meter = Meter(ceiling, *budgets)
    try:
        world = World(fixture.tape, fixture.parts, fixture.file)
        changed = corpus_changes(fixture.tape, fixture.parts) if options.renew else ()
        recording = LiveRecording(fixture.tape, world, start, fixture.file, changed)
        before = context_of(fixture.tape, world, fixture.file) if fixture.tape.takes_over else []
        persona = options.persona or fixture.tape.persona
        session = build(
            recording,
            persona=persona,
            model=options.model,
            meter=meter,
            clock=LiveClock(),
            ids=CountedIds(),
            own={} if options.persona else own_texts(fixture.tape, fixture.parts, fixture.file),
        )
    except FileInvalid as error:
        return Made(LiveRun(broken(error, fixture.file)))
    except GreenroomError as error:
        return Made(LiveRun(outcome("error", error.line())))
    stop = session.bus.subscribe(recording.see)
    try:
        if slipped := slip(fixture.case, fixture.tape, fixture.parts, session.contract.texts, fixture.file):
            return Made(LiveRun(slipped))
        await build.warm()
        hold_decisions(session, world)
        for event in before:
            session.repeat(event)
        problem = await say_again(session, world, fixture.tape.first_turn if before else 1, recording.words)
    finally:
        stop()
        await session.aclose()
    judging = Meter(*budgets)
    verdict, run = await _verdict(_Run(fixture, session, recording, meter, ceiling), build, judging, problem)
    spent = meter.micro_usd + judging.micro_usd
    notes, tokens = tuple(recording.notes), _tokens(session, recording)
    made = LiveRun(verdict, tuple(run.lines), run.milliseconds, spent, notes, tokens)
    return _made(session, made, whole=problem is None)


async def _verdict(
    made: _Run, build: LiveBuild, judging: Meter, problem: GreenroomError | None
) -> tuple[Outcome, Ended]:
    """The run's outcome, and what was judged. A judge's cost is no part of what the persona cost."""
    run = _ended(made, broken=problem is not None)
    match problem:
        case None:
            verdict = judge(run)
            if verdict.good and run.case.expect == "good":
                verdict = await _by_rubric(run, made, build, judging)
        case Divergence():
            verdict = judge_left(run, problem)
        case BudgetSpent() if problem.budget is made.ceiling:
            verdict = outcome("failed", problem.message, "", (problem.message,))
        case _:
            verdict = _service_failed(problem)
    return verdict, run


async def _by_rubric(run: Ended, made: _Run, build: LiveBuild, judging: Meter) -> Outcome:
    text = run.case.live.text if run.case.live is not None else None
    if text is None or text.judge is None:
        return outcome("passed")
    try:
        rubric = read_rubric(made.fixture.parts.workspace, text.judge)
        model = build.judging(made.session.contract.reached_by, judging)
        return await judge_replies(run, model, text.judge, rubric, text.votes)
    except FileInvalid as error:
        return broken(error)
    except GreenroomError as error:
        return _service_failed(error)


def _ended(made: _Run, *, broken: bool) -> Ended:
    fixture, session, recording = made.fixture, made.session, made.recording
    took = _milliseconds(session, recording)
    voice, recorded = session.contract.persona.voice, under_test(fixture.tape, fixture.tape.events)
    return Ended(
        tape=fixture.tape,
        case=fixture.case,
        lines=_lines(session, recording, broken=broken),
        start=recording.start,
        beside=Beside(recorded, lambda: voice.never, fixture.parts.workspace, took),
        milliseconds=sum(took.values()),
        micro_usd=made.meter.micro_usd,
    )


def _made(session: Session, run: LiveRun, *, whole: bool) -> Made:
    contract = session.contract
    persona = f"{contract.persona.id}@{contract.persona.version}"
    return Made(run, tuple(session.records), persona, contract.model, contract.table, contract.policy, whole)


def _service_failed(problem: GreenroomError) -> Outcome:
    """An error with what to do about it here, where no turn is left to be resumed."""
    hint = _HINTS.get(problem.code, problem.hint)
    line = f"{problem.message} ({hint})" if hint else problem.message
    return outcome("error", line, "", (line,))


def _lines(session: Session, recording: LiveRecording, *, broken: bool) -> list[Line]:
    """What happened, as tape lines in the tape's own ids; of a run that broke off, its last turn too."""
    lines, _ = tell(session.records, session.contract.model, () if broken else None)
    return [recording.desk.bindings.recorded(line) for line in lines]


def _milliseconds(session: Session, recording: LiveRecording) -> dict[int, int]:
    """How long the model took in each live turn: what else a run does is no part of what people wait for."""
    took: dict[int, int] = {}
    for event in (record.event for record in session.records):
        if isinstance(event, ReplyGenerated) and not recording.before(event.step):
            took[event.turn] = took.get(event.turn, 0) + event.milliseconds
    return took


def _tokens(session: Session, recording: LiveRecording) -> int:
    """How many tokens the live replies took, in and out."""
    events = (record.event for record in session.records)
    live = (one for one in events if isinstance(one, ReplyGenerated) and not recording.before(one.step))
    return sum(one.usage.tokens for one in live)
