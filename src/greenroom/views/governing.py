"""What a session's turns ran under, as its log has it: the contract of the last turn, and the one that counts next.

Invariant: a turn ran under the contract that was loaded last when it began, and where another policy came while it was
open, under that one; what was loaded after its end counts for the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from greenroom.core.canonical import digest
from greenroom.core.events import ContractLoaded, Record, TurnAbandoned, TurnFinished, TurnStarted
from greenroom.views.fold import told_by

_MARK = 4
"""Characters of a mark: enough to see that two contracts are two."""


@dataclass(frozen=True, slots=True)
class Governing:
    """`now` is what was loaded last, `ran` what the last turn ran under (None before the first), `texts` every text the
    log holds, by digest. `turns` has what each turn ran under, from the first.
    """

    now: ContractLoaded | None = None
    turns: tuple[ContractLoaded | None, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    open: bool = False

    @property
    def ran(self) -> ContractLoaded | None:
        return self.turns[-1] if self.turns else None

    def component(self, loaded: ContractLoaded, part: str) -> str:
        """The text of a component, '' where the log does not hold it."""
        return self.texts.get(loaded.digests.get(part, ""), "")


EMPTY = Governing()


@told_by(ContractLoaded, TurnAbandoned, TurnFinished, TurnStarted)
def fold(state: Governing, record: Record) -> Governing:
    """One record on."""
    match record.event:
        case ContractLoaded() as event:
            turns = (*state.turns[:-1], event) if state.open else state.turns
            return replace(state, now=event, turns=turns, texts={**state.texts, **event.texts})
        case TurnStarted():
            return replace(state, turns=(*state.turns, state.now), open=True)
        case TurnFinished() | TurnAbandoned():
            return replace(state, open=False)
        case _:
            return state


def mark(digests: Mapping[str, str], model: str) -> str:
    """`a1b2`: the whole of a contract in four characters."""
    return digest([sorted([part, one] for part, one in digests.items()), model])[:_MARK]
