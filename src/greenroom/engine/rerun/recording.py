"""What a rerun takes from the session it varies: the parent's records, matched by key and content, never by position.

Invariant: a step is kept only where all that went into it is the same: a reply for the whole request, passages and
memories for query, filters and configuration, a tool's result for name, canonical arguments and schema, a person's
answer for the very question. Verdicts are never kept. What is kept passes through the ports, so it is masked anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from greenroom.approval.automatic import RERUN
from greenroom.core.errors import UsageError
from greenroom.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    GatePassed,
    GatePaused,
    MemoriesRecalled,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    ToolReturned,
    ToolStarted,
)
from greenroom.core.signals import Signal
from greenroom.core.values import Card, GateReply, ToolCall, ToolResult
from greenroom.engine.gates.stepping import EDITED_AT_GATE
from greenroom.engine.gates.stepping import RERUN as STOPPED_AGAIN
from greenroom.engine.kept import NOT_KEPT
from greenroom.engine.rerun.answers import Answers, as_kept
from greenroom.engine.rerun.calls import Calls, Made, whole
from greenroom.engine.rerun.left_out import LeftOut, found_for
from greenroom.engine.rerun.matching import call_of, changed_already, marks, number_there, same_call, used_already
from greenroom.engine.rerun.memories import same_memories
from greenroom.engine.rerun.unrepeated import unrepeated
from greenroom.engine.steps import NothingRecorded, same_inputs

if TYPE_CHECKING:
    from greenroom.engine.session import Session

E = TypeVar("E", bound=Event)

_LOOKED_UP: tuple[type[Event], ...] = (MemoriesRecalled, PassagesRetrieved, ReplyGenerated)
_HELD_BACK = "‹held back:"
_OF_CALL = re.compile(r"(ask:|gate:\w+:)(c\d+)(.*)", re.DOTALL)
_STEPPED_IN = ("edit", "simulate", "skip")
_STEP = re.compile(r"t(\d+)/(.*)", re.DOTALL)


class RerunRecording(NothingRecorded):
    """An `engine.steps.Recording` for a live session. `attach` it to its session before a turn is said.

    Args:
        parent: all records of the session that is varied.
        turns: from a turn's number here to its number there; other turns are answered nothing.
        replies: the steps here at which a person's words stand in the place of a model's.
        documents_changed: when a document last changed, as a stamp.
        model_changed: when what a scripted model says last changed, as a stamp.
        left_out: by turn here, the ids of passages and memories that do not go into its prompts.
        anew: whether the model is asked again even where the whole request is the same.
    """

    def __init__(
        self,
        parent: Sequence[Record],
        turns: Mapping[int, int],
        replies: Collection[str] = (),
        documents_changed: str = "",
        model_changed: str = "",
        *,
        left_out: Mapping[int, Collection[str]] | None = None,
        anew: bool = False,
    ) -> None:
        self.parent = parent
        self.turns = dict(turns)
        self._replies = frozenset(replies)
        self._anew = anew
        there = {turn: found_for(parent, self.turns[turn]) for turn in left_out or () if turn in self.turns}
        self._left_out = LeftOut(left_out or {}, there)
        self._same: set[str] = set()
        self._documents_changed = documents_changed
        self._model_changed = model_changed
        self._by_step: dict[tuple[type[Event], str], Record] = {
            (type(r.event), r.event.step): r for r in parent if r.event.step
        }
        self._answers = Answers(parent, self._by_step)
        self._marks: dict[tuple[type[Event], str], dict[str, Any]] = {}
        self._pending: dict[type[Event], Record | None] = {}
        self._session: Session | None = None

    def attach(self, session: Session) -> None:
        """Answer for this session."""
        self._session = session
        session.bus.subscribe(self.see)
        self._calls = Calls(self.parent, lambda: session.contract)
        self._calls.world_changed = changed_already(session.records, self.repeats)
        self._calls.use(used_already(session.records, self.repeats))

    def repeats(self, turn: int) -> bool:
        """Whether this turn is one that is said again."""
        return turn in self.turns

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """A person's answer that may be kept. What is looked up comes through the ports instead: see `taken`."""
        if kind in _LOOKED_UP:
            self._look_up(kind, step, inputs)
        elif kind is ToolStarted:
            self._mark_start(step, ToolCall(id="", tool=inputs[0], arguments=inputs[1]))
        elif kind is ApprovalGiven and (asked := self._asked(step)) is not None:
            given = self._given(step, asked.card)
            return None if given is None else as_kept(given, step, asked.call)
        return None

    def told(self) -> tuple[str, ...]:
        """A line for each thing that was to be left out and was not found, or that a person had done and is not repeated."""
        here = self._session.records if self._session is not None else ()
        again = [record.seq for step in self._same if (record := self._stepped_in(step)) is not None]
        return (*self._left_out.told, *unrepeated(self.parent, self.turns.values(), here, again))

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether a person who stepped through calls answered about this very call, other than with a yes."""
        if kind is not ApprovalGiven or self._session is None or "." in step.partition(":")[2]:
            return False
        recorded = self._recorded_step(step)
        given, asked = self._event(ApprovalGiven, recorded), self._event(ApprovalRequested, recorded)
        if given is None or asked is None or given.decision == "allow":
            return False
        call = call_of(self._session.records, step.partition("/ask:")[2])
        return call is not None and same_call(call, asked.card.call) and self._same_policy(asked.card)

    def stops_again(self, step: str, value: Callable[[], Any]) -> bool:
        """Whether somebody stepped in at this gate and the very same waits there now, or something is left out at it."""
        record = self._stepped_in(step)
        if record is not None and whole(record) and same_inputs(record, value()):
            self._same.add(step)
        return step in self._same or self._without(step) is not None

    def see(self, item: Record | Signal) -> None:
        """Watch the session: at a gate where somebody stepped in, do as they did."""
        if not isinstance(item, Record) or not isinstance(item.event, GatePaused) or item.event.cause != STOPPED_AGAIN:
            return
        step, session = item.event.step, self._session
        without, record = self._without(step), self._stepped_in(step)
        event = without or (record.event if record is not None else None)
        if session is None or not isinstance(event, GatePassed):
            return
        try:
            if record is not None and without is None:
                self._marks[GatePassed, step] = {"kept_from": record.seq}
            session.pass_gate(
                step, GateReply(action=event.action, edit=event.edit, by=event.by, established=event.established)
            )
        except UsageError:  # it does not fit what governs the session now
            self._marks.pop((GatePassed, step), None)
            self._same.discard(step)
            session.pass_gate(step, GateReply(action="continue"))

    def _stepped_in(self, step: str) -> Record | None:
        """The record of what somebody did at this gate, if it was more than to go on."""
        record = self._by_step.get((GatePassed, self._recorded_step(step)))
        acted = record is not None and isinstance(record.event, GatePassed) and record.event.action in _STEPPED_IN
        return record if acted else None

    def _without(self, step: str) -> GatePassed | None:
        """How this gate is passed without what is left out of the turn; None where nothing of it is."""
        if self._session is None:
            return None
        edited = self._event(GatePassed, self._recorded_step(step)) if step in self._same else None
        return self._left_out.passed(step, self._session, edited)

    def marked(self, event: E) -> E:
        """The event with what it was kept from, if it was."""
        found = self._marks.pop((type(event), event.step), None)
        return event if found is None else event.model_copy(update=found)

    def must_ask(self, step: str, call: ToolCall) -> bool:
        """Whether a call has effects and no recorded result: a rerun does not make it unasked."""
        turn = self._parent_turn(step)
        return turn is not None and self._calls.has_effects(call.tool) and self.made(step, call) is None

    def as_asked(self, step: str, card: Card) -> Card:
        """The card, saying that this is a rerun where yes would make a call that has no recorded result."""
        about = step.replace("/ask:", "/tool:").partition(".")[0]
        suffix = step.partition(":")[2].partition(".")[2]
        special = suffix != "" and not suffix.isdigit() and f".{suffix}" != EDITED_AT_GATE
        if card.hook != "tool.call" or special or not self.must_ask(about, card.call):
            return card
        return card if self._given(step, card) is not None else card.model_copy(update={"reason": RERUN})

    def made(self, step: str, call: ToolCall) -> Made | None:
        """The recorded call that this one is, if its result may be kept."""
        turn = self._parent_turn(step)
        return None if turn is None else self._calls.counterpart(step, turn, call)

    def taken(self, kind: type[Event]) -> Record | None:
        """The record that the step which is now being done is kept from; None to do it for real."""
        return self._pending.pop(kind, None)

    def result(self, step: str, call: ToolCall) -> ToolResult | None:
        """The kept result of a call; None where it is to be run, which a person allowed if it has effects."""
        made = self.made(step, call)
        if made is not None:
            event = made.result
            self._marks[ToolReturned, step] = {"kept_from": made.returned.seq, "milliseconds": event.milliseconds}
            return ToolResult(status=event.status, output=event.output, error=event.error)
        if self._parent_turn(step) is None or not self._calls.has_effects(call.tool):
            return None
        if not self._allowed_here(step):
            return ToolResult(status="denied", error="A rerun makes no call with effects unless a person allows it.")
        self._calls.world_changed = True
        return None

    def _look_up(self, kind: type[Event], step: str, inputs: Any) -> None:
        """Remember the record whose content stands for this step, if nothing that went into it changed."""
        self._pending.pop(kind, None)
        self._marks.pop((kind, step), None)
        if step in self._replies or (self._anew and kind is ReplyGenerated):
            return
        record = self._by_step.get((kind, self._recorded_step(step)))
        if record is None or not whole(record) or not same_inputs(record, inputs) or not self._still_so(record):
            return
        self._pending[kind] = record
        self._marks[kind, step] = marks(record)

    def _still_so(self, record: Record) -> bool:
        """Whether what is not among a step's inputs, and would change what comes of it, is as it was."""
        event = record.event
        match event:
            case ReplyGenerated(text=text):
                whole_words = not text.startswith(_HELD_BACK) and NOT_KEPT not in (text, event.reasoning)
                return whole_words and record.at > self._model_changed
            case PassagesRetrieved(candidates=candidates):
                return not candidates or record.at > self._documents_changed
            case MemoriesRecalled(memories=memories, turn=turn):
                here = self._session.records if self._session else ()
                return same_memories(self.parent, here, turn, self.turns, memories)
            case _:
                return False

    def _mark_start(self, step: str, call: ToolCall) -> None:
        made = self.made(step, call)
        if made is not None and isinstance(made.started.event, ToolStarted):
            # Its own key, so that a day's sums count a call once however often it is kept.
            key = made.started.event.idempotency_key
            self._marks[ToolStarted, step] = {"kept_from": made.started.seq, "idempotency_key": key}

    def _given(self, step: str, card: Card) -> Record | None:
        """The recorded answer to this very question, unless it would let a call be made once more."""
        recorded = self._recorded_step(step)
        if not recorded or self._session is None:
            return None
        found = self._answers.to(recorded, card, self._session.contract)
        if found is None or not isinstance(found.event, ApprovalGiven) or card.hook != "tool.call":
            return found
        about = step.replace("/ask:", "/tool:").partition(".")[0]
        again = found.event.decision == "allow" and self.must_ask(about, card.call)
        return None if again else found

    def _asked(self, step: str) -> ApprovalRequested | None:
        records = self._session.records if self._session else ()
        events = (r.event for r in reversed(records) if r.event.step == step)
        return next((one for one in events if isinstance(one, ApprovalRequested)), None)

    def _event(self, kind: type[E], recorded: str) -> E | None:
        record = self._by_step.get((kind, recorded))
        return record.event if record is not None and isinstance(record.event, kind) else None

    def _same_policy(self, card: Card) -> bool:
        return self._session is not None and card.verdict.policy_digest == self._session.contract.policy.digest

    def _allowed_here(self, step: str) -> bool:
        """Whether a person said yes to this call in this very session."""
        records = self._session.records if self._session else ()
        asked = step.replace("/tool:", "/ask:")
        given = (r.event for r in reversed(records) if isinstance(r.event, ApprovalGiven))
        mine = next((one for one in given if f"{one.step}.".startswith(f"{asked}.")), None)
        return mine is not None and mine.decision == "allow" and mine.kept_from is None

    def _parent_turn(self, step: str) -> int | None:
        found = _STEP.fullmatch(step)
        return self.turns.get(int(found[1])) if found else None

    def _recorded_step(self, step: str) -> str:
        """The parent's key of a step of the rerun; '' where it has none. Calls are told by what they are."""
        turn, found = self._parent_turn(step), _STEP.fullmatch(step)
        if turn is None or found is None:
            return ""
        return f"t{turn}/{self._recorded_call(turn, found[2])}"

    def _recorded_call(self, turn: int, rest: str) -> str:
        """`ask:c7` or `gate:tool:c7` as the parent has it, where a call has another number there."""
        found = _OF_CALL.fullmatch(rest)
        if found is None or self._session is None:
            return rest
        call = call_of(self._session.records, found[2])
        number = number_there(self.parent, turn, call) if call is not None else ""
        return f"{found[1]}{number or found[2]}{found[3]}"
