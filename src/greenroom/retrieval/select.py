"""Which candidates go into the prompt, and for each of the others why not. Pure.

Invariant: every candidate is either kept or has a reason; thresholds look at a leg's own score, never the fused one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from greenroom.core.values import Passage

TOP_K = 6
MIN_SCORE = 0.15
"""Of a leg's own score: the lexical leg found this share of the query's information, or the cosine is this high."""
BUDGET_CHARS = 6_000
_SAME = 0.9
_Kept = tuple[int, frozenset[str], Passage]
"""A passage that goes into the prompt, behind its different words and how many they are."""


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
    kept: list[_Kept] = []
    used = 0
    dropped: dict[str, str] = {}
    for passage in candidates:
        score = _own_score(passage)
        if score is not None and score < min_score:
            dropped[passage.id] = f"score: {score:.2f} is under {min_score:.2f}"
            continue
        words = _words(passage.text)
        if reason := _why_not(passage, words, kept, top_k, budget_chars, used):
            dropped[passage.id] = reason
        else:
            kept.append((len(words), words, passage))
            used += len(passage.text)
    return tuple([passage.id for _, _, passage in kept]), dropped


def _why_not(
    passage: Passage,
    words: frozenset[str],
    kept: Sequence[_Kept],
    top_k: int,
    budget_chars: int,
    used: int,
) -> str:
    if twin := _twin(words, kept):
        return f"duplicate: says the same as {twin.id}"
    if len(kept) >= top_k:
        return f"count: {top_k} better ones"
    if used + len(passage.text) > budget_chars:
        return f"budget: {len(passage.text)} characters, {budget_chars - used} left of {budget_chars}"
    return ""


@lru_cache(512)
def _words(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


def _own_score(passage: Passage) -> float | None:
    """The better of its legs' scores."""
    if passage.lexical is None or passage.vector is None:
        return passage.vector if passage.lexical is None else passage.lexical
    return max(passage.lexical, passage.vector)


def _twin(words: frozenset[str], kept: Sequence[_Kept]) -> Passage | None:
    """The first kept passage that has nine of ten words in common with these."""
    size = len(words)
    least = _SAME * size
    for other, others, passage in kept:
        if other < least or size < _SAME * other:  # then even all of the fewer are too few
            continue
        if _alike(words, others):
            return passage
    return None


@lru_cache(2_048)  # the same documents are found again and again
def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    both = len(words & others)
    return both >= _SAME * max(len(words) + len(others) - both, 1)
