"""What a rule at a text hook wants a person to see first: words to be read, shown, kept or sent to a model.

Invariant: nothing that a rule asks about goes on without an answer of its own; words a person changed are judged anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from greenroom.core.errors import UsageError
from greenroom.core.values import ApprovalReply, Card, Json, ToolCall, ToolSpec, Verdict
from greenroom.engine.asking.leave import scope_problem
from greenroom.engine.asking.question import TurnStopped, Void, ask
from greenroom.engine.kept import kept
from greenroom.engine.looks import FIRST, VOID
from greenroom.engine.room import Room
from greenroom.policy.port import Question

EDITED = "edited"

_DEEDS: dict[str, tuple[str, str]] = {
    "input": ("input.take", "Take these words in."),
    "memory.read": ("memory.recall", "Let the model read this memory."),
    "retrieval": ("passage.use", "Let the model read this passage."),
    "prompt": ("prompt.send", "Send this prompt to the model."),
    "memory.write": ("memory.keep", "Keep this for later conversations."),
    "output": ("reply.show", "Show this reply to the person."),
}
_EDITABLE = frozenset({"output", "memory.write"})
_PARAMETERS: dict[str, Json] = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@dataclass(frozen=True, slots=True)
class Permitted:
    """What became of words at a hook. `payload` is how they go on, `effect` deny means that they do not."""

    verdict: Verdict
    payload: dict[str, Json]
    refused: str = ""

    @property
    def goes_on(self) -> bool:
        return not self.refused


async def permit(room: Room, turn: int, question: Question, *, item: str = "", place: int = 0) -> Permitted:
    """Judge words at their hook, and ask a person where a rule wants that.

    `item` tells apart what is judged one by one at this hook (a passage's id), `place` does so without random ids.

    Raises:
        WaitingForPerson: nobody is here; the question is on disk.
        TurnStopped: the person stopped the turn.
    """
    key = f"{question.hook}:{item}" if item else question.hook
    asked = f"{question.hook}:{place}" if place else question.hook
    edits, look = 0, FIRST
    while True:
        suffix = f".{edits}" if edits else ""
        step = f"t{turn}/verdict:{key}{suffix}"
        await room.steps.look(look, step)
        verdict = room.judge(turn, step, question, look=look)
        payload = verdict.payload if isinstance(verdict.payload, dict) else question.payload
        if verdict.effect == "deny":
            return Permitted(verdict, payload, verdict.why)
        if not verdict.blocks and not edits:
            return Permitted(verdict, payload)
        card = card_about(asked, question, verdict, _shown(payload), EDITED if edits else "")
        keeps = partial(_kept, room, question)
        reply = await ask(room, turn, f"{asked}{suffix}", card, verdict=step, keeps=keeps)
        look = VOID if isinstance(reply, Void) else FIRST
        if isinstance(reply, Void):
            continue
        if reply.decision == "edit" and (changed := _changed(room, question, reply)) is not None:
            edits, question = edits + 1, changed
            continue
        return _settled(verdict, payload, reply)


def card_about(key: str, question: Question, verdict: Verdict, text: str, reason: str) -> Card:
    """The card of words at a hook; its call is a stand-in that names what would be done with them."""
    name, description = _DEEDS[question.hook]
    return Card(
        call=ToolCall(id=key, tool=name, arguments={"text": text}),
        spec=ToolSpec(name=name, description=description, parameters=_PARAMETERS, effects="once"),
        verdict=verdict,
        reason=reason,
        origin=question.session.taint,
        hook=question.hook,
    )


def editable(card: Card) -> bool:
    """Whether a person may put other words in the place of those on a card."""
    return card.hook == "tool.call" or card.hook in _EDITABLE


def must_fit(room: Room, card: Card, reply: ApprovalReply) -> None:
    """Nothing, unless an answer is of a kind that this question cannot have.

    Raises:
        UsageError: words cannot be simulated, nor changed where they are not the person's; leave that covers too much.
    """
    unfit = reply.decision == "simulate" or (reply.decision == "edit" and not editable(card))
    if card.hook != "tool.call" and unfit:
        raise UsageError("these words are allowed or denied as they stand", code="approval.decision")
    if reply.scope != "once" and (problem := scope_problem(room, card, reply)):
        raise UsageError(problem, code="approval.scope")


def _changed(room: Room, question: Question, reply: ApprovalReply) -> Question | None:
    """The question about the person's own words; None where these words are not theirs to change."""
    text = (reply.arguments or {}).get("text")
    if question.hook not in _EDITABLE or not isinstance(text, str):
        return None
    words = _kept(room, question, text)
    if words is None:
        return None
    return question.model_copy(update={"payload": {**question.payload, "text": words}, "origin": "user"})


def _kept(room: Room, question: Question, text: str) -> str | None:
    """A person's words in the place of those of a question, as its rules let them be kept."""
    other = question.model_copy(update={"payload": {**question.payload, "text": text}, "origin": "user"})
    looked = kept(room, other)
    return None if looked is None else str(looked["text"])


def _shown(payload: dict[str, Json]) -> str:
    """The words a person is to look at: the text itself, or the messages of a prompt one after another."""
    if "messages" in payload:
        return "\n\n".join(f"[{one['role']} · {one['source']}]\n{one['text']}" for one in payload["messages"])
    return str(payload.get("text", ""))


def _settled(verdict: Verdict, payload: dict[str, Json], reply: ApprovalReply) -> Permitted:
    match reply.decision:
        case "allow":
            return Permitted(verdict, payload)
        case "stop":
            raise TurnStopped("a person stopped the turn")
        case _:
            return Permitted(verdict, payload, reply.reason or "A person declined this.")
