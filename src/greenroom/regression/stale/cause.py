"""One cause for which fixtures are stale, as people are told of it.

Invariant: its words depend on the two states alone; where it stands is said beside them.
"""

from __future__ import annotations

from typing import NamedTuple

from greenroom.regression.replay.outcome import placed, placed_rows


class Cause(NamedTuple):
    """One cause, e.g. `persona aria 1.3.0: prompt: one sentence: … be -old +new`, and where in the workspace that stands,
    as far as that is known: `personas/aria/prompt.md:7`, or several with commas between, or with `EACH` where each change
    that is told of has its own.
    """

    told: str
    place: str = ""

    @property
    def said(self) -> str:
        """Both, for people: `policy: rule refund.large: then deny -> allow (policies/support.toml:20)`."""
        return placed(self.told, self.place)

    @property
    def rows(self) -> list[str]:
        """Both, in a row for each change where each has its own place; see `placed_rows`."""
        return placed_rows(self.told, self.place)
