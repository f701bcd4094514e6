"""The one door between a turn and the world: a step is answered from the log, or done and logged.

Invariant: same key and same inputs in the log: answered from the log. Same key, other inputs: a divergence, or
done anew where the step is a pure decision. Not in the log: done, and logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar, cast

from pydantic import BaseModel

from greenroom.approval.automatic import RERUN
from greenroom.core.canonical import clean_json
from greenroom.core.chain import committed
from greenroom.core.errors import Divergence
from greenroom.core.events import ApprovalGiven, ApprovalRequested, AutonomyChanged, Event, Record, VerdictReached
from greenroom.core.messages import Message
from greenroom.core.values import Card, Memory, ToolCall, Verdict
from greenroom.detectors.masks import same_but_numbers
from greenroom.engine.bus import Bus
from greenroom.engine.replay.governed import Governed
from greenroom.engine.replay.last_of_all import GIVEN_UP, GIVING_UP, quiet
from greenroom.engine.replay.lives import ByLife, judging, words_judged
from greenroom.log.port import Log

E = TypeVar("E", bound=Event)
OnChange = Literal["diverge", "redo", "again"]
"""What a step in the log with other inputs means; "again" does it once more even if they are the same."""


class Recording(Protocol):
    """Answers of an earlier run, for replays and forks."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """The recorded event, or None if this step is to be done for real.

        `inputs` are what the step was given, as it is (see `as_json`), or None for an event without any.

        Raises:
            Divergence: it was recorded with other inputs, or must not be done here.
        """
        ...

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether something that need not happen at this step was recorded there, so that it happens again: a person
        stepped in, a level changed, others had spent.

        Of `ToolReturned`: whether the call waited for a person, and came to its end without having run because they
        ended the turn (see `STOPPED`). Of `ToolStarted`: whether it came to its end without having run at all. Of
        `ApprovalRequested`: whether the question said that it was a rerun's.
        """
        ...


class NothingRecorded:
    """The recording of a live session: it answers nothing, and the world is there."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        return None

    def holds(self, kind: type[Event], step: str) -> bool:
        return False

    def stops_again(self, step: str, value: Callable[[], Any]) -> bool:
        """Whether somebody stepped in at this gate when the same stood there, so that a rerun does it again."""
        return False

    def repeats(self, turn: int) -> bool:
        """Whether a turn is one of another session that is said again."""
        return False

    def marked(self, event: E) -> E:
        """An event as it is logged: a rerun says in it what it was kept from."""
        return event

    def must_ask(self, step: str, call: ToolCall) -> bool:
        """Whether a call that policy lets through goes to a person first, because a rerun would make it once more."""
        return False

    def as_asked(self, step: str, card: Card) -> Card:
        """A card as a person gets to see it."""
        return card


class Steps:
    """Reads and writes a session's log on behalf of its turns."""

    def __init__(self, log: Log, bus: Bus, recording: Recording | None = None) -> None:
        self.log = log
        self.bus = bus
        self._recording = recording or NothingRecorded()
        self._live = self._recording if isinstance(self._recording, NothingRecorded) else NothingRecorded()
        self._latest: dict[tuple[type[Event], str], Record] = {}
        self._readers: tuple[Callable[[Record], None], ...] = ()
        self._met = -1
        self._met_again: set[int] = set()
        self.governed: Governed | None = None
        for record in log.records:
            self._index(record)

    def read_by(self, reader: Callable[[Record], None]) -> Callable[[], None]:
        """Show `reader` every record once, when its step is met: at once if new, else when answered from the log.

        The returned callable ends it.
        """
        self._readers = (*self._readers, reader)
        return lambda: self._unread(reader)

    def _unread(self, reader: Callable[[Record], None]) -> None:
        self._readers = tuple(one for one in self._readers if one != reader)

    def let_go(self) -> None:
        """Show records to nobody any more, so that a session that is over is freed at once: its readers hold it too."""
        self._readers = ()

    def rewind(self, seq: int) -> None:
        """Take records after `seq` as not yet met: a resumed turn meets them again, step by step."""
        self._met = seq
        self._met_again = set()

    async def once(
        self,
        kind: type[E],
        step: str,
        inputs: Any,
        act: Callable[[], Awaitable[E]],
        *,
        on_change: OnChange = "diverge",
        sync: bool = False,
    ) -> E:
        """The event of a step: from the log if it is there, else from the recording, else by doing it.

        Raises:
            Divergence: the log or recording has this step with other inputs and `on_change` is "diverge".
            DiskFailed: it could not be logged.
        """
        kept = self._kept(inputs)
        if (found := self._found(kind, step, kept, on_change)) is not None:
            return found
        await self.moment(kind, step)
        recorded = self._recording.answer(kind, step, inputs)
        event = cast(E, recorded) if recorded is not None else await act()
        return self._note(event, kept, sync=sync)

    def decide(
        self, kind: type[E], step: str, inputs: Any, act: Callable[[], E], *, sync: bool = False, again: bool = False
    ) -> E:
        """Like `once` for a pure decision: never taken from a recording, done anew when its inputs changed, or `again`."""
        kept = self._kept(inputs)
        if (found := self._found(kind, step, kept, "again" if again else "redo")) is not None:
            return found
        return self._note(act(), kept, sync=sync)

    def find(self, kind: type[E], step: str) -> E | None:
        """The log's own answer to a step, whatever its inputs were."""
        record = self._latest.get((kind, step))
        if record is None:
            return None
        self._meet(record)
        return cast(E, record.event)

    def judged_before(self, turn: int, memory: Memory) -> Iterator[str]:
        """The words of a memory as a recording has them judged, and as an earlier life of the turn has."""
        if isinstance(self._recording, ByLife) and (text := self._recording.judged(turn, memory)) is not None:
            yield text
        if (record := self._latest.get((VerdictReached, judging(turn, memory)))) is not None:
            yield from words_judged(record)

    def as_masked(self, step: str, verdict: Verdict) -> Verdict:
        """In a replay of a log: a verdict with the masks it had, if it differs in nothing but their numbers. Only the process
        that gave out a number knows its value.
        """
        known = self._recording.masked(step) if isinstance(self._recording, ByLife) else ()
        before = next((one for one in known if same_but_numbers(one.payload, verdict.payload)), None)
        if before is None or (before.payload, before.findings) == (verdict.payload, verdict.findings):
            return verdict
        found = [[one.model_dump(mode="json") for one in each.findings] for each in (before, verdict)]
        findings = before.findings if same_but_numbers(*found) else verdict.findings
        return verdict.model_copy(update={"payload": before.payload, "findings": findings})

    def composed(self, step: str, messages: Sequence[Message]) -> None:
        """In a replay: say what the prompt of a model call is made of, before a rule masks any of it."""
        if isinstance(self._recording, ByLife):
            self._recording.composed(step, messages)

    def recorded(self, kind: type[E], step: str, changes: dict[str, Any] | None = None) -> E | None:
        """The recording's answer to a step without inputs, logged with `changes`; None if there is none."""
        event = self._recording.answer(kind, step, None)
        return None if event is None else cast(E, self.note(event.model_copy(update=changes or {})))

    def levels(self, step: str, look: str) -> None:
        """The same for a level that changed at a look at a call: one that a person set, and its end if it was over by then."""
        if self.governed is None:
            self.recorded(AutonomyChanged, step)
            return
        self._recording.answer(AutonomyChanged, step, None)  # from now on it is known to have been asked for
        for event in self.governed.levels(step, look):
            self.note(event)

    def peek(self, kind: type[E], step: str) -> E | None:
        """The recording's answer to a step without inputs, not logged."""
        return cast("E | None", self._recording.answer(kind, step, None))

    @property
    def replaying(self) -> bool:
        """Whether a recording stands for the world, so that nothing is read from it."""
        return not isinstance(self._recording, NothingRecorded)

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether the recording has something to say at a step that otherwise need not happen."""
        if kind is ApprovalGiven and self.governed is not None and not self.governed.awaits(step):
            return False
        return self._recording.holds(kind, step)

    def stops_again(self, step: str, value: Callable[[], Any]) -> bool:
        """See `NothingRecorded.stops_again`."""
        return self._live.stops_again(step, value)

    def repeats(self, turn: int) -> bool:
        """See `NothingRecorded.repeats`."""
        return self._live.repeats(turn)

    def must_ask(self, step: str, call: ToolCall) -> bool:
        """See `NothingRecorded.must_ask`."""
        return self._live.must_ask(step, call)

    def as_asked(self, step: str, card: Card) -> Card:
        """See `NothingRecorded.as_asked`; in a replay, as it was shown when it was recorded."""
        if self._recording.holds(ApprovalRequested, step):
            return card.model_copy(update={"reason": RERUN})
        return self._live.as_asked(step, card)

    def anew(self, kind: type[Event], step: str) -> bool:
        """In a replay: whether what the log has at a step is an earlier life's, and this one is to have its own."""
        return isinstance(self._recording, ByLife) and self._recording.anew(kind, step)

    def comes_to(self, step: str) -> bool:
        """In a replay: whether this life comes to a call behind a question at which it was cut off (see `ByLife.comes_to`)."""
        return not isinstance(self._recording, ByLife) or self._recording.comes_to(step)

    async def last_of_all(self) -> None:
        """In a replay, for who gives the turn up: wait until all that happened beside that has happened again."""
        await quiet(lambda: len(self.log.records), GIVING_UP)

    async def over(self, step: str, asked: str, over: Callable[[], bool]) -> None:
        """In a replay: wait until the turn is over for a call that came to its result because of that (see `ByLife.unasked`)."""
        voided = self.governed is not None and self.governed.voided(asked)
        if not voided and isinstance(self._recording, ByLife) and self._recording.unasked(step, asked):
            await quiet(lambda: len(self.log.records), GIVEN_UP, over)

    def must_come(self, kind: type[Event], step: str) -> None:
        """Nothing, unless in a replay this life of the turn was cut off before it came to this.

        Raises:
            LifeOver: it was.
            Divergence: the turn was given up before it came to its end.
        """
        if isinstance(self._recording, ByLife):
            decided = kind is VerdictReached or kind is ApprovalRequested
            after = self.governed.since if decided and self.governed is not None else -1
            self._recording.must_come(kind, step, after)

    def answered_at_once(self, step: str) -> bool:
        """In a replay: whether a question was answered before anything else happened: by leave, a stop or a deadline. One
        that is put because of a stop is so always.
        """
        if step.endswith(".stop") or (self.governed is not None and self.governed.answered_at_once(step)):
            return True
        return isinstance(self._recording, ByLife) and self._recording.at_once(step)

    async def moment(self, kind: type[Event], step: str) -> None:
        """In a replay: wait for what governed when this happened."""
        if self.governed is not None:
            await self.governed.moment(kind, step)

    async def come_to_gate(self, step: str) -> None:
        """In a replay: wait until the calls have come to their gates that were passed before this one was."""
        if self.governed is not None:
            await self.governed.come_to(step)

    async def next_of(self, step: str) -> None:
        """In a replay: wait for what governed when the next thing happened to the call that a step is of."""
        if self.governed is not None:
            await self.governed.next_of(step)

    async def look(self, look: str, *steps: str) -> None:
        """In a replay: wait for what governed when one of these verdicts was reached at this look, if one was."""
        if self.governed is not None:
            await self.governed.look(look, steps)

    def record_of(self, kind: type[Event], step: str) -> Record | None:
        """The latest record of a step, with its commitments."""
        return self._latest.get((kind, step))

    def note(self, event: E, *, sync: bool = False, inputs: Any = None) -> E:
        """Append a fact and tell the watchers; commit to what it was about. Returns the event as logged."""
        return self._note(event, None if inputs is None else self._kept(inputs), sync=sync)

    def _kept(self, inputs: Any) -> Any:
        """What the log commits to, made before anything is done: JSON of a whole prompt is dear, so only if it does."""
        return as_json(inputs) if self.log.commits else None

    def _found(self, kind: type[E], step: str, kept: Any, on_change: OnChange) -> E | None:
        """The log's own answer to a step, if it was given the same."""
        record = self._latest.get((kind, step))
        if record is None or on_change == "again":
            return None
        if _commits_to(record, kept):
            self._meet(record)
            return cast(E, record.event)
        if on_change == "redo":
            return None
        self.must_come(kind, step)  # a life that came to this went no further
        raise Divergence(
            f"step {step} is in the log with other inputs",
            step=step,
            hint="the persona, its prompt, tools or model changed since; abandon the turn or restore them",
        )

    def _note(self, event: E, kept: Any, *, sync: bool) -> E:
        event = self._live.marked(event)
        record = self.log.append(event, derived=None if kept is None else {"inputs": kept}, sync=sync)
        self._index(record)
        self._meet(record)
        self.bus.tell(record)
        return cast(E, record.event)

    def _meet(self, record: Record) -> None:
        if record.seq <= self._met or record.seq in self._met_again:
            return
        self._met_again.add(record.seq)
        for reader in self._readers:
            reader(record)

    def _index(self, record: Record) -> None:
        event = record.event
        if event.step:
            self._latest[type(event), event.step] = record


def as_json(inputs: Any) -> Any:
    """What a step was given, a frozen value or JSON, as the JSON that is committed to.

    Raises:
        ValueError: see `clean_json`.
    """
    return clean_json(inputs.model_dump(mode="json") if isinstance(inputs, BaseModel) else inputs)


def same_inputs(record: Record, inputs: Any) -> bool:
    """Whether a record commits to these inputs."""
    return _commits_to(record, as_json(inputs))


def _commits_to(record: Record, kept: Any) -> bool:
    commitment = record.commitments.get("inputs", "")
    salt = record.salts.get(commitment)
    return salt is not None and committed(commitment, salt, kept)
