"""One ceiling over all runs of a suite, in however many processes they are made.

Invariant: what was spent and what is set aside for runs under way never exceed the ceiling together. A run is held to
what was set aside for it before each of its model calls, so it can pass that by one reply at the most. Runs of a model
that costs nothing are made whatever was spent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from greenroom.regression.live.options import require_money

_MARGIN = 2
"""How many times what the dearest run of a model cost is set aside for its next."""

_SMALLEST = 100
"""A hundredth of the ceiling is set aside at the least, so that a model that was free so far may cost something."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is set aside for one run of `model`, in millionths of a dollar; None where there is no ceiling.

    With 0 only models that cost nothing are asked in it.
    """

    model: str
    micro_usd: int | None


class Purse:
    """`usd` None has no ceiling. `spent` and `dearest` (a run, by model) are what an earlier part of the suite cost.
    `free` tells which models are known to cost nothing; one is no longer believed once a run of it has cost something.

    Raises on construction:
        UsageError: `usd` is negative or not a number.
    """

    def __init__(
        self,
        usd: float | None,
        spent: int = 0,
        dearest: Mapping[str, int] | None = None,
        free: Callable[[str], bool] = lambda model: False,
    ) -> None:
        require_money(usd)
        self.ceiling = None if usd is None else round(usd * 1_000_000)
        self.spent = spent
        self._aside = 0
        self._dearest = dict(dearest or {})
        self._costs_nothing = free

    def reserve(self, model: str) -> Reserved | None:
        """Set aside what a run may cost; None where what is left may not suffice.

        Of a model that has not run yet nobody knows what it costs: its first run gets all that is left, and others wait.
        Beside one that costs nothing something else may be paid, such as a judge, so it waits too while there is hope.
        """
        if self.ceiling is None:
            return Reserved(model, None)
        left = self.ceiling - self.spent - self._aside
        dearest = self._dearest.get(model)
        if not dearest and self._costs_nothing(model):
            if left <= 0:
                return None if self._aside else Reserved(model, 0)
            dearest = 0
        if left <= 0 or (dearest is not None and left < dearest):
            return None
        likely = left if dearest is None else max(_MARGIN * dearest, self.ceiling // _SMALLEST, 1)
        reserved = Reserved(model, min(left, likely))
        self._aside += reserved.micro_usd or 0
        return reserved

    def settle(self, reserved: Reserved, micro_usd: int, *, known: bool = True) -> int:
        """Take what a run cost into account; returns what it is taken to have cost.

        Of a run whose worker died that is not `known`: it counts as the dearest of its model so far.
        """
        self._aside -= reserved.micro_usd or 0
        dearest = self._dearest.get(reserved.model, 0)
        if not known:
            self.spent += dearest
            return dearest
        self.spent += micro_usd
        self._dearest[reserved.model] = max(dearest, micro_usd)
        return micro_usd

    def cut(self, reserved: Reserved, micro_usd: int) -> bool:
        """Whether a run had to end because it reached what was set aside for it, and more can be the next time."""
        return bool(reserved.micro_usd) and micro_usd >= (reserved.micro_usd or 0)
