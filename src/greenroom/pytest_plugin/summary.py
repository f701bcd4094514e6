"""What a run says at its end: one line for each cause of staleness or breakage, however many fixtures it concerns.

Invariant: the same cause is never told twice, and what is told can start no command of a build server.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from greenroom.pytest_plugin.told import Told, causes, harmless, is_own

_NAMED = 3
_NEXT = {
    "fail": "what now: greenroom fixture diff shows what would be recorded otherwise today; where that is right,\n"
    "greenroom fixture accept takes it over; or leave it and restore what changed",
    "warn": "replayed under what holds today they pass; where that is right, greenroom fixture accept takes it over",
    "xfail": "they were not replayed, because this run expects them to be stale",
}
_DIVERGED = (
    "greenroom: greenroom fixture diff NAME shows all that diverged; where that is right, fixture accept takes it over"
)


def summarise(terminalreporter: pytest.TerminalReporter, told: Sequence[Told]) -> None:
    """Write the sections, where there is anything to say."""
    broken = [one for one in told if one["kind"] == "broken"]
    stale = [one for one in told if is_stale(one)]
    if broken:
        terminalreporter.section("greenroom: broken files", sep="-", red=True)
        _write(terminalreporter, by_cause(broken))
    if stale:
        terminalreporter.section("greenroom: stale recordings", sep="-", yellow=True)
        _write(terminalreporter, by_cause(stale))
        for row in _NEXT[stale[0]["mode"]].splitlines():
            terminalreporter.write_line(row)
    if broken or any(one["kind"] == "stale" and one["mode"] == "fail" for one in stale):
        # pytest colours its last line by the categories it knows, and this run is red.
        terminalreporter.stats.setdefault("failed", [])
    if any(one["kind"] == "diverged" for one in told):
        terminalreporter.write_line(_DIVERGED)
    if observed := sum(one["expect"] == "observe" and one["kind"] == "passed" for one in told):
        terminalreporter.write_line(
            f"greenroom: {_counted(observed)} only observed: replayed, but no expectation is judged"
        )


def is_stale(told: Told) -> bool:
    """Whether a fixture was recorded under something else than what holds today, however that counts."""
    return told["kind"] == "stale" or (told["kind"] == "passed" and bool(told["reasons"]))


def by_cause(told: Sequence[Told]) -> dict[str, list[Told]]:
    """The fixtures that each cause concerns, the commonest cause first."""
    found: dict[str, list[Told]] = {}
    for one in told:
        for cause in causes(one):
            found.setdefault(cause, []).append(one)
    return dict(sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0])))


def concerning(cause: str, told: Sequence[Told]) -> str:
    """`persona aria 1.3.0 -> 1.4.0: prompt: -brief +warm; 212 fixtures`, with the names where they are few; the cause
    alone where it names the one fixture it is about.
    """
    if len(told) == 1 and is_own(told[0]):
        return harmless(cause)
    names = f": {', '.join(one['name'] for one in told)}" if len(told) <= _NAMED else ""
    return harmless(f"{cause}; {_counted(len(told))}{names}")


def _write(terminalreporter: pytest.TerminalReporter, found: dict[str, list[Told]]) -> None:
    for cause, told in found.items():
        terminalreporter.write_line(concerning(cause, told))


def _counted(number: int) -> str:
    return f"{number} fixture{'' if number == 1 else 's'}"
