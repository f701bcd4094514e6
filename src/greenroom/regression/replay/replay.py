"""A fixture run again: the tape answers for the world, everything of Greenroom runs for real, and both are compared.

Invariant: passed means that every recorded event happened again, nothing else did, and the case's expectations hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import Divergence, FileInvalid, GreenroomError
from greenroom.core.events import Event, ReplyGenerated, ToolReturned
from greenroom.core.ids import CountedIds
from greenroom.engine.replay.again import live_again
from greenroom.engine.session import Session
from greenroom.regression.case import Case, case_path, load_case
from greenroom.regression.expect import Beside, failures
from greenroom.regression.expect.judging import not_described
from greenroom.regression.find import name_of
from greenroom.regression.record.telling import tell
from greenroom.regression.replay.come_back import UNKNOWN, came_back, shows_otherwise, unknown
from greenroom.regression.replay.context import context_of, put_in
from greenroom.regression.replay.difference import Difference, first_difference
from greenroom.regression.replay.forgiving import ForgivingRecording
from greenroom.regression.replay.match import TapeRecording
from greenroom.regression.replay.outcome import AND_ALSO, Outcome, broken, outcome
from greenroom.regression.replay.placeholders.deciding import HeldPolicy
from greenroom.regression.replay.slip import slip
from greenroom.regression.replay.wall import walled
from greenroom.regression.replay.world import World
from greenroom.regression.stale.cause import Cause
from greenroom.regression.stale.kept_texts import require_kept
from greenroom.regression.stale.stale import causes
from greenroom.regression.tape.file_name import require_fit
from greenroom.regression.tape.own import asked_for
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.sealed import broken_seal
from greenroom.regression.tape.tape import MAX_BYTES, Line, Tape, read
from greenroom.regression.tape.under_test import context_length, under_test
from greenroom.views.prompt.edited import edited_messages
from greenroom.workspace.own_file import read_regular

_NO_TAPE = "is missing, though its case is there"
_BRING_BACK = "bring it back, export the session again, or let go of the case: greenroom fixture prune --cases"

Build = Callable[..., Session]
"""`build(recording, *, persona, model, clock, ids)`: a session over a log in memory, with every port closed.

A tape with settings of its own gives their texts as `own`, by component.
"""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A tape with its case, as read from disk."""

    file: str
    tape: Tape
    case: Case
    parts: Parts

    @property
    def name(self) -> str:
        """Its name, as in its files."""
        return name_of(self.file)


def load_fixture(path: Path, parts: Parts | None = None, shown: str = "", case: Case | None = None) -> Fixture:
    """The fixture whose tape is `path`. Pass the same `parts` for all fixtures of a folder, so that texts are read once.

    `case` is the fixture's own, where it was read already.

    Raises:
        FileInvalid: tape or case is broken; one line with file and line.
    """
    file = shown or require_fit(path).name
    try:
        data = read_regular(path, MAX_BYTES, links=True)
    except FileNotFoundError:
        raise FileInvalid(_NO_TAPE, where=file, hint=_BRING_BACK) from None
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=file) from None
    return Fixture(file, read(data, file), case or load_case(case_path(path)), parts or Parts(path.parent))


async def replay_fixture(fixture: Fixture, build: Build, *, stale: str = "fail") -> Outcome:
    """See `replay_tape`."""
    return await replay_tape(fixture.tape, fixture.case, build, fixture.parts, file=fixture.file, stale=stale)


async def replay_tape(
    tape: Tape, case: Case, build: Build, parts: Parts, *, file: str = "tape", stale: str = "fail"
) -> Outcome:
    """Replay a tape and judge it. What changed since is said first; with `stale="warn"` it is only noted.

    A broken file, a broken workspace and a divergence are outcomes; nothing is raised for them. Nothing connects
    anywhere or starts a process meanwhile.
    """
    with walled():
        return await _replayed(tape, case, build, parts, file, stale)


async def _replayed(tape: Tape, case: Case, build: Build, parts: Parts, file: str, stale: str) -> Outcome:
    try:
        world = World(tape, parts, file)
        before = context_of(tape, world, file) if tape.takes_over else []
        recording = TapeRecording(world)
        session = _built(build, tape, parts, recording, file)
    except GreenroomError as error:
        return broken(error, file)
    try:
        contract = session.contract
        require_kept(tape, parts, contract.digests, contract.texts)
        if slipped := slip(case, tape, parts, contract.texts, file):
            return slipped
        since = causes(tape, contract.digests, contract.texts, parts)
        changed = tuple(cause.told for cause in since)
        if changed and stale != "warn" and case.expect != "bad":
            return _stale(case, since)
        beside = Beside(under_test(tape, tape.events), lambda: contract.persona.voice.never, parts.workspace)
        if said := not_described(case, under_test(tape, tape.events), beside):
            return _failed(case, (said,)) or outcome("passed")
        begin_again(session, world, recording, before)
        problem = await say_again(session, world, tape.first_turn if before else 1)
        judged = _since(_judged(tape, case, world, session, problem, changed, beside), since)
        if case.expect == "bad" and judged.kind == "diverged":
            if await _prevented(tape, case, build, world, before, beside, parts):
                judged = outcome("passed")
            elif changed and stale != "warn":
                judged = _stale(case, since, UNKNOWN)
        # Last, because whatever went otherwise says more: this is about what nothing came of.
        wrong = broken_seal(tape) if judged.good else ""
        return outcome("broken", f"{file}:1: {wrong}") if wrong else judged
    except FileInvalid as error:  # a text that was kept with it
        return broken(error, file)
    finally:
        await session.aclose()


def _built(build: Build, tape: Tape, parts: Parts, recording: TapeRecording, file: str = "tape") -> Session:
    return build(
        recording,
        persona=tape.persona,
        model=tape.model,
        clock=FrozenClock(),
        ids=CountedIds(),
        **asked_for(tape, parts, file),
    )


async def _prevented(
    tape: Tape, case: Case, build: Build, world: World, before: Sequence[Event], beside: Beside, parts: Parts
) -> bool:
    """Whether what was bad is kept from coming back though a model says all it said, whatever it is asked with today."""
    recording = ForgivingRecording(world)
    session = _built(build, tape, parts, recording)
    try:
        begin_again(session, world, recording, before)
        problem = await say_again(session, world, tape.first_turn if before else 1)
        lines = _told(tape, world, session)
        return shows_otherwise(case, tape, lines, beside, session.contract.spec, whole=problem is None)
    finally:
        await session.aclose()


def begin_again(session: Session, world: World, recording: TapeRecording, events: Sequence[Event]) -> None:
    """Go by the decisions that are held, put down a context that is not run again, and have the recording know its last
    prompt.
    """
    hold_decisions(session, world)
    asked = max((at for at, event in enumerate(events) if isinstance(event, ReplyGenerated)), default=0)
    for at, event in enumerate(events):
        if at == asked:
            recording.take_over(edited_messages(session.request_now().messages, put_in(event, events)))
        session.repeat(event)


def hold_decisions(session: Session, world: World) -> None:
    """Have the session decide with what the tape knows of the values that it has placeholders of."""
    if world.held or world.known.placeholders:
        contract = session.contract
        policy = HeldPolicy(contract.policy, world, contract.persona.policy.autonomy)
        session.reload(replace(contract, policy=policy))


async def say_again(
    session: Session, world: World, first: int = 1, said: Callable[[str], str] = str
) -> GreenroomError | None:
    """Each recorded turn from `first` on, in order; returns what stopped one that was not given up when it was recorded.

    `said` makes of the recorded words what is said now.
    """
    taken_over = sum(turn < first for turn, _ in world.turns)
    for place, (turn, words) in enumerate(world.turns[taken_over:], taken_over):
        if place > taken_over or not taken_over:
            _set_levels(session, world, place)
        try:
            await live_again(session, said(words), "tape")
        except GreenroomError as error:
            if turn not in world.abandoned:
                return error
            session.abandon("as recorded")
            if _asked_otherwise(error):
                return error
    _set_levels(session, world, len(world.turns))
    return None


def _asked_otherwise(error: GreenroomError) -> bool:
    """Whether a replay stopped at something that was recorded, and not where the recording has nothing more: there the
    edited arguments of a call that never came back are not on the tape either.
    """
    return isinstance(error, Divergence) and bool(error.difference) and "/tool:" not in error.step


def _set_levels(session: Session, world: World, over: int) -> None:
    """The levels set between two turns, when so many turns were over."""
    for turns, changed in world.autonomy:
        if turns == over:
            session.repeat(changed)


def _judged(
    tape: Tape,
    case: Case,
    world: World,
    session: Session,
    problem: GreenroomError | None,
    changed: tuple[str, ...],
    beside: Beside,
) -> Outcome:
    lines = _told(tape, world, session)
    if case.expect == "bad":
        again = came_back(case, tape, lines, beside)
        if again or problem is None or shows_otherwise(case, tape, lines, beside, session.contract.spec):
            return _failed(case, again) or outcome("passed")
    difference = first_difference(tape.events, lines)
    if problem is not None or difference.line:
        if problem is not None and _came_before(tape, world, difference, problem):
            problem = None
        found = _diverged(tape, case, difference, problem, changed, _turn_reached(session))
        return unknown(found) if case.expect == "bad" else found
    return _failed(case, failures(case, under_test(tape, lines), beside)) or outcome("passed", reasons=changed)


def _told(tape: Tape, world: World, session: Session) -> Sequence[Line]:
    """What happened this time; a context that was taken over is as the tape has it."""
    if not tape.takes_over:
        return tell(session.records, tape.model, world.proposed)[0]
    return with_context(tape, tell(session.records, tape.model, proposed_in(tape, world))[0])


def proposed_in(tape: Tape, world: World) -> list[str]:
    """The names of the memories that the turns propose which are run again."""
    if not tape.takes_over:
        return world.proposed
    length = context_length(tape.events, tape.first_turn)
    return [str(name) for line in tape.events[length:] for name in line.get("propose", ())]


def with_context(tape: Tape, lines: Sequence[Line]) -> list[Line]:
    """A telling with a context that was taken over as the tape has it."""
    if not tape.takes_over:
        return list(lines)
    length = context_length(tape.events, tape.first_turn)
    return [*tape.events[:length], *lines[context_length(lines, tape.first_turn) :]]


def _came_before(tape: Tape, world: World, difference: Difference, problem: GreenroomError) -> bool:
    """Whether a recorded event that did not happen comes before the one at which the replay stopped: then it is the cause."""
    step = problem.step if isinstance(problem, Divergence) else ""
    lines = [world.lines.get((kind, step)) for kind in (ReplyGenerated, ToolReturned)]
    at = next((at for at, event in enumerate(tape.events) if any(event is line for line in lines)), -1)
    return bool(difference.line) and 0 <= difference.index < at


def _diverged(
    tape: Tape,
    case: Case,
    difference: Difference,
    problem: GreenroomError | None,
    changed: tuple[str, ...],
    reached: int,
) -> Outcome:
    """What stopped the replay, unless an event before that was already another: then that is the cause."""
    stopped = problem is not None and (difference.ended or not difference.line)
    said = problem.message if problem is not None and stopped else difference.line
    if 0 < (reached if stopped else difference.turn) < tape.first_turn:
        said = f"in the context before turn {tape.first_turn}: {said}"
    rows = [f"why: {case.why}" if case.why else "", *(f"since: {one}" for one in changed)]
    if problem is not None and stopped:
        rows += [problem.difference if isinstance(problem, Divergence) else problem.hint]
    rows.append(difference.detail)
    detail = "\n".join(row for row in rows if row)
    return outcome("diverged", said, detail, (said,), tape.line_number(difference.index))


def _turn_reached(session: Session) -> int:
    """The turn a replay came to."""
    return max((record.event.turn for record in session.records), default=0)


def _failed(case: Case, found: tuple[str, ...]) -> Outcome | None:
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    rows = [f"and: {one}" for one in found[1:]]
    rows += [f"why: {case.why}"] if case.why else []
    return outcome("failed", found[0] + more, "\n".join(rows), found)


def _stale(case: Case, since: Sequence[Cause], also: str = "") -> Outcome:
    changed = tuple(cause.told for cause in since)
    rows = [*(f"and: {one}" for one in changed[1:]), f"why: {case.why}" if case.why else "", also]
    return _since(outcome("stale", AND_ALSO.join(changed), "\n".join(filter(None, rows)), changed), since)


def _since(judged: Outcome, since: Sequence[Cause]) -> Outcome:
    """An outcome with what changed since the recording, and what that comes to as far as it is known."""
    effect = {"passed": "same", "failed": "fails"}.get(judged.kind, "") if since else ""
    changed = outcome("stale", reasons=tuple(cause.told for cause in since)).reasons
    return replace(judged, changed=changed, places=tuple(cause.place for cause in since), effect=effect)
