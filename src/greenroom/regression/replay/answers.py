"""The events that answer a replay, by kind and step, each made when it is first asked for.

Invariant: what was put here can be made; whoever puts it has looked at every value it is made of. A check asks for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from greenroom.core.events import Event

Key = tuple[type[Event], str]
"""Kind and step."""


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
