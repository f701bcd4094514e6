"""What a run says of stale recordings: each change in a row of its own, then once what became of the fixtures it concerns.

Invariant: no cause, no change and no fixture's end is told twice; causes that share no fixture are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greenroom.pytest_plugin.place import shown_place
from greenroom.pytest_plugin.summary import EFFECTS, TOGETHER, by_cause, came_of, counted, only_names, place_in
from greenroom.pytest_plugin.told import Told, harmless
from greenroom.regression.replay.outcome import placed_rows

_BELOW = "  "
_NAMED = 5


def stale_rows(told: Sequence[Told]) -> Iterator[str]:
    """The rows, the causes that concern most fixtures first."""
    for causes in _groups(by_cause(told)):
        concerned = _once(causes)
        ends = list(_ends(concerned)) if all(one["effect"] for one in concerned) else []
        alike = len(causes) == 1 and len(ends) <= 1
        changed = [row for cause, them in causes.items() for row in _cause(cause, them, end=alike, named=not ends)]
        yield from changed
        if ends and not alike:
            yield from [f"{TOGETHER}, of {counted(len(concerned))}:"] if len(changed) > 1 else []
            yield from (harmless(f"{_BELOW}{row}") for row in ends)


def change_rows(cause: str, told: Sequence[Told]) -> list[str]:
    """A cause with where it stands, from where pytest was started, see `placed_rows`."""
    place = place_in(cause, told)
    return placed_rows(cause, place, shown_place(told[0], place))


def _cause(cause: str, told: Sequence[Told], *, end: bool, named: bool) -> Iterator[str]:
    first, *rest = change_rows(cause, told)
    of = came_of(told, alone=True) if end else only_names(told) if named else ""
    yield harmless(f"{first}; {counted(len(told))}{of}")
    yield from (harmless(f"{_BELOW}{row}") for row in rest)


def _ends(told: Sequence[Told]) -> Iterator[str]:
    """`2 go otherwise: a, b`, a row for each end, the worst first; of those that go as recorded all the same the number."""
    for effect, (one, several) in EFFECTS.items():
        names = [each["name"] for each in told if each["effect"] == effect]
        if names:
            yield f"{len(names)} {one if len(names) == 1 else several}: {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"


def _groups(causes: dict[str, list[Told]]) -> list[dict[str, list[Told]]]:
    """Causes that share a fixture, directly or by others, together."""
    groups: list[tuple[dict[str, list[Told]], set[str]]] = []
    for cause, told in causes.items():
        names = {one["nodeid"] for one in told}
        near = [group for group in groups if group[1] & names]
        found, of = ({}, set()) if not near else near[0]
        for other, others in near[1:]:
            found.update(other)
            of |= others
        found[cause] = told
        of |= names
        groups = [group for group in groups if group not in near[1:]] + ([] if near else [(found, of)])
    return [found for found, _ in groups]


def _once(causes: dict[str, list[Told]]) -> list[Told]:
    return list({one["nodeid"]: one for told in causes.values() for one in told}.values())
