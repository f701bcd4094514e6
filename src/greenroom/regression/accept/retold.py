"""A tape recorded again under today's contract, with nothing but the tape to answer for the world.

Model replies, tool results, passages, memories and approvals come from the tape by step; verdicts, prompts, selection,
memory rules and limits run for real. Invariant: what the tape cannot answer is said by name and never made up, and
where nothing changed the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import CheckFailed, Divergence, GreenroomError
from greenroom.core.events import (
    ApprovalRequested,
    Record,
    ToolReturned,
    ToolStarted,
)
from greenroom.core.ids import CountedIds
from greenroom.core.inert import inert_line
from greenroom.engine.session import Session
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy
from greenroom.regression.record.holding import with_facts
from greenroom.regression.record.redaction import redacted
from greenroom.regression.record.telling import tell
from greenroom.regression.replay.context import context_of
from greenroom.regression.replay.difference import TIME
from greenroom.regression.replay.forgiving import ForgivingRecording
from greenroom.regression.replay.match import place_of, shown_value
from greenroom.regression.replay.placeholders.deciding import unheld
from greenroom.regression.replay.placeholders.held import held_again
from greenroom.regression.replay.replay import Build, Fixture, begin_again, proposed_in, say_again, with_context
from greenroom.regression.replay.wall import walled
from greenroom.regression.replay.world import World
from greenroom.regression.stale.documents import corpus_state
from greenroom.regression.tape.own import asked_for
from greenroom.regression.tape.parts import part_name
from greenroom.regression.tape.replaced import REPLACED, in_order, put_in
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Line, Tape, sealed


@dataclass(frozen=True, slots=True)
class Retold:
    """The new tape with the texts that go beside it by part name.

    `missing` says what the tape could not answer: then the tape ends there, and only a live run or a new export helps.
    `governing` is today's text of each component, `stopped` the step at which the replay stopped, '' where it did not.
    `live` says that a model told it, and not the tape.
    """

    tape: Tape
    texts: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    governing: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""
    live: bool = False


async def retell(fixture: Fixture, build: Build) -> Retold:
    """The fixture as it would be recorded today, as far as its tape answers.

    Raises:
        FileInvalid: the tape or something of the workspace is broken.
        GreenroomError: no session can be built, e.g. the persona is gone.
    """
    with walled():
        return await _told_again(fixture, build)


async def _told_again(fixture: Fixture, build: Build) -> Retold:
    tape, world = fixture.tape, World(fixture.tape, fixture.parts, fixture.file)
    before = context_of(tape, world, fixture.file) if tape.takes_over else []
    recording = ForgivingRecording(world)
    session = build(
        recording,
        persona=tape.persona,
        model=tape.model,
        clock=FrozenClock(),
        ids=CountedIds(),
        **asked_for(tape, fixture.parts, fixture.file),
    )
    try:
        begin_again(session, world, recording, before)
        problem = await say_again(session, world, tape.first_turn if before else 1)
        return _retold(fixture, world, session, problem)
    finally:
        await session.aclose()


def _retold(fixture: Fixture, world: World, session: Session, problem: GreenroomError | None) -> Retold:
    contract, tape = session.contract, fixture.tape
    missing = (_missing(session.records, problem),) if problem is not None else ()
    try:
        records = _let_out(session.records, unheld(contract.policy))
    except CheckFailed as error:
        return Retold(tape, missing=(error.message,))
    told, texts = tell(records, tape.model, proposed_in(tape, world), added=True)
    told, header = _with_more_hidden(told, world, session, records)
    told = _timed_as_recorded(with_context(tape, told), tape.events)
    lines = held_again(_with_given_up(told, tape.events, world), tape.events)
    digests = {name: part_name(full) for name, full in contract.digests.items()} | recorded_digests(lines)
    digests |= corpus_state(tape, fixture.parts)
    header = {
        **tape.header,
        "persona": f"{contract.persona.id}@{contract.persona.version}",
        **header,
        "digests": dict(sorted(digests.items())),
    }
    written = {
        part_name(full): contract.texts[name] for name, full in contract.digests.items() if name in contract.texts
    }
    stopped = problem.step if isinstance(problem, Divergence) else ""
    return Retold(sealed(header, lines), {**written, **texts}, missing, contract.texts, stopped)


def _with_more_hidden(
    lines: list[Line], world: World, session: Session, records: Sequence[Record]
) -> tuple[list[Line], Line]:
    """The lines with what is so about values that are not let out any more, and what the header says of those."""
    policy, behind = unheld(session.contract.policy), world.known.placeholders
    fresh = put_in(session.records, records) if records is not session.records else []
    if not fresh or not isinstance(policy, RulePolicy):
        return lines, {}
    held = with_facts(lines, session.records, records, policy, fresh, behind)
    return held, {REPLACED: in_order({*fresh, *behind})}


def _let_out(records: Sequence[Record], policy: Policy) -> Sequence[Record]:
    """The records through today's export hook, if a rule speaks about it. What came from the tape has been through the
    rest of the redaction before, and what is new are words of Greenroom and of the team's own files.

    Raises:
        CheckFailed: a rule forbids it.
    """
    return redacted(records, policy)[0] if policy.watches("export") else records


def _timed_as_recorded(lines: Sequence[Line], recorded: Sequence[Line]) -> list[Line]:
    """The lines with those as they were that say another thing of their time alone: a replay goes by what was recorded of
    that, and has other things happen beside them.
    """
    before = dict(zip(_places(recorded), recorded, strict=True))
    return [
        was if _untimed(was := before.get(place, line)) == _untimed(line) else line
        for place, line in zip(_places(lines), lines, strict=True)
    ]


def _places(lines: Sequence[Line]) -> Iterator[tuple[int, str, str, int]]:
    """Of each line its turn and, where it may say something of its time, what it is about and in which life."""
    turn = 0
    for line in lines:
        turn = int(line.get("turn", turn))
        kind = next((one for one in ("answer", "write") if one in line), "")
        yield turn, kind, str(line.get(kind)), int(line.get("life", 1)) if kind else 0


def _untimed(line: Line) -> Line:
    return {key: value for key, value in line.items() if key not in TIME}


def _with_given_up(lines: Sequence[Line], recorded: Sequence[Line], world: World) -> list[Line]:
    """The lines with those of given-up turns as they were: a replay cannot break off where the world did."""
    if not world.abandoned:
        return list(lines)
    before = _by_turn(recorded)
    out: list[Line] = []
    for turn, told in _by_turn(lines).items():
        out += before.get(turn, told) if turn in world.abandoned else told
    return out


def _by_turn(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """The lines of each turn up to its end; what was set between two turns goes with the next."""
    out: dict[int, list[Line]] = {}
    waiting: list[Line] = []
    turn = 0
    for line in lines:
        waiting.append(line)
        if "turn" in line:
            turn = int(line["turn"])
        if "finish" in line:
            out.setdefault(turn, []).extend(waiting)
            waiting = []
    if waiting:
        out.setdefault(turn, []).extend(waiting)
    return out


def _missing(records: Sequence[Record], problem: GreenroomError) -> str:
    """What was asked of the world and is not on the tape, by name."""
    step = problem.step if isinstance(problem, Divergence) else ""
    events = [record.event for record in records]
    turn, _, rest = step.partition("/")
    kind, _, of = rest.partition(":")
    where = f"turn {turn[1:]}: "
    if kind == "ask":
        asked = [one for one in events if isinstance(one, ApprovalRequested) and one.step == step]
        about = f"about {asked[-1].tool} ({of}), by {asked[-1].rule}" if asked else f"about {of}"
        return inert_line(f"{where}a person is asked {about}, and nobody answered that on the tape", 300)
    if kind == "generate":
        return f"{where}the model is asked for reply {of}, and the tape has no such reply"
    started = [one for one in events if isinstance(one, ToolStarted) and one.step == step]
    if kind == "tool" and started and not any(isinstance(one, ToolReturned) and one.step == step for one in events):
        ran = f"{started[-1].tool} ({of}) runs with {shown_value(started[-1].arguments)}"
        return inert_line(f"{where}{ran}, and the tape has no result of it", 300)
    if kind == "tool" and isinstance(problem, Divergence) and problem.difference:
        return inert_line(f"{problem.message}, and the tape has no result of that; {problem.difference}", 400)
    return inert_line(f"{place_of(step)}: {problem.message}" if step else problem.message, 300)
