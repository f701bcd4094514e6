"""What policy may know of a session: where its text came from, what was called, what the calls add up to.

Invariant: a fold of the log plus what the open turn has reserved, so that parallel calls cannot slip under a sum or
a count, and nothing depends on which of them runs first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from greenroom.core.events import (
    AutonomyChanged,
    ContextSelected,
    ContractLoaded,
    DaySumsRead,
    PassagesRetrieved,
    Record,
    ReplyGenerated,
    SessionForked,
    ToolReturned,
    ToolStarted,
    TurnStarted,
)
from greenroom.core.values import Json, Origin, trusted
from greenroom.policy.port import SessionFacts

Reserves = Callable[[str, Mapping[str, Json]], Mapping[str, float]]
"""From a tool and its arguments to what the call adds to each sum the envelope limits."""


_COUNTED = frozenset(
    {
        TurnStarted,
        ContextSelected,
        PassagesRetrieved,
        ToolStarted,
        ToolReturned,
        ReplyGenerated,
        DaySumsRead,
        SessionForked,
        AutonomyChanged,
        ContractLoaded,
    }
)
"""What says something about a session that policy may know; most records do not."""


@dataclass(slots=True)
class _Reserved:
    """A permitted call and what it adds to each sum; `today` is whether that still counts towards the day, `started`
    whether a tool may have done it.
    """

    tool: str
    arguments: Mapping[str, Json]
    added: Mapping[str, float]
    today: bool = True
    started: bool = False


class Facts:
    """Counts of a session. A permitted call is reserved before the next one is decided, and counted once.

    `autonomy` is the contract's own level, `untrusted` the tools whose results may hold text of strangers.
    """

    def __init__(self, autonomy: int, reserves: Reserves, untrusted: frozenset[str] = frozenset()) -> None:
        self._contract = autonomy
        self._reserves = reserves
        self._untrusted = untrusted
        self._now: SessionFacts | None = None
        self._contracts: dict[int, int] = {}
        self.clear()

    def govern(self, autonomy: int, reserves: Reserves, untrusted: frozenset[str]) -> None:
        """Count by another contract from here on, earlier calls too; what a person set the autonomy to stays."""
        self._contract, self._reserves, self._untrusted = autonomy, reserves, untrusted
        for one in self._reserved.values():
            one.added = reserves(one.tool, one.arguments)
        self._now = None

    @property
    def autonomy(self) -> int:
        """The level that counts, before taint lowers it. What has no end is no raise, so the contract stays its ceiling."""
        if self._set is None:
            return self._contract
        return self._set.level if self._set.expires is not None else min(self._set.level, self._contract)

    @property
    def raised_until(self) -> str | None:
        """When the level a person set falls back to the contract's own (a stamp); None if it does not."""
        return self._set.expires if self._set is not None else None

    def clear(self) -> None:
        """Know nothing but which contracts there were."""
        self._turn = 0
        self._unread: dict[Origin, None] = {}
        self._set: AutonomyChanged | None = None
        self._set_at = -1
        self.day: tuple[str, dict[str, str]] = ("", {})
        self._day: dict[str, float] = {}
        self._taint: dict[Origin, None] = {}
        self._reserved: dict[str, _Reserved] = {}
        self._now = None

    def see(self, record: Record) -> None:
        """Take a record into account."""
        if type(record.event) not in _COUNTED:
            return
        self._now = None
        match record.event:
            case TurnStarted(turn=turn):
                self._turn = turn
                self._taint["user"] = None
            case ContextSelected(memories=memories, passages=passages):
                self._taint.update(dict.fromkeys(_origins(memories, passages)))
            case PassagesRetrieved(candidates=candidates) if any(p.origin == "web" for p in candidates):
                self._taint["web"] = None
            case ToolStarted(tool=tool, step=step, arguments=arguments):
                self.reserve(step, tool, arguments)
                self._reserved[step].started = True
            case ToolReturned(status="done" | "failed" | "timed_out", tool=tool):
                self._unread["web" if tool in self._untrusted else "tool"] = None
            case ReplyGenerated() if self._unread:
                # A result taints once the model has read it; sooner would depend on which sibling returned first.
                self._taint |= {origin: None for origin in ("tool", "web") if origin in self._unread}
                self._unread = {}
            case DaySumsRead(day=day, sums=sums):
                self._begin(day)
                self.day = (day, sums)
                self._day = {key: float(amount) for key, amount in sums.items()}
            case SessionForked():
                self._set, self._set_at = None, record.seq  # who raised it did so for the session this was forked from
            case AutonomyChanged(from_next_call=False) as event if record.seq >= self._set_at:
                # A resumed turn meets the levels of its calls in call order; what was set last counts all the same.
                self._set_at = record.seq
                own = event.level == self._contract_at(record.seq) and event.expires is None
                self._set = None if own else event
            case ContractLoaded(autonomy=autonomy):
                self._contracts[record.seq] = autonomy
            case _:
                pass

    def _contract_at(self, seq: int) -> int:
        """The contract's own level when a record was written, whatever governs by the time it is met again."""
        before = [at for at in self._contracts if at < seq]
        return self._contracts[max(before)] if before else self._contract

    def _begin(self, day: str) -> None:
        """On another day what earlier turns spent no longer counts towards the day."""
        if self.day[0] in ("", day):
            return
        mine = f"t{self._turn}/"
        for step, one in self._reserved.items():
            if not step.startswith(mine):
                one.today = False

    def reserve(self, step: str, tool: str, arguments: Mapping[str, Json]) -> None:
        """Count a permitted call; an edited one replaces what its step had reserved."""
        started = step in self._reserved and self._reserved[step].started
        self._reserved[step] = _Reserved(tool, arguments, self._reserves(tool, arguments), started=started)
        self._now = None

    def release(self, step: str) -> None:
        """A call that was permitted and then not made counts for nothing; one that was started before, for what it was."""
        if step in self._reserved and not self._reserved[step].started:
            del self._reserved[step]
            self._now = None

    def now(self, without: str = "") -> SessionFacts:
        """The facts at this moment, leaving out what the step `without` has itself reserved."""
        if without in self._reserved:
            return self._told(without)
        if self._now is None:
            self._now = self._told("")
        return self._now

    def _told(self, without: str) -> SessionFacts:
        mine = f"t{self._turn}/"
        sums = dict(self._day)
        counts: dict[str, int] = {}
        calls = 0
        for step, one in self._reserved.items():
            if step == without:
                continue
            calls += step.startswith(mine)
            counts[one.tool] = counts.get(one.tool, 0) + 1
            for key, amount in one.added.items():
                over = (key.endswith(":turn") and not step.startswith(mine)) or (key.endswith(":day") and not one.today)
                if not over:
                    sums[key] = sums.get(key, 0.0) + amount
        return trusted(
            SessionFacts,
            turn=self._turn,
            taint=tuple(self._taint),
            calls_this_turn=calls,
            counts=counts,
            sums=sums,
            autonomy=self.autonomy,
        )


def _origins(memories: Sequence[str], passages: Sequence[str]) -> Iterator[Origin]:
    if memories:
        yield "memory"
    if passages:
        yield "passage"
