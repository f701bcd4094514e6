"""A foreign conversation as a draft fixture: said again to a real session, then exported as any session is.

Invariant: a draft is an ordinary fixture, so it replays; where policy or the tools had it come out otherwise than in
the source, or an expectation does not hold, it only observes and its `why` says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.core.errors import UsageError
from greenroom.core.events import Record, ReplyReleased, ToolReturned, TurnFinished, TurnStarted, VerdictReached
from greenroom.core.inert import inert_line
from greenroom.core.values import ToolSpec
from greenroom.engine.session import Session
from greenroom.models.litellm_wire import wire_name
from greenroom.policy.port import Policy
from greenroom.regression.case import MAX_BYTES as LARGEST_CASE
from greenroom.regression.case import SUFFIX as CASE_SUFFIX
from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.inline_toml import toml
from greenroom.regression.interop.conversation import Conversation, Losses
from greenroom.regression.interop.ports import ImportedWorld
from greenroom.regression.interop.private import without_private
from greenroom.regression.record.proposing import case_text
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.tape.parts import Parts, write_whole
from greenroom.regression.tape.tape import MAX_BYTES as LARGEST_TAPE
from greenroom.regression.tape.tape import SUFFIX, write

_TAG = "imported"
_MOST_TURNS = 500
_SHOWN = 3
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Draft:
    """A fixture that can be written: its tape, the text of its case, and why it only observes, if it does."""

    name: str
    recorded: Recorded
    case: str
    findings: tuple[str, ...]

    @property
    def expect(self) -> str:
        """`good`, or `observe` where something came out otherwise."""
        return "observe" if self.findings else "good"


async def play(conversation: Conversation, session: Session, world: ImportedWorld | None) -> None:
    """Say every turn again; `world` is None where the persona's own model answers.

    Raises:
        UsageError: it has more turns than a session should be asked for, or words too large to be looked at.
    """
    if len(conversation.turns) > _MOST_TURNS:
        raise UsageError(f"it has more than {_MOST_TURNS} turns", hint="split it in the source", code="interop.size")
    for number, turn in enumerate(conversation.turns, 1):
        if world is not None:
            world.begin(number)
        await session.turn(turn.user, origin="import")


def own_tools(
    conversation: Conversation, tools: Sequence[ToolSpec], losses: Losses, given: Mapping[str, str] | None = None
) -> Conversation:
    """The conversation with the persona's own names of its tools: those that are `given`, then those that providers see."""
    known = {spec.name for spec in tools}
    names = {wire_name(name): name for name in known} | {name: name for name in known} | dict(given or {})
    for call in conversation.calls():
        if call.tool not in names:
            near = difflib.get_close_matches(call.tool, sorted(known), 1, 0.7)
            hint = f"; if it is {near[0]}, say --tool {call.tool[:60]}={near[0]}" if near else ""
            losses.note(
                conversation.where, f"what the tool {call.tool[:60]} did", f"the persona has no such tool{hint}"
            )
        if call.result is None:
            losses.note(conversation.where, f"the result of {call.tool[:60]}", "the file does not hold it; it is empty")
    for number, turn in enumerate(conversation.turns, 1):
        if turn.replies and not turn.answered:
            losses.note(
                conversation.where, f"the end of turn {number}", "the file has no reply after its calls; it is empty"
            )
    return conversation.with_tools(names)


def draft_of(
    name: str,
    conversation: Conversation,
    records: Sequence[Record],
    policy: Policy,
    source: str,
    losses: Losses,
    *,
    played: bool = True,
) -> Draft:
    """The draft that a session's records come to. `source` is the file with its format, `played` whether the
    conversation's own replies answered.

    Raises:
        UsageError: no turn has ended.
        CheckFailed: the policy's export hook forbids it.
    """
    made = record(records, policy)
    conversation = without_private(conversation, policy, losses)
    case = _case(conversation)
    otherwise = _otherwise(conversation, records, losses) if played else _refused(records)
    findings = [inert_line(one, _LONGEST) for one in (*otherwise, *failures(case, made.tape.events))]
    whys = [conversation.why.rstrip().rstrip(".") + "." if conversation.why.strip() else f"Imported from {source}."]
    if findings:
        more = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
        whys.append(f"It only observes, because {'; '.join(findings[:_SHOWN])}{more}.")
    expect = "observe" if findings else "good"
    text = _case_text(name, " ".join(whys), expect, conversation, made, source)
    return Draft(name, made, text, tuple(findings))


def write_draft(draft: Draft, folder: Path, parts: list[Path] | None = None) -> tuple[Path, Path]:
    """Write tape, case and parts; returns tape and case, and has `parts` hold those that are new. The name must be free
    (see `private.free_name`).

    Raises:
        UsageError: it is larger than a fixture may be.
        DiskFailed: a file could not be written; none is half there.
    """
    written, text = write(draft.recorded.tape), draft.case.encode()
    if len(written) > LARGEST_TAPE or len(text) > LARGEST_CASE:
        raise UsageError("its fixture would be too large", hint="split it in the source", code="interop.size")
    tape, case = folder / f"{draft.name}{SUFFIX}", folder / f"{draft.name}{CASE_SUFFIX}"
    Parts(folder).write(draft.recorded.texts, parts)
    write_whole(tape, written)
    write_whole(case, text)
    return tape, case


def _otherwise(conversation: Conversation, records: Sequence[Record], losses: Losses) -> Iterator[str]:
    """What came out otherwise than the source has it, a clause each; what was only masked is a loss."""
    rules = {
        r.event.step: r.event for r in records if isinstance(r.event, VerdictReached) and r.event.hook == "tool.call"
    }
    calls = iter(list(conversation.calls()))
    for event in (item.event for item in records):
        match event:
            case TurnStarted(turn=turn, words=words) if words != conversation.turns[turn - 1].user:
                losses.note(conversation.where, "words of the person", f"the policy masks some of them in turn {turn}")
            case ReplyReleased(turn=turn, text=text, effect=effect) if effect != "deny":
                one = conversation.turns[turn - 1]
                if one.answered and text != one.text:
                    losses.note(
                        conversation.where, "words of the reply", f"the policy masks some of them in turn {turn}"
                    )
            case TurnFinished(outcome=outcome, turn=turn) if outcome != "answered":
                yield f"turn {turn} was {outcome}"
            case ToolReturned():
                known = next(calls, None)
                ran = known is None or known.result is None or known.result.status == "done"
                if ran and event.status in ("denied", "invalid"):
                    yield _not_run(event, rules.get(f"t{event.turn}/verdict:tool.call:{event.call}"))
            case _:
                pass


def _not_run(event: ToolReturned, verdict: VerdictReached | None) -> str:
    by = (
        f" by {verdict.rule}"
        if verdict is not None and event.status == "denied"
        else f": {event.error.partition(' (')[0]}"
    )
    return f"in turn {event.turn} {event.tool}, which ran there, was {event.status} here{by}".rstrip(".")


def _refused(records: Sequence[Record]) -> Iterator[str]:
    """Of a conversation that the persona's model answered: the turns that did not come to an answer."""
    for event in (item.event for item in records):
        if isinstance(event, TurnFinished) and event.outcome != "answered":
            yield f"turn {event.turn} was {event.outcome}"


def _case(conversation: Conversation) -> Case:
    return Case.model_validate({"schema": "case/1", "assert": conversation.expectations})


def _case_text(name: str, why: str, expect: str, conversation: Conversation, made: Recorded, source: str) -> str:
    """What came with the source, else what the recording proposes."""
    asserts = conversation.expectations
    text = case_text(name, inert_line(why, 1_000), expect, [_TAG], () if asserts else made.tape.events)
    rows = [f"\n# As {inert_line(source, 100)} has it."] if asserts else []
    for item in asserts:
        rows += ["", "[[assert]]", *(f"{key} = {toml(value)}" for key, value in item.items())]
    return text + "".join(row + "\n" for row in rows)
