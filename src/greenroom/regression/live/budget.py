"""Ceilings on what live runs cost, looked at before every single model call.

Invariant: no model is asked once a ceiling is reached. What the last call costs is not known before it, so a ceiling
is passed by one reply at the most.
"""

from __future__ import annotations

from greenroom.core.errors import GreenroomError
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.models.port import Model, OnFailure, OnText
from greenroom.regression.live.options import require_money


class BudgetSpent(GreenroomError):
    """A ceiling left no room for another model call. `budget` is the one that was reached."""

    exit_code = 1
    default_code = "live.budget"

    def __init__(self, budget: Budget) -> None:
        super().__init__(
            f"{budget.what} has cost {budget.spent_usd:.4f} USD, which leaves nothing of {budget.usd:g}",
            hint="allow more, or fewer runs",
        )
        self.budget = budget


class Budget:
    """What may be spent and what was. One for a whole run of many fixtures; `usd` None has no ceiling, 0 asks no model.

    Raises on construction:
        UsageError: `usd` is negative or not a number.
    """

    def __init__(self, usd: float | None = None, what: str = "this live run") -> None:
        require_money(usd)
        self.usd = usd
        self.what = what
        self.micro_usd = 0

    @property
    def spent_usd(self) -> float:
        return self.micro_usd / 1_000_000

    @property
    def reached(self) -> bool:
        """Whether nothing is left."""
        return self.usd is not None and self.micro_usd >= round(self.usd * 1_000_000)


class Meter:
    """The ceilings that count for one run, and what it has cost itself."""

    def __init__(self, *budgets: Budget) -> None:
        self._budgets = budgets
        self.micro_usd = 0

    def require(self) -> None:
        """Nothing, if another model call may be made.

        Raises:
            BudgetSpent: the first ceiling that is reached.
        """
        for budget in self._budgets:
            if budget.reached:
                raise BudgetSpent(budget)

    def spend(self, micro_usd: int) -> None:
        """Take a reply into account."""
        self.micro_usd += micro_usd
        for budget in self._budgets:
            budget.micro_usd += micro_usd


class MeteredModel:
    """A `Model` whose every call is paid from a meter."""

    def __init__(self, model: Model, meter: Meter) -> None:
        self._model = model
        self._meter = meter

    @property
    def name(self) -> str:
        return self._model.name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The model's reply.

        Raises:
            BudgetSpent: the model was not asked; else as the model itself.
        """
        self._meter.require()
        reply = await self._model.generate(request, on_text, on_failure)
        self._meter.spend(reply.usage.micro_usd)
        return reply

    async def aclose(self) -> None:
        """The model is shared by many runs, and closed by whoever made it."""
