"""What a run says at its end: one line for each cause of staleness, however many fixtures it concerns."""

from __future__ import annotations

import pytest

from greenroom.pytest_plugin.tapes import CAUSE

_WHAT_NEXT = (
    "what now: greenroom fixture diff shows what today's recording would have otherwise; where that is right, "
    "greenroom fixture accept takes it over"
)


def summarise(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each cause of staleness, however many fixtures it concerns."""
    causes: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == CAUSE and getattr(report, "when", "") == "call":
                    causes[value] = causes.get(value, 0) + 1
    if causes:
        terminalreporter.section("greenroom: stale recordings", sep="-")
        for cause, count in sorted(causes.items()):
            terminalreporter.write_line(f"{cause}; {count} fixture{'s' if count > 1 else ''}")
        terminalreporter.write_line(_WHAT_NEXT)
