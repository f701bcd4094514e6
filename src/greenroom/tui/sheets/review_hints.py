"""Which keys the review of fixtures names: those that do something to the row that is looked at.

Invariant: a key that would only say why it does nothing is not named; the way out always is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from greenroom.tui.frame.hints import Hint
from greenroom.tui.sheets.review_rows import acceptable

if TYPE_CHECKING:
    from greenroom.assembly.fixture.fixtures import Reviewed


def hints_of(one: Reviewed | None, group: Sequence[Reviewed], accepted: Collection[str]) -> tuple[Hint, ...]:
    """The keys for a fixture, None where a heading is looked at; `group` stands under the same heading."""
    hints = []
    if one is not None and one.name not in accepted:
        if one.run is not None:
            hints.append(Hint("enter", "diff"))
        elif not one.outcome.good:
            hints.append(Hint("enter", "what is wrong"))
        if acceptable(one, accepted):
            hints.append(Hint("a", "accept"))
    if any(acceptable(other, accepted) for other in group):
        hints.append(Hint("A", "accept the cause"))
    if one is not None:
        hints.append(Hint("e", "edit case"))
    return (*hints, Hint("r", "replay"), Hint("escape", "back"))
