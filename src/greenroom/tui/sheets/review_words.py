"""What is said where the fixtures of a cause are accepted: how many of how many, and why not the others.

Invariant: every fixture under the cause is counted once; those that share only a part of it are named as not touched.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from greenroom.tui.sheets.review_rows import acceptable

if TYPE_CHECKING:
    from greenroom.assembly.fixture.fixtures import Reviewed

_WHY = {"broken": "its files are broken: ", "error": "it could not be run: ", "failed": "an expectation fails: "}


def said_of_cause(
    group: Sequence[Reviewed], found: Sequence[Reviewed], before: Collection[str], now: Collection[str]
) -> str:
    """`group` stands under the cause, of all that were `found`; `before` were accepted by then, `now` just now."""
    some = [one for one in group if one.name in now]
    already = [one for one in group if one.name in before]
    parts = []
    if some:
        parts.append(f"accepted {len(some)} of {len(group)}")
    if already:
        parts.append(f"{_all_or(already, group)} accepted already")
    if same := [one for one in group if one.run is None and one.outcome.good]:
        parts.append(f"{_all_or(same, group)} as recorded: nothing to accept")
    rest = [one for one in group if one not in (*some, *already, *same)]
    if failing := [one for one in rest if one.failing]:
        parts.append(f"{len(failing)} cannot be, as an expectation fails")
    if others := [one for one in rest if not one.failing]:
        parts.append(
            f"{len(others)} cannot be as it is" if len(others) == 1 else f"{len(others)} cannot be as they are"
        )
    if partly := _partly(group, found, {*before, *now}):
        more = "shares" if partly == 1 else "share"
        parts.append(
            f"{partly} under another heading {more} a part of this and {'is' if partly == 1 else 'are'} not touched"
        )
    return "; ".join(parts)


def not_accepted(one: Reviewed) -> str:
    """Why there is nothing to accept of a fixture whose last run was not kept."""
    if one.outcome.good:
        return f"{one.name} goes as recorded: there is nothing to accept"
    return f"{one.name} cannot be accepted: {_WHY.get(one.outcome.kind, '')}{one.outcome.line}"


def said_of_one(one: Reviewed, accepted: Collection[str]) -> str:
    """How a fixture stands that has nothing below its row."""
    if one.name in accepted:
        return f"{one.name} is accepted: the new tape is on disk"
    return one.outcome.line or f"{one.name} goes as recorded: nothing differs"


def _all_or(some: Sequence[Reviewed], group: Sequence[Reviewed]) -> str:
    if len(some) < len(group):
        return str(len(some))
    return "it is" if len(group) == 1 else f"all {len(group)} are"


def _partly(group: Sequence[Reviewed], found: Sequence[Reviewed], accepted: Collection[str]) -> int:
    """How many others could be accepted that are stale for some of what this group is stale for."""
    causes = {cause for one in group for cause in one.outcome.changed}
    return sum(
        not causes.isdisjoint(one.outcome.changed) and acceptable(one, accepted) for one in found if one not in group
    )
