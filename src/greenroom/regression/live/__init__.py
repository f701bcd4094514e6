"""Fixtures run against real models: the live tier, from the whole conversation or from any event of it.

Invariant: whatever is not the model comes from the tape, or is said not to.
"""

from __future__ import annotations

from greenroom.regression.live.budget import Budget, BudgetSpent, Meter, MeteredModel
from greenroom.regression.live.history import Entry, History
from greenroom.regression.live.once import LiveBuild
from greenroom.regression.live.options import LiveOptions
from greenroom.regression.live.outcomes import LiveOutcome, LiveRun
from greenroom.regression.live.run import run_live

__all__ = [
    "Budget",
    "BudgetSpent",
    "Entry",
    "History",
    "LiveBuild",
    "LiveOptions",
    "LiveOutcome",
    "LiveRun",
    "Meter",
    "MeteredModel",
    "run_live",
]
