"""What passing fixtures touch of a workspace, and what none of them does.

Invariant: only what happened in the replay of a fixture that passes counts; a rule counts where it fired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from greenroom.core.events import (
    ContextSelected,
    MemoriesRecalled,
    MemoryWritten,
    PassagesRetrieved,
    Record,
    ToolReturned,
    VerdictReached,
)
from greenroom.engine.session import Session
from greenroom.policy.checking.coverage import ExceptionUse, RuleUse, cover
from greenroom.policy.load import LoadedPolicy
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Build, Fixture, replay_fixture
from greenroom.regression.tape.tape import SUFFIX

Thing = tuple[str, str]
"""A kind of thing and its name, such as `("rule", "refund.large")`."""

KINDS = (
    "persona",
    "acceptance",
    "rule",
    "exception",
    "hook",
    "tool",
    "segment",
    "collection",
    "document",
    "passage",
)


@dataclass(frozen=True, slots=True)
class Covered:
    """A thing of the workspace with the passing fixtures that touch it. `where` is what people would look at."""

    kind: str
    name: str
    fixtures: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything there is, in the order of `KINDS`."""

    things: tuple[Covered, ...]

    def of(self, kind: str) -> tuple[Covered, ...]:
        """The things of a kind."""
        return tuple(one for one in self.things if one.kind == kind)

    @property
    def percent(self) -> float:
        """The share of things that are touched, by kind and on average: a rule is not one of a hundred passages.

        100 where there is nothing to touch.
        """
        kinds = [things for kind in KINDS if (things := self.of(kind))]
        shares = [sum(bool(one.fixtures) for one in things) / len(things) for things in kinds]
        return 100 * sum(shares) / len(shares) if shares else 100.0


async def traced(fixture: Fixture, build: Build, *, stale: str = "fail") -> tuple[Outcome, Sequence[Record]]:
    """How a fixture goes, and the records of its replay."""
    kept: list[Session] = []

    def building(*parts: Any, **more: Any) -> Session:
        kept.append(build(*parts, **more))
        return kept[-1]

    outcome = await replay_fixture(fixture, building, stale=stale)
    return outcome, kept[-1].records if kept else ()


def measure(
    there: Mapping[Thing, str],
    files: Sequence[LoadedPolicy],
    passing: Iterable[tuple[str, str, Sequence[Record]]],
    today: date,
) -> Coverage:
    """What of `there` (things with where they are) the replays of `passing` fixtures touch.

    `passing` are fixture, persona and records; `files` the policy files whose rules and exceptions are counted.
    """
    known = {**there, **dict(_ruled(files, today))}
    by: dict[Thing, list[str]] = {thing: [] for thing in known}
    for fixture, persona, records in passing:
        named = fixture.removesuffix(SUFFIX)
        seen = {("persona", persona), *_seen(records), *_fired(files, named, records, today)}
        seen |= {thing for thing in known if thing[0] == "acceptance" and known[thing] == named}
        for thing in seen & by.keys():
            by[thing].append(named)
    return Coverage(
        tuple(
            Covered(kind, name, tuple(fixtures), known[kind, name])
            for wanted in KINDS
            for (kind, name), fixtures in by.items()
            if kind == wanted
        )
    )


def _ruled(files: Sequence[LoadedPolicy], today: date) -> Iterator[tuple[Thing, str]]:
    """Rules, exceptions, and the hooks that rules speak at."""
    empty = cover(files, (), today)
    yield from ((_rule(rule), rule.where) for rule in empty.rules)
    yield from ((_exception(one), one.where) for one in empty.exceptions if not one.expired)
    for file in files:
        for said in file.policy.rule:
            yield from ((("hook", hook), file.source.file) for hook in said.hook if hook != "export")


def _fired(files: Sequence[LoadedPolicy], fixture: str, records: Sequence[Record], today: date) -> Iterator[Thing]:
    found = cover(files, [(fixture, records)], today)
    yield from (_rule(rule) for rule in found.rules if rule.fired)
    yield from (_exception(one) for one in found.exceptions if one.used)


def _rule(use: RuleUse) -> Thing:
    return "rule", f"{use.policy.partition('@')[0]}: {use.rule}"


def _exception(use: ExceptionUse) -> Thing:
    return "exception", f"{use.policy.partition('@')[0]}: {use.rule} ({use.owner}, until {use.expires})"


def _seen(records: Sequence[Record]) -> Iterator[Thing]:
    """What a replay came to, but for rules."""
    candidates = {}
    for event in (record.event for record in records):
        match event:
            case VerdictReached(verdict=verdict, hook=hook) if verdict.fired:
                yield "hook", hook
            case ToolReturned(tool=tool):
                yield "tool", tool
            case MemoriesRecalled(memories=memories):
                yield from (("segment", f"{memory.segment} (read)") for memory in memories)
            case MemoryWritten(segment=segment):
                yield "segment", f"{segment} (write)"
            case PassagesRetrieved():
                candidates = {passage.id: passage for passage in event.candidates}
            case ContextSelected(passages=names):
                for passage in (candidates[name] for name in names if name in candidates):
                    yield "collection", passage.collection
                    yield "document", passage.source
                    yield "passage", passage.label
            case _:
                pass
