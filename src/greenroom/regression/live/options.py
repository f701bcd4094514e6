"""What is asked of a live run.

Invariant: options that make no sense are refused before anything is run or paid for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line

MOST_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """`model` and `persona` (`aria`, `aria@1.4.0`) as they are to be run; '' for what the workspace says today.

    `repeat` is how often, 0 for what the case says. `start` is the first event that is live, '' for all the
    turns under test (see `start_at`). `usd` is the most this fixture may cost in all its runs. With `whole` every run is
    made, even when the verdict is certain already, as where a person asks for a number of them. With `renew` passages whose
    documents are not what they were are looked up anew, as for a tape that is to take the recorded one's place.

    Raises on construction:
        UsageError: a number that is none, negative or too large.
    """

    model: str = ""
    persona: str = ""
    repeat: int = 0
    start: str = ""
    usd: float | None = None
    whole: bool = False
    renew: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.repeat <= MOST_RUNS:
            raise UsageError("so many runs cannot be made", hint=f"from 1 to {MOST_RUNS}", code="live.repeat")
        require_money(self.usd)


def require_money(usd: float | None) -> None:
    """Nothing, if `usd` can be a ceiling.

    Raises:
        UsageError: it is negative, infinite or not a number.
    """
    if usd is not None and not (math.isfinite(usd) and usd >= 0):
        raise UsageError(f"{usd} USD cannot be a ceiling", hint="0 or more, such as 0.25", code="live.usd")


def money(text: str, option: str = "--usd") -> float | None:
    """US dollars that may be spent at the most, as somebody wrote them for an option; None for ''.

    Raises:
        UsageError: it is no amount, or one that `require_money` refuses.
    """
    if not text:
        return None
    try:
        usd = float(text)
        require_money(usd)
    except (ValueError, UsageError):
        said = f"{option} must be an amount of US dollars, 0 or more, not '{inert_line(text, 40)}'"
        raise UsageError(said, hint="such as 0.25", code="live.usd") from None
    return usd
