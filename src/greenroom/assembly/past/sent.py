"""The requests of a turn's model calls, composed again from the log as the engine composed them.

Invariant: nothing of the workspace is read. Where the log commits to what a call was given, a request is `exact` only if
it is that very one, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from greenroom.assembly.past.recorded import recorded_persona
from greenroom.assembly.past.tools import recorded_specs
from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ContextSelected,
    ContractLoaded,
    GatePassed,
    Record,
    ReplyGenerated,
    ToolReturned,
    TurnAbandoned,
    TurnFinished,
    VerdictReached,
)
from greenroom.core.messages import Message, ModelRequest
from greenroom.core.values import Json, ToolSpec
from greenroom.engine.contract import Contract
from greenroom.engine.model_call.generating import AGAIN
from greenroom.engine.steps import same_inputs
from greenroom.persona.prompt import fill
from greenroom.persona.voice import lines as voice_lines
from greenroom.views.fold import Turns
from greenroom.views.prompt import transcript
from greenroom.views.prompt.edited import edited_messages
from greenroom.views.prompt.transcript import Transcript, TranscriptTurn, compose


@dataclass(frozen=True, slots=True)
class Parts:
    """What a contract puts into every request."""

    system: str = ""
    voice: str = ""
    tools: tuple[ToolSpec, ...] = ()
    model: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    persona: str = ""
    table: str = ""

    @classmethod
    def of(cls, contract: Contract) -> Parts:
        """Those of a contract that is at hand."""
        params = dict(contract.persona.model.params)
        found = cls(contract.system, contract.voice, contract.tools, contract.model, params, contract.persona.id)
        return replace(found, table=contract.table)

    def request(self, state: Transcript) -> ModelRequest:
        """The request when the log says `state`."""
        messages = compose(state, self.system, self.voice)
        return ModelRequest(model=self.model, messages=messages, tools=self.tools, params=dict(self.params))


@dataclass(frozen=True, slots=True)
class Sent:
    """One model call of a turn: its number (from 1), what it was given, and what came back, None where nothing did yet.

    `exact` says whether the log commits to just this request; None where it commits to none. `put` is True where a
    person put an earlier call once more, so that no model was asked. `table` is the one of greenroom.toml that said how
    the model was reached, '' for none.
    """

    turn: int
    number: int
    request: ModelRequest
    state: Transcript
    reply: ReplyGenerated | None = None
    exact: bool | None = None
    put: bool = False
    persona: str = ""
    table: str = ""

    def under(self, parts: Parts) -> ModelRequest:
        """What the same call would have been given by another contract."""
        return parts.request(self.state)


@dataclass(slots=True)
class _Changes:
    """What changed requests on their way out, by step."""

    verdicts: dict[str, VerdictReached] = field(default_factory=dict)
    edits: dict[str, GatePassed] = field(default_factory=dict)


class RecordedParts:
    """What each contract of a log puts into requests, worked out when it is asked for.

    `loaded` are the log's `ContractLoaded` with their record numbers, in order.
    """

    def __init__(self, loaded: Iterable[tuple[int, ContractLoaded]]) -> None:
        self._loaded = tuple(loaded)
        self._parts: dict[int, Parts] = {}

    def at(self, seq: int) -> Parts:
        """What governed when record `seq` was written.

        Raises:
            UsageError: the log does not hold the texts.
            FileInvalid: a text is broken.
        """
        before = [place for place, (at, _) in enumerate(self._loaded) if at < seq]
        if not before:
            raise UsageError("this session's log names no persona", code="recorded.contract")
        place = before[-1]
        if place not in self._parts:
            self._parts[place] = self._made(place)
        return self._parts[place]

    def _made(self, place: int) -> Parts:
        texts: dict[str, str] = {}
        for _, loaded in self._loaded[: place + 1]:
            texts |= loaded.texts
        event = self._loaded[place][1]
        known = {part: texts[digest] for part, digest in event.digests.items() if digest in texts}
        for part in ("persona", "prompt", "tools"):
            if part not in known:
                raise UsageError(f"the log does not hold the {part} of its persona any more", code="recorded.text")
        persona = recorded_persona(event, known)
        return Parts(
            system=fill(known["prompt"], persona.prompt.variables, "the recorded prompt"),
            voice="\n".join(voice_lines(persona.voice)),
            tools=recorded_specs(known["tools"]),
            model=event.model,
            params=dict(persona.model.params),
            persona=persona.id,
            table=event.table,
        )


def recorded_parts(records: Iterable[Record]) -> RecordedParts:
    """That of a whole log."""
    return RecordedParts((one.seq, one.event) for one in records if isinstance(one.event, ContractLoaded))


def sent(
    turn: int, earlier: Sequence[TranscriptTurn], records: Sequence[Record], governing: RecordedParts
) -> tuple[Sent, ...]:
    """The model calls of a turn in order, and last the one that is due, where one is.

    Args:
        turn: its number.
        earlier: the turns before it, as the prompt has them.
        records: the turn's own, from its start.
        governing: of the session.

    Raises:
        UsageError, FileInvalid: as `RecordedParts.at`.
    """
    state: Transcript = Turns(earlier)
    found: list[Sent] = []
    changes = _Changes()
    for record in records:
        match record.event:
            case ReplyGenerated() as reply:
                found.append(_answered(turn, state, record, reply, changes, governing))
            case VerdictReached(hook="prompt") as verdict:
                changes.verdicts[verdict.step] = verdict
            case GatePassed(gate="prompt", action="edit") as passed:
                changes.edits[passed.step] = passed
            case _:
                pass
        state = transcript.fold(state, record)
    if records and _is_due(records):
        parts = governing.at(records[-1].seq + 1)
        number = found[-1].number + 1 if found else 1
        request = _as_it_left(parts.request(state), turn, number, changes)
        found.append(Sent(turn, number, request, state, persona=parts.persona, table=parts.table))
    return tuple(found)


def _answered(
    turn: int,
    state: Transcript,
    record: Record,
    reply: ReplyGenerated,
    changes: _Changes,
    governing: RecordedParts,
) -> Sent:
    number = int(reply.step.rpartition(":")[2]) if reply.step.rpartition(":")[2].isdigit() else 1
    parts = governing.at(record.seq)
    request = _as_it_left(parts.request(state), turn, number, changes)
    exact = same_inputs(record, request) if record.commitments.get("inputs") in record.salts else None
    put = reply.model == AGAIN
    return Sent(turn, number, request, state, reply, exact, put=put, persona=parts.persona, table=parts.table)


def _as_it_left(request: ModelRequest, turn: int, number: int, changes: _Changes) -> ModelRequest:
    """The request as a person changed it at its gate, and as the verdict on it let it through."""
    passed = changes.edits.get(f"t{turn}/gate:prompt:{number}")
    if passed is not None:
        request = request.model_copy(update={"messages": edited_messages(request.messages, passed.edit)})
    found = changes.verdicts.get(f"t{turn}/verdict:prompt:{number}")
    payload = found.verdict.payload if found is not None else None
    texts = [one.get("text") for one in payload.get("messages", ())] if isinstance(payload, dict) else []
    if len(texts) != len(request.messages):
        return request
    messages = tuple(_with(message, text) for message, text in zip(request.messages, texts, strict=True))
    return request.model_copy(update={"messages": messages})


def _with(message: Message, text: object) -> Message:
    return message.model_copy(update={"text": text}) if isinstance(text, str) else message


def _is_due(records: Sequence[Record]) -> bool:
    """Whether the turn is at a model call that has not been answered."""
    open_calls: set[str] = set()
    chosen = answered = False
    for record in records:
        match record.event:
            case TurnFinished() | TurnAbandoned():
                return False
            case ContextSelected():
                chosen = True
            case ReplyGenerated(calls=calls):
                open_calls, answered = {call.id for call in calls}, not calls
            case ToolReturned(call=call):
                open_calls.discard(call)
            case _:
                pass
    return chosen and not answered and not open_calls


def all_sent(records: Sequence[Record]) -> Iterator[tuple[Sent, ...]]:
    """The calls of each turn, of a whole log. Raises as `sent`."""
    governing = recorded_parts(records)
    state = transcript.EMPTY
    for turn, own in enumerate(_turns(records), 1):
        yield sent(turn, state.all(), own, governing)
        for record in own:
            state = transcript.fold(state, record)


def _turns(records: Sequence[Record]) -> list[list[Record]]:
    found: list[list[Record]] = []
    for record in records:
        if record.event.kind == "turn_started":
            found.append([])
        if found:
            found[-1].append(record)
    return found
