"""What a reply cost, in millionths of a US dollar, from litellm's bundled price list.

Invariant: never raises and never guesses; a model without a known price costs 0.
"""

from __future__ import annotations

import math
from typing import Any

_DEAREST = 10**12
"""The most that one reply is believed to cost. A log holds whole numbers up to 2**53, and sums of them."""


def micro_usd(litellm: Any, model: str, tokens: tuple[int, int], reported_usd: float | None) -> int:
    """The price of (input, output) `tokens`; `reported_usd`, which knows of caching, is believed first."""
    usd = reported_usd if reported_usd is not None else _listed(litellm, model, tokens)
    return min(round(usd * 1_000_000), _DEAREST) if math.isfinite(usd) and usd > 0 else 0


def _listed(litellm: Any, model: str, tokens: tuple[int, int]) -> float:
    try:
        asked, answered = litellm.cost_per_token(model=model, prompt_tokens=tokens[0], completion_tokens=tokens[1])
        return float(asked) + float(answered)
    except Exception:  # noqa: BLE001  its error for an unlisted model has no stable class
        return 0.0
