"""One ceiling over all runs of a suite, in however many processes they are made.

Invariant: what was spent and what is set aside for runs under way never exceed the ceiling together. A run is held to
what was set aside for it before each of its model calls, so it can pass that by one reply at the most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from greenroom.regression.live.options import require_money

_MARGIN = 2
"""How many times what the dearest run of a model cost is set aside for its next."""

_SMALLEST = 100
"""A hundredth of the ceiling is set aside at the least, so that a model that was free so far may cost something."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is set aside for one run of `model`, in millionths of a dollar; None where there is no ceiling."""

    model: str
    micro_usd: int | None


class Purse:
    """`usd` None has no ceiling. `spent` and `dearest` (a run, by model) are what an earlier part of the suite cost.

    Raises on construction:
        UsageError: `usd` is negative or not a number.
    """

    def __init__(self, usd: float | None, spent: int = 0, dearest: Mapping[str, int] | None = None) -> None:
        require_money(usd)
        self.ceiling = None if usd is None else round(usd * 1_000_000)
        self.spent = spent
        self._aside = 0
        self._dearest = dict(dearest or {})

    def reserve(self, model: str) -> Reserved | None:
        """Set aside what a run may cost; None where what is free may not suffice.

        Of a model that has not run yet nobody knows what it costs: its first run gets all that is free, and others wait.
        """
        if self.ceiling is None:
            return Reserved(model, None)
        free = self.ceiling - self.spent - self._aside
        dearest = self._dearest.get(model)
        if free <= 0 or (dearest is not None and free < dearest):
            return None
        likely = free if dearest is None else max(_MARGIN * dearest, self.ceiling // _SMALLEST, 1)
        reserved = Reserved(model, min(free, likely))
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
        """Whether a run had to end because it reached what was set aside for it."""
        return reserved.micro_usd is not None and micro_usd >= reserved.micro_usd
