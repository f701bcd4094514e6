"""What a reply cost, in millionths of a US dollar: as the provider says, by litellm's price list, or as declared.

Invariant: never raises and never guesses; a model without a known price costs 0.
"""

from __future__ import annotations

import math
from typing import Any

_DEAREST = 10**12
"""The most that one reply is believed to cost. A log holds whole numbers up to 2**53, and sums of them."""


Declared = tuple[float, float]
"""What a million tokens cost in US dollars, input and output, as somebody wrote it down."""


def micro_usd(
    litellm: Any, model: str, tokens: tuple[int, int], reported_usd: float | None, declared: Declared | None = None
) -> int:
    """The price of (input, output) `tokens`: `reported_usd`, which knows of caching, is believed first, then the list.

    What is `declared` counts for a model that the list has no price of.
    """
    usd = reported_usd if reported_usd is not None else _listed(litellm, model, tokens)
    if reported_usd is None and usd == 0 and declared is not None:
        usd = (tokens[0] * declared[0] + tokens[1] * declared[1]) / 1_000_000
    return min(round(usd * 1_000_000), _DEAREST) if math.isfinite(usd) and usd > 0 else 0


def _listed(litellm: Any, model: str, tokens: tuple[int, int]) -> float:
    try:
        asked, answered = litellm.cost_per_token(model=model, prompt_tokens=tokens[0], completion_tokens=tokens[1])
        return float(asked) + float(answered)
    except Exception:  # noqa: BLE001  its error for an unlisted model has no stable class
        return 0.0
