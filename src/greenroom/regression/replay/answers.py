"""The events that answer a replay, by kind and step, each made when it is first asked for.

Invariant: what was put here can be made; whoever puts it has looked at every value it is made of. A check asks for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from greenroom.core.canonical import clean_json
from greenroom.core.events import Event, MemoriesRecalled, PassagesRetrieved, ReplyGenerated
from greenroom.core.values import Memory, Passage, ToolCall, Usage
from greenroom.regression.tape.given_up import ABANDONED
from greenroom.regression.tape.tape import Line

Key = tuple[type[Event], str]
"""Kind and step."""

_OF_LIVES = frozenset({"life", "begun", "in"})
_MOST_LIVES = 10_000
"""Of one turn: more than any person cuts off, and few enough to live through."""


class Answers(Mapping[Key, Event]):
    """Events in the order in which they were put."""

    def __init__(self) -> None:
        self._put: dict[Key, Event | Callable[[], Event]] = {}

    def put(self, kind: type[Event], step: str, make: Event | Callable[[], Event]) -> None:
        """Keep an event, or how to make it; of two at one step the later."""
        self._put[kind, step] = make

    def __getitem__(self, key: Key) -> Event:
        found = self._put[key]
        if not isinstance(found, Event):
            found = self._put[key] = found()
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._put

    def __iter__(self) -> Iterator[Key]:
        return iter(self._put)

    def __len__(self) -> int:
        return len(self._put)


def call_of(call: Line) -> ToolCall:
    """A call as a line of a reply has it."""
    arguments = clean_json(call["args"])
    return ToolCall(id=call["id"], tool=call["tool"], arguments=arguments, problem=call.get("problem", ""))


def generated(step: str, turn: int, model: str, calls: tuple[ToolCall, ...], line: Line) -> ReplyGenerated:
    """The reply of a line; `model` where the line names none."""
    read, written = line["tokens"]
    return ReplyGenerated(
        step=step,
        turn=turn,
        model=line.get("model", model),
        text=line.get("text", ""),
        reasoning=line.get("reasoning", ""),
        calls=calls,
        finish=line.get("finish", "calls" if calls else "stop"),
        milliseconds=line.get("milliseconds", 0),
        usage=Usage(input_tokens=read, output_tokens=written, micro_usd=line.get("micro_usd", 0)),
    )


def retrieved(step: str, turn: int, query: str, legs: tuple[str, ...], found: Iterable[Passage]) -> PassagesRetrieved:
    """The candidates of a listing."""
    return PassagesRetrieved(step=step, turn=turn, query=query, legs=legs, candidates=tuple(found))


def recalled(step: str, turn: int, query: str, found: list[tuple[Memory, float | None]]) -> MemoriesRecalled:
    """Memories with their scores, where they had one."""
    memories = tuple(memory.model_copy(update={"score": score}) for memory, score in found)
    return MemoriesRecalled(step=step, turn=turn, query=query, memories=memories)


def tells_lives(lines: Sequence[Line]) -> bool:
    """Whether any line says in which life of its turn something was, or that a turn was given up."""
    if not _OF_LIVES.isdisjoint(set[str]().union(*lines)):
        return True
    return ABANDONED in [line["finish"] for line in lines if "finish" in line]


def life_begun(begun: Any) -> Any:
    """The life in which a call was started, by one entry of its line."""
    return begun[0] if isinstance(begun, list) else begun


def life_of(found: object) -> int:
    """The number of a life.

    Raises:
        ValueError: it is none.
    """
    if type(found) is not int or not 0 < found <= _MOST_LIVES:
        raise ValueError(found)
    return found


def texts_of(line: Line, key: str) -> tuple[str, ...]:
    """The texts listed under a key.

    Raises:
        TypeError: one is no text.
    """
    found = line.get(key)
    if not found:
        return ()
    if not {str}.issuperset(map(type, found)):
        raise TypeError(key)
    return tuple(found)


def memory_of(line: Line) -> Memory:
    """The memory that a line declares."""
    return Memory(
        id=line["memory"],
        segment=line["segment"],
        subject="",
        text=line["text"],
        key=line.get("key", ""),
        confidence=line.get("confidence", 1.0),
    )
