"""Which call of the session that is varied a call of the rerun is, and whether its result may be kept.

Invariant: a result is kept only for the same tool name, the same canonical arguments and the same schema, once, and
only where the tool ran to an end that is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from greenroom.core.canonical import canonical
from greenroom.core.events import ContractLoaded, Record, ToolReturned, ToolStarted, VerdictReached
from greenroom.core.values import ToolCall, ToolSpec
from greenroom.engine.contract import Contract

_ENDED = frozenset({"done", "failed", "timed_out"})
TOOLS = "tools"
"""The component of a contract that holds the tools the model was shown."""


@dataclass(frozen=True, slots=True)
class Made:
    """A call that ran: its start, how it came back, under which specs, and whether policy withheld what it gave."""

    started: Record
    returned: Record
    tools: Loaded
    withheld: bool

    @property
    def result(self) -> ToolReturned:
        event = self.returned.event
        assert isinstance(event, ToolReturned)
        return event


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a record was written under: the digest of its tools and policy, and the tools' text as far as the log has it."""

    tools: str = ""
    policy: str = ""
    text: str = ""

    def spec(self, name: str) -> ToolSpec | None:
        """The spec of a tool by the log's text; None where it is gone or of another form."""
        try:
            found = [ToolSpec.model_validate(spec) for spec in json.loads(self.text or "[]")]
        except (TypeError, ValueError):  # what pydantic raises is a ValueError
            return None
        return next((spec for spec in found if spec.name == name), None)


class Calls:
    """The calls of a session, each good for one call of its rerun. `contract` is what governs the rerun now."""

    def __init__(self, records: Sequence[Record], contract: Callable[[], Contract]) -> None:
        self._contract = contract
        self._made = _by_turn(records)
        self._found: dict[tuple[str, str, bytes], Made | None] = {}
        self._used: set[int] = set()
        self.world_changed = False
        """Whether this rerun had an effect of its own: what was read before it is not what would be read now."""

    def counterpart(self, step: str, turn: int, call: ToolCall) -> Made | None:
        """The recorded call whose result this one may be given, or None. The same answer each time.

        `step` is this call's, `turn` that of the session that is varied.
        """
        key = (step, call.tool, canonical(call.arguments))
        if key not in self._found:
            found = next((one for one in self._made.get(turn, ()) if self._fits(one, call)), None)
            if found is not None:
                self._used.add(found.started.seq)
            self._found[key] = found
        return self._found[key]

    def use(self, started: Iterable[int]) -> None:
        """Take the calls that began at these records as used up."""
        self._used.update(started)

    def has_effects(self, tool: str) -> bool:
        """Whether a tool does something to the world; one that nobody knows does."""
        spec = self._contract().spec(tool)
        return spec is None or spec.effects != "none"

    def _fits(self, made: Made, call: ToolCall) -> bool:
        started = made.started.event
        assert isinstance(started, ToolStarted)
        return (
            made.started.seq not in self._used
            and started.tool == call.tool
            and canonical(started.arguments) == canonical(call.arguments)
            and made.result.status in (_ENDED | {"denied"} if self._withheld_alike(made) else _ENDED)
            and self._same_schema(made, call.tool)
            and not (self.world_changed and not self.has_effects(call.tool))
        )

    def _withheld_alike(self, made: Made) -> bool:
        """Whether only the reason is left of a result, and the very policy that withheld it is in force."""
        return made.withheld and made.tools.policy == self._contract().policy.digest

    def _same_schema(self, made: Made, tool: str) -> bool:
        contract = self._contract()
        now = contract.spec(tool)
        if now is None:
            return False
        if made.tools.tools and made.tools.tools == contract.digests.get(TOOLS):
            return True
        then = made.tools.spec(tool)
        return then is not None and schema(then) == schema(now)


def schema(spec: ToolSpec) -> bytes:
    """What a result depends on of a tool's declaration; its description is words for the model."""
    return canonical(spec.model_dump(mode="json", exclude={"description"}))


def whole(record: Record) -> bool:
    """Whether all content of a record is still there."""
    return all(commitment in record.salts for commitment in record.commitments.values())


def governed(records: Sequence[Record]) -> Iterator[tuple[Record, Loaded]]:
    """Each record with what it was written under."""
    texts: dict[str, str] = {}
    now = Loaded()
    for record in records:
        if isinstance(record.event, ContractLoaded):
            texts |= record.event.texts
            digests: Mapping[str, str] = record.event.digests
            tools = digests.get(TOOLS, "")
            now = Loaded(tools, digests.get("policy", ""), texts.get(tools, ""))
        yield record, now


def _by_turn(records: Sequence[Record]) -> dict[int, list[Made]]:
    """The calls that ran and came back, by turn, in the order in which they began. A person's simulation is none."""
    started: dict[str, tuple[Record, Loaded]] = {}
    returned: dict[str, Record] = {}
    withheld: set[str] = set()
    for record, loaded in governed(records):
        match record.event:
            case ToolStarted(step=step):
                started[step] = (record, loaded)
                returned.pop(step, None)
            case ToolReturned(step=step, simulated=False) if whole(record):
                returned[step] = record
            case VerdictReached(hook="tool.result", effect=effect, step=step) if effect not in ("allow", "redact"):
                withheld.add(step.replace("/verdict:tool.result:", "/tool:"))
            case _:
                pass
    found: dict[int, list[Made]] = {}
    for step, (record, loaded) in started.items():
        if step in returned and whole(record):
            made = Made(record, returned[step], loaded, step in withheld)
            found.setdefault(record.event.turn, []).append(made)
    return found
