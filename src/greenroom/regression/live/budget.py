"""Ceilings on what live runs cost, looked at before every single model call.

Invariant: no model that may cost something is asked once a ceiling is reached. What the last call costs is not known
before it, so a ceiling is passed by one reply at the most. A model that costs nothing is asked whatever was spent.
"""

from __future__ import annotations

from greenroom.core.errors import GreenroomError
from greenroom.core.inert import inert_line
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.models.port import Model, OnFailure, OnText
from greenroom.regression.live.options import require_money

FREE = "take a model that is: scripted, on this machine, or with input_usd = 0 and output_usd = 0 in greenroom.toml"
"""How to run without spending anything."""


def too_little(usd: float) -> str:
    """Why runs were not made under a ceiling, in words for people."""
    if usd:
        return f"{usd:g} USD may not suffice for more"
    return f"0 USD pays for no model that is not known to be free ({FREE})"


class BudgetSpent(GreenroomError):
    """A ceiling left no room for another call of `model`. `budget` is the one that was reached."""

    exit_code = 1
    default_code = "live.budget"

    def __init__(self, budget: Budget, model: str = "") -> None:
        if budget.usd or budget.micro_usd:
            spent = f"{budget.what} has cost {budget.spent_usd:.4f} USD, which leaves nothing of {budget.usd:g}"
            super().__init__(spent, hint="allow more, or fewer runs")
        else:
            super().__init__(
                f"{budget.what} may cost nothing, and {inert_line(model, 100) or 'the model'} is not known to be free",
                hint=f"allow more than 0 USD, or {FREE}",
            )
        self.budget = budget


class Budget:
    """What may be spent and what was. One for a whole run of many fixtures; `usd` None has no ceiling, 0 asks only models
    that cost nothing.

    Raises on construction:
        UsageError: `usd` is negative or not a number.
    """

    def __init__(self, usd: float | None = None, what: str = "this live run") -> None:
        require_money(usd)
        self.usd = usd
        self.what = what
        self.micro_usd = 0
        self.charged: set[str] = set()
        """The models whose replies cost something."""

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

    def require(self, model: str = "", *, free: bool = False) -> None:
        """Nothing, if another call of a model can be made; one that is `free` is believed until it costs something.

        Raises:
            BudgetSpent: the first ceiling that is reached.
        """
        for budget in self._budgets:
            if budget.reached and not (free and model not in budget.charged):
                raise BudgetSpent(budget, model)

    def spend(self, micro_usd: int, model: str = "") -> None:
        """Take a reply into account."""
        self.micro_usd += micro_usd
        for budget in self._budgets:
            budget.micro_usd += micro_usd
            if micro_usd:
                budget.charged.add(model)


class MeteredModel:
    """A `Model` whose every call is paid from a meter. One that is `free` is so until a reply of it costs something."""

    def __init__(self, model: Model, meter: Meter, *, free: bool = False) -> None:
        self._model = model
        self._meter = meter
        self._free = free

    @property
    def name(self) -> str:
        return self._model.name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The model's reply.

        Raises:
            BudgetSpent: the model was not asked; else as the model itself.
        """
        self._meter.require(self._model.name, free=self._free)
        reply = await self._model.generate(request, on_text, on_failure)
        self._meter.spend(reply.usage.micro_usd, self._model.name)
        return reply

    async def aclose(self) -> None:
        """The model is shared by many runs, and closed by whoever made it."""
