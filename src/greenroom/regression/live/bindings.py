"""Which recorded id an id of a live run stands for.

Two equal calls of one reply may come in either order, and so may what they return: the ticket that was T-1 when it was
recorded is then T-2. Ids are bound the first time a call says which is which, and followed from there on: in what the
model asks for, in later results, in what the person says next.

Invariant: what is bound stays bound, and no two live ids ever stand for one recorded id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from greenroom.core.canonical import canonical
from greenroom.core.values import Json

Id = str | int
_SMALLEST = 1_000
"""Whole numbers from here on can be ids; smaller ones are counts and amounts."""


class _Group:
    """Results of equal calls of one reply. `chosen` says which recorded one each live one is, as far as known."""

    def __init__(self, results: Sequence[Json]) -> None:
        found = [dict(_ids(result)) for result in results]
        telling = [
            path for path in found[0] if len({one[path] for one in found if path in one}) == len(found)
        ]  # what is alike in two of them tells nothing
        self.leaves = [{path: one[path] for path in telling} for one in found]
        self.chosen: dict[int, int] = {}

    def pairs(self, live: Id, recorded: Id) -> Iterator[tuple[int, int]]:
        """The members that hold these two ids in the same place."""
        for i, mine in enumerate(self.leaves):
            for j, theirs in enumerate(self.leaves):
                if any(value == live and theirs.get(path) == recorded for path, value in mine.items()):
                    yield i, j

    def choose(self, i: int, j: int) -> bool:
        """Take member `i` of the live run for the recorded `j`; False where another choice was made already."""
        if self.chosen.get(i, j) != j or any(other == j and one != i for one, other in self.chosen.items()):
            return False
        self.chosen[i] = j
        if len(left := [k for k in range(len(self.leaves)) if k not in self.chosen]) == 1:
            free = set(range(len(self.leaves))) - set(self.chosen.values())
            self.chosen[left[0]] = free.pop()
        return True


class Bindings:
    """What is known about the ids of one live run."""

    def __init__(self) -> None:
        self._groups: list[_Group] = []

    def add(self, results: Sequence[Json]) -> None:
        """Take note of what equal calls of one reply returned, in the order the live run got it."""
        if len(results) > 1 and len({canonical(result) for result in results}) > 1:
            self._groups.append(_Group(results))

    def recorded(self, value: Json) -> Json:
        """A value of the live run in the tape's ids."""
        return _renamed(value, self._names()) if self._groups else value

    def live(self, value: Json) -> Json:
        """A value of the tape in the live run's ids."""
        return _renamed(value, {old: new for new, old in self._names().items()}) if self._groups else value

    def unify(self, live: Json, recorded: Json) -> bool:
        """Whether the two are the same, if need be by binding ids that could be either; those are bound then."""
        before = [dict(group.chosen) for group in self._groups]
        if self._same(live, recorded):
            return True
        for group, chosen in zip(self._groups, before, strict=True):
            group.chosen = chosen
        return False

    def _same(self, live: Json, recorded: Json) -> bool:
        if isinstance(live, dict) and isinstance(recorded, dict):
            return live.keys() == recorded.keys() and all(self._same(live[key], recorded[key]) for key in live)
        if isinstance(live, list | tuple) and isinstance(recorded, list | tuple):
            return len(live) == len(recorded) and all(map(self._same, live, recorded))
        if not _is_id(live) or not _is_id(recorded):
            return canonical(live) == canonical(recorded)
        return self._bound(live, recorded)

    def _bound(self, live: Id, recorded: Id) -> bool:
        met = False
        for group in self._groups:
            for i, j in group.pairs(live, recorded):
                met = True
                if group.choose(i, j):
                    return True
        return not met and self.recorded(live) == recorded

    def _names(self) -> dict[Id, Id]:
        names: dict[Id, Id] = {}
        for group in self._groups:
            for i, j in group.chosen.items():
                theirs = group.leaves[j]
                names |= {mine: theirs[path] for path, mine in group.leaves[i].items() if path in theirs}
        return {new: old for new, old in names.items() if new != old}


def _is_id(value: Json) -> bool:
    return isinstance(value, str) or (type(value) is int and value >= _SMALLEST)


def _ids(value: Json, path: str = "") -> Iterator[tuple[str, Id]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _ids(item, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _ids(item, f"{path}/{place}")
    elif _is_id(value):
        yield path, value


def _renamed(value: Json, names: dict[Id, Id]) -> Json:
    """The value with ids renamed where they stand alone or as words of a text."""
    if not names:
        return value
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str):
        return _reworded(value, {str(new): str(old) for new, old in names.items()})
    return names.get(value, value) if type(value) is int else value


def _reworded(text: str, names: dict[str, str]) -> str:
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    return re.sub(rf"(?<!\w)(?:{known})(?!\w)", lambda found: names[found[0]], text) if known else text
