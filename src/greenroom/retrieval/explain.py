"""A search as the command line and the what-if of a gate show it: every candidate, kept or dropped and why.

Invariant: the same code path as a turn: the retriever's candidates, then `select.choose`.
"""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.core.values import Passage
from greenroom.retrieval import select
from greenroom.retrieval.port import PassageQuery, Retriever


@dataclass(frozen=True, slots=True)
class ExplainedHit:
    """A candidate at its rank (from 1). `cited` is its number in a prompt, None when dropped for `reason`."""

    rank: int
    passage: Passage
    cited: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedSearch:
    """All hits of a search, the legs that took part, and what the retriever had to say."""

    hits: tuple[ExplainedHit, ...]
    legs: tuple[str, ...]
    note: str = ""


async def explain(
    retriever: Retriever,
    query: PassageQuery,
    *,
    top_k: int = select.TOP_K,
    min_score: float = select.MIN_SCORE,
    budget_chars: int = select.BUDGET_CHARS,
) -> ExplainedSearch:
    """Search and say what a turn would have done with each hit."""
    found = await retriever.retrieve(query)
    kept, dropped = select.choose(found.candidates, top_k, min_score, budget_chars)
    cited = {name: number for number, name in enumerate(kept, 1)}
    hits = tuple(
        ExplainedHit(place, passage, cited.get(passage.id), dropped.get(passage.id, ""))
        for place, passage in enumerate(found.candidates, 1)
    )
    return ExplainedSearch(hits, found.legs, found.note)
