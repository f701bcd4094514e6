"""Which candidates go into the prompt, and for each of the others why not. Pure.

Invariant: every candidate is either kept or has a reason; thresholds look at a leg's own score, never the fused one.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.core.values import Passage

TOP_K = 6
MIN_SCORE = 0.15
"""Of a leg's own score: the lexical leg found this share of the query's information, or the cosine is this high."""
BUDGET_CHARS = 6_000
_SAME = 0.9


def choose(
    candidates: Sequence[Passage],
    top_k: int = TOP_K,
    min_score: float = MIN_SCORE,
    budget_chars: int = BUDGET_CHARS,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Ids of the passages to keep, best first, and the reason for each one dropped.

    Args:
        candidates: in order of fused score.
        top_k: the most to keep.
        min_score: what the better of a passage's own leg scores must reach; one without any leg score is not judged.
        budget_chars: the most characters of text to keep in all; a shorter passage further down may still fit.
    """
    kept: list[Passage] = []
    dropped: dict[str, str] = {}
    for passage in candidates:
        if reason := _why_not(passage, kept, top_k, min_score, budget_chars):
            dropped[passage.id] = reason
        else:
            kept.append(passage)
    return tuple(passage.id for passage in kept), dropped


def _why_not(passage: Passage, kept: Sequence[Passage], top_k: int, min_score: float, budget_chars: int) -> str:
    scores = [score for score in (passage.lexical, passage.vector) if score is not None]
    if scores and max(scores) < min_score:
        return f"score: {max(scores):.2f} is under {min_score:.2f}"
    if twin := next((other for other in kept if _alike(passage, other)), None):
        return f"duplicate: says the same as {twin.id}"
    if len(kept) >= top_k:
        return f"count: {top_k} better ones"
    used = sum(len(other.text) for other in kept)
    if used + len(passage.text) > budget_chars:
        return f"budget: {len(passage.text)} characters, {budget_chars - used} left of {budget_chars}"
    return ""


def _alike(one: Passage, other: Passage) -> bool:
    """Whether two texts have nine of ten words in common."""
    left, right = set(one.text.lower().split()), set(other.text.lower().split())
    return len(left & right) >= _SAME * max(len(left | right), 1)
