"""Under what each side ran: persona, version, model, autonomy, and the texts that govern, by component.

Invariant: two sides differ in a component exactly where its digest differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from greenroom.core.events import AutonomyChanged, ContractLoaded, Record


@dataclass(frozen=True, slots=True)
class Governed:
    """What held. `texts` has those texts the log still holds, by component."""

    seq: int = -1
    persona: str = ""
    version: str = ""
    model: str = ""
    autonomy: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`aria@1.3.0 on scripted/helpdesk`."""
        who = f"{self.persona}@{self.version}" if self.version else self.persona or "nobody"
        return f"{who} on {self.model}" if self.model else who


@dataclass(frozen=True, slots=True)
class Part:
    """A component that is not the same on all sides; a text is None where the log does not hold it."""

    name: str
    digests: tuple[str, ...]
    texts: tuple[str | None, ...]


def governing(records: Iterable[Record]) -> dict[int, Governed]:
    """What held from each record on that changed it, by its number, in order."""
    texts: dict[str, str] = {}
    found: dict[int, Governed] = {}
    now = Governed()
    for record in records:
        match record.event:
            case ContractLoaded() as event:
                texts |= event.texts
                known = {part: texts[digest] for part, digest in event.digests.items() if digest in texts}
                now = Governed(
                    record.seq, event.persona, event.version, event.model, event.autonomy, dict(event.digests), known
                )
            case AutonomyChanged(level=level):
                now = replace(now, seq=record.seq, autonomy=level)
            case _:
                continue
        found[record.seq] = now
    return found


def different(sides: Sequence[Governed]) -> tuple[Part, ...]:
    """The components that are not the same on all sides, in the order of the first side's contract."""
    names = dict.fromkeys(name for side in sides for name in side.digests)
    return tuple(
        Part(name, tuple(side.digests.get(name, "") for side in sides), tuple(side.texts.get(name) for side in sides))
        for name in names
        if len({side.digests.get(name, "") for side in sides}) > 1
    )
