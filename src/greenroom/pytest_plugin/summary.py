"""What a run says at its end: one line for each cause of staleness or breakage, however many fixtures it concerns.

Invariant: the same cause is never told twice, and what is told can start no command of a build server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pytest

from greenroom.core.inert import inert_line
from greenroom.pytest_plugin.place import shown_place
from greenroom.pytest_plugin.told import FOLDED, Told, causes, harmless, is_own
from greenroom.regression.replay.outcome import placed

_NAMED, _LIVE = 3, 40
_NEXT = {
    "fail": "what now: greenroom fixture diff shows what would be recorded otherwise today; where that is right,\n"
    "greenroom fixture accept takes it over; or leave it and restore what changed",
    "warn": "those that pass do so under what holds today; where that is right, greenroom fixture accept takes it over",
    "xfail": "this run expects them to be stale",
}
_FAILING = "where an expectation fails, accept refuses: restore what changed, or correct the case if this is right now"
_STOPPED = (
    "where the tape has no answer, accept refuses too: restore what changed, or have the session again and\n"
    "greenroom session export last --name NAME --replace"
)
_UNKEPT = (
    "what now: nothing could be written here, so fixture diff and accept know nothing of this run; replay where it can"
)
EFFECTS = {
    "fails": ("fails an expectation", "fail an expectation"),
    "stops": ("stops where the tape has no answer", "stop where the tape has no answer"),
    "otherwise": ("goes otherwise", "go otherwise"),
    "same": ("goes as recorded", "go as recorded"),
}
"""What became of a fixture, the worst first, as one says it of one and of several."""
TOGETHER = "with all that changed"
"""Said of what fixtures come to that are stale for several causes: it is charged to none of them."""
_OBSERVED = "replayed, but no expectation is judged"
_DIVERGED = (
    "greenroom: greenroom fixture diff NAME shows all that diverged; where that is right, fixture accept takes it over"
)


def summarise(terminalreporter: pytest.TerminalReporter, told: Sequence[Told]) -> None:
    """Write the sections, where there is anything to say."""
    broken = [one for one in told if one["kind"] == "broken"]
    errors = [one for one in told if one["kind"] == "error"]
    stale = [one for one in told if is_stale(one)]
    if live := [one for one in told if one["runs"] and one["kind"] != "error"]:
        terminalreporter.section("greenroom: live runs", sep="-")
        _write(terminalreporter, live_rows(live))
    if broken:
        terminalreporter.section("greenroom: broken files", sep="-", red=True)
        _write(terminalreporter, _rows(broken))
    if errors:
        terminalreporter.section("greenroom: without verdict, which says nothing of the persona", sep="-", red=True)
        _write(terminalreporter, (f"error: {row}" for row in _rows(errors)))
    if stale:
        terminalreporter.section("greenroom: stale recordings", sep="-", yellow=True)
        from greenroom.pytest_plugin.together import stale_rows

        _write(terminalreporter, (*stale_rows(stale), *next_steps(stale)))
    if any(one["kind"] in FOLDED and not _expected(one) for one in told):
        # pytest colours its last line by the categories it knows, and this run is red.
        terminalreporter.stats.setdefault("failed", [])
    if any(one["kind"] == "diverged" for one in told):
        terminalreporter.write_line(_DIVERGED)
    if observed := sum(one["expect"] == "observe" and one["kind"] == "passed" for one in told):
        terminalreporter.write_line(f"greenroom: {counted(observed)} only observed: {_OBSERVED}")


def next_steps(stale: Sequence[Told]) -> list[str]:
    """What to do about fixtures that are stale, in rows."""
    effects = {one["effect"] for one in stale}
    refused = [_FAILING] if "fails" in effects else []
    refused += _STOPPED.splitlines() if "stops" in effects else []
    if any(one["unkept"] for one in stale):
        return [*refused, _UNKEPT]
    return [*(_NEXT[stale[0]["mode"]].splitlines() if effects - {"fails", "stops"} else ()), *refused]


def live_rows(told: Sequence[Told]) -> Iterator[str]:
    """How often each passed and what that took, those that did not always pass first; and the sums."""
    rows = sorted(told, key=lambda one: (all(run["kind"] == "passed" for run in one["runs"]), one["name"]))
    for one in rows[:_LIVE]:
        yield harmless(f"{one['name']}: {inert_line(one['line'], 120)}; {_spent([one])}")
    if len(rows) > _LIVE:
        yield f"... and {counted(len(rows) - _LIVE)} more that passed"
    runs = sum(len(one["runs"]) for one in told)
    yield f"{counted(len(told))}, {runs} {'run' if runs == 1 else 'runs'}: {_spent(told)}"


def _spent(told: Sequence[Told]) -> str:
    runs = [run for one in told for run in one["runs"]]
    seconds = sum(run["milliseconds"] for run in runs) / 1_000
    return f"{seconds:.1f} s, {sum(run['micro_usd'] for run in runs) / 1_000_000:.4f} USD"


def _expected(told: Told) -> bool:
    return told["kind"] == "stale" and told["mode"] == "xfail"


def is_stale(told: Told) -> bool:
    """Whether a fixture was recorded under something else than what holds today, however that counts."""
    return bool(told["changed"])


def by_cause(told: Sequence[Told]) -> dict[str, list[Told]]:
    """The fixtures that each cause concerns, the commonest cause first."""
    found: dict[str, list[Told]] = {}
    for one in told:
        for cause in causes(one):
            found.setdefault(cause, []).append(one)
    return dict(sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0])))


def place_in(cause: str, told: Sequence[Told]) -> str:
    """Where in the workspace a cause stands, '' where that is not known."""
    pairs = (pair for one in told for pair in zip(one["changed"], one["places"], strict=False))
    return next((place for said, place in pairs if said == cause and place), "")


def concerning(cause: str, told: Sequence[Told]) -> str:
    """`persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm; 212 fixtures`, with the names where they are few; the cause
    alone where it names the one fixture it is about.
    """
    if len(told) == 1 and is_own(told[0]):
        return harmless(cause)
    return harmless(f"{with_place(cause, told)}; {counted(len(told))}{came_of(told)}")


def with_place(cause: str, told: Sequence[Told]) -> str:
    """A cause with where it stands, from where pytest was started."""
    place = place_in(cause, told)
    return placed(cause, place, shown_place(told[0], place))


def worst(told: Sequence[Told]) -> Told:
    """The one that a change does most to, so that whoever looks at one place looks there."""
    order = [*EFFECTS, ""]
    return min(told, key=lambda one: order.index(one["effect"]))


def came_of(told: Sequence[Told], *, alone: bool = False) -> str:
    """What a change comes to in the fixtures it concerns, the worst first: `: 2 fail (a, b), 7 go as recorded`; where they
    are stale for others too, `with all that changed`, unless this is the only cause told of.
    """
    if all(one["effect"] == "same" for one in told):
        return f"{only_names(told)}, every event as recorded"
    if any(one["effect"] not in EFFECTS for one in told):
        return only_names(told)
    by_effect = {effect: [one["name"] for one in told if one["effect"] == effect] for effect in EFFECTS}
    together = not alone and any(len(one["changed"]) > 1 for one in told if one["effect"] != "same")
    of_all = f" {TOGETHER}" if together else ""
    return f"{of_all}: " + ", ".join(_shown(effect, names) for effect, names in by_effect.items() if names)


def _shown(effect: str, names: Sequence[str]) -> str:
    one, several = EFFECTS[effect]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    named = f" ({', '.join(names[:_NAMED])}{more})" if effect != "same" or len(names) <= _NAMED else ""
    return f"{len(names)} {one if len(names) == 1 else several}{named}"


def only_names(told: Sequence[Told]) -> str:
    """`: a, b`, '' where they are many."""
    return f": {', '.join(one['name'] for one in told)}" if len(told) <= _NAMED else ""


def counted(number: int) -> str:
    """`1 fixture`, `2 fixtures`."""
    return f"{number} fixture{'' if number == 1 else 's'}"


def _rows(told: Sequence[Told]) -> Iterator[str]:
    return (concerning(cause, them) for cause, them in by_cause(told).items())


def _write(terminalreporter: pytest.TerminalReporter, rows: Iterable[str]) -> None:
    for row in rows:
        terminalreporter.write_line(row)
