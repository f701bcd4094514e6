"""The one door between a turn and the world: a step is answered from the log, or done and logged.

Invariant: same key and same inputs in the log: answered from the log. Same key, other inputs: a divergence, or
done anew where the step is a pure decision. Not in the log: done, and logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, TypeVar, cast

from greenroom.core.canonical import clean_json
from greenroom.core.chain import commit
from greenroom.core.errors import Divergence
from greenroom.core.events import Event, Record
from greenroom.engine.bus import Bus
from greenroom.log.port import Log

E = TypeVar("E", bound=Event)
OnChange = Literal["diverge", "redo"]


class Recording(Protocol):
    """Answers of an earlier run, for replays and forks."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        """The recorded event, or None if this step is to be done for real.

        Raises:
            Divergence: it was recorded with other inputs, or must not be done here.
        """
        ...

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether a person's intervention was recorded at this step, so that it happens again."""
        ...


class NothingRecorded:
    """The recording of a live session."""

    def answer(self, kind: type[Event], step: str, inputs: Any) -> Event | None:
        return None

    def holds(self, kind: type[Event], step: str) -> bool:
        return False


class Steps:
    """Reads and writes a session's log on behalf of its turns."""

    def __init__(self, log: Log, bus: Bus, recording: Recording | None = None) -> None:
        self.log = log
        self.bus = bus
        self._recording = recording or NothingRecorded()
        self._latest: dict[tuple[type[Event], str], Record] = {}
        self._readers: list[Callable[[Record], None]] = []
        self._met = -1
        self._met_again: set[int] = set()
        for record in log.records:
            self._index(record)

    def read_by(self, reader: Callable[[Record], None]) -> Callable[[], None]:
        """Show `reader` every record once, when its step is met: at once if new, else when answered from the log.

        The returned callable ends it.
        """
        self._readers.append(reader)
        return lambda: self._readers.remove(reader)

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
        inputs = clean_json(inputs)
        if (found := self.find(kind, step, inputs, on_change)) is not None:
            return found
        recorded = self._recording.answer(kind, step, inputs)
        event = cast(E, recorded) if recorded is not None else await act()
        return self.note(event, inputs=inputs, sync=sync)

    def decide(self, kind: type[E], step: str, inputs: Any, act: Callable[[], E], *, sync: bool = False) -> E:
        """Like `once` for a pure decision: never taken from a recording, done anew when its inputs changed."""
        inputs = clean_json(inputs)
        if (found := self.find(kind, step, inputs, "redo")) is not None:
            return found
        return self.note(act(), inputs=inputs, sync=sync)

    def find(self, kind: type[E], step: str, inputs: Any = None, on_change: OnChange = "diverge") -> E | None:
        """The log's own answer to a step, if its inputs are the same (`inputs=None` asks for any)."""
        record = self._latest.get((kind, step))
        if record is None:
            return None
        if inputs is None or _same_inputs(record, inputs):
            self._meet(record)
            return cast(E, record.event)
        if on_change == "redo":
            return None
        raise Divergence(
            f"step {step} is in the log with other inputs",
            step=step,
            hint="the persona, its prompt, tools or model changed since; abandon the turn or restore them",
        )

    def recorded(self, kind: type[E], step: str, changes: dict[str, Any] | None = None) -> E | None:
        """The recording's answer to a step without inputs, logged with `changes`; None if there is none."""
        event = self._recording.answer(kind, step, None)
        return None if event is None else cast(E, self.note(event.model_copy(update=changes or {})))

    def holds(self, kind: type[Event], step: str) -> bool:
        """Whether the recording has something to say at a step that otherwise need not happen."""
        return self._recording.holds(kind, step)

    def record_of(self, kind: type[Event], step: str) -> Record | None:
        """The latest record of a step, with its commitments."""
        return self._latest.get((kind, step))

    def note(self, event: E, *, inputs: Any = None, sync: bool = False) -> E:
        """Append a fact and tell the watchers. Returns the event as logged."""
        derived = {"inputs": inputs} if inputs is not None else None
        record = self.log.append(event, derived=derived, sync=sync)
        self._index(record)
        self._meet(record)
        self.bus.tell(record)
        return cast(E, record.event)

    def _meet(self, record: Record) -> None:
        if record.seq <= self._met or record.seq in self._met_again:
            return
        self._met_again.add(record.seq)
        for reader in tuple(self._readers):
            reader(record)

    def _index(self, record: Record) -> None:
        if record.event.step:
            self._latest[(type(record.event), record.event.step)] = record


def _same_inputs(record: Record, inputs: Any) -> bool:
    commitment = record.commitments.get("inputs", "")
    salt = record.salts.get(commitment)
    return salt is not None and commit(salt, inputs) == commitment
