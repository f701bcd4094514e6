"""A fixture replayed, with what it comes to where it differs.

Invariant: what weighs a difference is loaded when there is one; most fixtures pass.
"""

from __future__ import annotations

from greenroom.regression.accept.last_run import LastRuns
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Build, Fixture, replay_fixture


async def replay_and_weigh(fixture: Fixture, build: Build, runs: LastRuns, stale: str = "fail") -> Outcome:
    """Replay a fixture, keep what it would write today where that differs, and say what the difference comes to.

    `stale` is `fail`, `warn` or `xfail`: what is expected to be stale stays stale, whatever comes of it.
    """
    found = await replay_fixture(fixture, build, stale="warn" if stale == "warn" else "fail")
    retold = await runs.after(fixture, found, build)
    if retold is None or found.good:
        return found
    from greenroom.regression.accept.consequence import weighed

    return weighed(found, fixture, retold, expected=stale == "xfail")
