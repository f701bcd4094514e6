"""What went into the prompt beside the conversation, and what was kept of it: passages and memories.

Invariant: pure; a passage's rank is its place in the prompt, which is the number a reply cites it by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from greenroom.core.values import Frozen
from greenroom.regression.expect.said import Lines, bare, each, listed, shown
from greenroom.regression.expect.stated import Stated
from greenroom.regression.expect.written import Count, one_of
from greenroom.regression.tape.facts import MemoryFacts, TurnFacts

_CITED = re.compile(r"\[(\d{1,2})\]")
EVERY_KEY = "*"
_TOLD = 4


class PassagesExpected(Frozen):
    """Passages by `source#heading`, or by `source` alone: those that went into the prompt (`includes`), that a reply
    cites as `[1]` (`cited`), each within the first `at_most_rank`; and those that no turn's prompt has (`excludes`).
    """

    model_config = ConfigDict(
        json_schema_extra=one_of("includes", "cited", "excludes")
        | {"if": {"required": ["at_most_rank"]}, "then": one_of("includes", "cited")}
    )

    includes: Lines = ()
    cited: Lines = ()
    excludes: Lines = ()
    at_most_rank: Count | None = None

    @model_validator(mode="after")
    def _names_one(self) -> PassagesExpected:
        if not (self.includes or self.cited or self.excludes):
            raise ValueError("names no passage: write 'includes', 'cited' or 'excludes'")
        if self.at_most_rank is not None and not (self.includes or self.cited):
            raise ValueError("'at_most_rank' belongs to 'includes' or 'cited': what is excluded has no rank to keep to")
        return self


def _form(value: Any) -> str:
    return "table" if isinstance(value, dict) else "keys"


Texts = Annotated[dict[str, str], Field(min_length=1)]
NotWritten = Annotated[Annotated[Lines, Tag("keys")] | Annotated[Texts, Tag("table")], Discriminator(_form)]


class MemoryExpected(Stated):
    """Memories that were written or recalled: under each key (or segment, where it has no key) a text that is in it;
    the key `*` stands for any. `never_written` are keys nothing was written under in any of the turns, or a table of
    texts that no memory under that key holds.
    """

    write: Texts | None = None
    recall: Texts | None = None
    never_written: NotWritten | None = None


def passages_problems(expected: PassagesExpected, turn: TurnFacts) -> Iterator[str]:
    """What is wrong with a turn's passages."""
    labels = turn.passages
    for wanted in each(expected.includes):
        ranks = _ranks(wanted, labels)
        if not ranks:
            yield f"the passage {bare(wanted)} is not in the prompt; there: {listed(labels)}"
        yield from _too_far(expected, wanted, ranks)
    cited = cited_ranks(turn) if expected.cited else []
    for wanted in each(expected.cited):
        ranks = [rank for rank in _ranks(wanted, labels) if rank in cited]
        if not ranks:
            seen = listed(labels[rank - 1] for rank in cited)
            yield f"the reply does not cite the passage {bare(wanted)}; it cites: {seen}"
        yield from _too_far(expected, wanted, ranks)


def excluded_problems(expected: PassagesExpected, turn: TurnFacts) -> Iterator[str]:
    """Which passages are in a turn's prompt that should not be."""
    for unwanted in each(expected.excludes):
        if ranks := _ranks(unwanted, turn.passages):
            label = turn.passages[ranks[0] - 1]
            yield f"the passage {label} is in the prompt at rank {ranks[0]}, and should not be"


def cited_ranks(turn: TurnFacts) -> list[int]:
    """The ranks of the passages a reply cites, each once, in order."""
    found = {int(number) for text in turn.shown for number in _CITED.findall(text)}
    return sorted(rank for rank in found if 0 < rank <= len(turn.passages))


def memory_problems(expected: MemoryExpected, turn: TurnFacts) -> Iterator[str]:
    """What is wrong with the memories a turn wrote and recalled."""
    yield from _kept(expected.write or {}, turn.memories, "written")
    yield from _kept(expected.recall or {}, turn.recalled, "recalled")


def written_problems(expected: MemoryExpected, turns: Sequence[TurnFacts]) -> Iterator[str]:
    """Memories that must not have been written in any of these turns."""
    wanted = expected.never_written
    if wanted is None:
        return
    forbidden = wanted if isinstance(wanted, Mapping) else dict.fromkeys(each(wanted), "")
    for turn in turns:
        for key, text in forbidden.items():
            for memory in _named(key, turn.memories):
                if text in memory.text:
                    what = f" with {shown(text)}" if text else ""
                    yield f"turn {turn.turn}: the memory {shown(memory.name)} was written{what}, and never should be"


def _kept(expected: Mapping[str, str], memories: Sequence[MemoryFacts], how: str) -> Iterator[str]:
    for key, text in expected.items():
        found = _named(key, memories)
        if not found:
            there = dict.fromkeys(memory.name for memory in memories)
            yield f"no memory {_quoted(key)} was {how}; there: {listed(there)}"
        elif not any(text in memory.text for memory in found):
            said = " and ".join(shown(memory.text) for memory in found[:_TOLD])
            yield f"the memory {_quoted(found[0].name)} is {said}, expected {shown(text)}"


def _named(key: str, memories: Sequence[MemoryFacts]) -> list[MemoryFacts]:
    return [memory for memory in memories if key in (EVERY_KEY, memory.name)]


def _quoted(key: str) -> str:
    return f"'{bare(key)}'"


def _ranks(wanted: str, labels: Sequence[str]) -> list[int]:
    return [rank for rank, label in enumerate(labels, 1) if wanted in (label, label.partition("#")[0])]


def _too_far(expected: PassagesExpected, wanted: str, ranks: Sequence[int]) -> Iterator[str]:
    if ranks and expected.at_most_rank is not None and ranks[0] > expected.at_most_rank:
        yield f"the passage {bare(wanted)} has rank {ranks[0]}, expected at most {expected.at_most_rank}"
