"""The search for the first bad one of many versions in a row, asking about as few of them as can be.

Invariant: what is called the first bad one was judged bad, and so was the last good one judged good; between them
nothing lies but what could not be judged, and that is named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from greenroom.core.errors import CheckFailed, UsageError
from greenroom.core.inert import inert_line

Judgement = Literal["good", "bad", "unjudged"]

_HINTS = {
    "good": "name an older one, or a session in which what the fixture expects can come up",
    "bad": "name one that shows the fault, or a session that does",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """How one version went. `outcome` is the fixture's, `line` says why it is not good, in one line."""

    point: str
    judgement: Judgement
    outcome: str
    line: str = ""
    micro_usd: int = 0


@dataclass(frozen=True, slots=True)
class Bisected:
    """Where the behaviour changed. `unjudged` lie between the two: each of them may be the first bad one too."""

    last_good: str
    first_bad: str
    unjudged: tuple[str, ...]
    tried: tuple[Tried, ...]


async def bisect(points: Sequence[str], judge: Callable[[str], Awaitable[Tried]]) -> Bisected:
    """The two neighbours of `points`, oldest first, between which good became bad.

    The first and the last are judged first; one that cannot be judged is left out, and its neighbours are asked about.

    Raises:
        UsageError: there are fewer than two.
        CheckFailed: the first is not good or the last not bad, so there is nothing to look for between them.
    """
    if len(points) < 2:
        raise UsageError("there is nothing between the good and the bad one", code="bisect.points")
    tried = [_required(await judge(points[0]), "good"), _required(await judge(points[-1]), "bad")]
    good, bad, unjudged = 0, len(points) - 1, set[int]()
    while (place := _middle(good, bad, unjudged)) is not None:
        tried.append(await judge(points[place]))
        match tried[-1].judgement:
            case "good":
                good = place
            case "bad":
                bad = place
            case "unjudged":
                unjudged.add(place)
    between = tuple(points[place] for place in sorted(unjudged) if good < place < bad)
    return Bisected(points[good], points[bad], between, tuple(tried))


def _required(tried: Tried, wanted: Judgement) -> Tried:
    if tried.judgement == wanted:
        return tried
    other = "good" if wanted == "bad" else "bad"
    said = f"is {other} too" if tried.judgement == other else "could not be judged"
    raise CheckFailed(
        f"{tried.point} {said}: {tried.outcome}{f', {inert_line(tried.line, 240)}' if tried.line else ''}",
        hint=_HINTS[wanted],
        code=f"bisect.{wanted}",
    )


def _middle(good: int, bad: int, unjudged: set[int]) -> int | None:
    """The place nearest to the middle between the two that can still be asked about."""
    open_places = [place for place in range(good + 1, bad) if place not in unjudged]
    return min(open_places, key=lambda place: abs(2 * place - good - bad), default=None)
