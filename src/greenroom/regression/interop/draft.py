"""A foreign conversation as a draft fixture: said again to a real session, then exported as any session is.

Invariant: a draft is an ordinary fixture, so it replays; where policy or the tools had it come out otherwise than in
the source, or an expectation does not hold, it only observes and its `why` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from greenroom.core.errors import UsageError
from greenroom.core.events import Record, ReplyReleased, ToolReturned, TurnFinished, TurnStarted, VerdictReached
from greenroom.core.inert import inert_line
from greenroom.core.values import Json, ToolSpec
from greenroom.detectors.find import find
from greenroom.detectors.masks import Masks, redact
from greenroom.detectors.own import NONE
from greenroom.detectors.walk import rewrite
from greenroom.engine.session import Session
from greenroom.models.litellm_wire import wire_name
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Policy, Question
from greenroom.regression.case import MAX_BYTES as LARGEST_CASE
from greenroom.regression.case import SUFFIX as CASE_SUFFIX
from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.interop.conversation import Conversation, Losses
from greenroom.regression.interop.ports import ImportedWorld
from greenroom.regression.parts import Parts, write_whole
from greenroom.regression.proposing import case_text, toml
from greenroom.regression.record import Recorded, record
from greenroom.regression.tape import MAX_BYTES as LARGEST_TAPE
from greenroom.regression.tape import SUFFIX, write

_PRIVATE = ("secret.", "personal.")
_TAG = "imported"
_MOST_TURNS = 500
_SHOWN = 3
_LONGEST = 160
_ESCAPE = re.compile(r"\\(\W)")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._]+")


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


def own_tools(conversation: Conversation, tools: Sequence[ToolSpec], losses: Losses) -> Conversation:
    """The conversation with the persona's own names of its tools, where a file has them as providers do."""
    known = {spec.name for spec in tools}
    wire = {wire_name(name): name for name in known}
    names: dict[str, str] = {}
    for call in conversation.calls():
        if call.tool not in known and call.tool in wire:
            names[call.tool] = wire[call.tool]
        elif call.tool not in known:
            losses.note(conversation.where, f"what the tool {call.tool[:60]} did", "the persona has no such tool")
        if call.result is None:
            losses.note(conversation.where, f"the result of {call.tool[:60]}", "the file does not hold it; it is empty")
    for number, turn in enumerate(conversation.turns, 1):
        if turn.replies and not turn.answered:
            losses.note(
                conversation.where, f"the end of turn {number}", "the file has no reply after its calls; it is empty"
            )
    return conversation.with_tools(names) if names else conversation


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
    conversation = _without_private(conversation, policy, losses)
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


def write_draft(draft: Draft, folder: Path) -> tuple[Path, Path]:
    """Write tape, case and parts; returns tape and case. The name must be free (see `free_name`).

    Raises:
        UsageError: it is larger than a fixture may be.
        DiskFailed: a file could not be written; none is half there.
    """
    written, text = write(draft.recorded.tape), draft.case.encode()
    if len(written) > LARGEST_TAPE or len(text) > LARGEST_CASE:
        raise UsageError("its fixture would be too large", hint="split it in the source", code="interop.size")
    tape, case = folder / f"{draft.name}{SUFFIX}", folder / f"{draft.name}{CASE_SUFFIX}"
    Parts(folder).write(draft.recorded.texts)
    write_whole(tape, written)
    write_whole(case, text)
    return tape, case


def free_name(wanted: str, taken: dict[str, int], policy: Policy) -> str:
    """A name that is safe in a path and holds nothing private, numbered where `taken` has it.

    It is added to `taken`, which holds the last number that each name was given.
    """
    text = str(_masked(wanted))
    text = "" if _must_stay({"text": text}, policy) else text
    base = _NOT_IN_NAMES.sub("-", text.casefold()).strip("-._")[:60].rstrip("-._") or "imported"
    name, number = base, taken.get(base, 0)
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken[base] = max(number, 1)
    taken.setdefault(name, 1)
    return name


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


def _without_private(conversation: Conversation, policy: Policy, losses: Losses) -> Conversation:
    """The conversation with nothing private in what goes into its case, by the rules that hold for what leaves."""
    kept = []
    for item in conversation.expectations:
        if why := _must_stay({"expected": [item, _unescaped(item)]}, policy):
            losses.note(conversation.where, "an expectation", f"it holds what a fixture must not ({why})")
        else:
            kept.append(item)
    why = str(_masked(conversation.why))
    if said := _must_stay({"text": why}, policy):
        losses.note(conversation.where, "why it exists", f"it holds what a fixture must not ({said})")
        why = ""
    return replace(conversation, expectations=tuple(kept), why=why)


def _must_stay(content: dict[str, Json], policy: Policy) -> str:
    """What keeps a content from leaving: kinds of private data, or the rule of the export hook that would change it."""
    own = policy.detectors if isinstance(policy, RulePolicy) else NONE
    names = {one.id for one in own.detectors}
    found = {one.detector for one in find(content, own) if not one.mask}
    kinds = [kind for kind in sorted(found) if kind.startswith(_PRIVATE) or kind in names]
    verdict = policy.decide(Question(hook="export", subject="case", payload=content, origin="user"))
    changed = verdict.blocks or (isinstance(verdict.payload, dict) and verdict.payload != content)
    return ", ".join([*kinds, *([f"rule {verdict.rule}"] if changed else [])])


def _unescaped(item: Json) -> Json:
    """An expectation with its patterns as the texts they stand for, which a detector knows: `a@b\\.c` is an address."""
    return rewrite(item, lambda path, text: _ESCAPE.sub(r"\1", text))


def _masked(text: str) -> Json:
    """A text with placeholders for what is private in it."""
    content: Json = {"text": text}
    findings = [one for one in find(content) if one.detector.startswith(_PRIVATE) and not one.mask]
    masked = redact(content, findings, Masks())
    return masked["text"] if isinstance(masked, dict) else ""


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
