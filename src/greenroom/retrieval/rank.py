"""One order out of two legs: a convex mix of normalised scores, then a share of what stands near.

Invariant: a leg that did not find a passage adds nothing, and its score stays None; the fused score orders and lies
in 0..1, and is never compared with a threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NEIGHBOUR_SHARE = 0.25
DOCUMENT_SHARE = 0.15
"""Measured on long dialogues: neighbours bring 8 to 11 points of recall, the document's own score 5 (ANCHORS.md 6)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk by number and place, with each leg's own score (None where it did not find it)."""

    number: int
    document: int
    ordinal: int
    lexical: float | None = None
    vector: float | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its fused score."""

    candidate: Candidate
    score: float


def rank(candidates: Sequence[Candidate], vector_weight: float) -> list[Ranked]:
    """Candidates by fused score, best first; equals in order of number.

    Args:
        candidates: what the legs found, each chunk once.
        vector_weight: share of the vector leg (0..1) where both legs found something.
    """
    lexical = _normalised({c.number: c.lexical for c in candidates})
    vector = _normalised({c.number: c.vector for c in candidates})
    share = vector_weight if lexical and vector else 1.0 if vector else 0.0
    mixed = {c.number: (1 - share) * lexical.get(c.number, 0.0) + share * vector.get(c.number, 0.0) for c in candidates}
    lifted = _with_surroundings(candidates, mixed)
    return sorted((Ranked(c, lifted[c.number]) for c in candidates), key=lambda r: (-r.score, r.candidate.number))


def _normalised(scores: Mapping[int, float | None]) -> dict[int, float]:
    """Min-max over what a leg found; a leg with one distinct score gives 1 to all of it.

    The least is taken as half of itself, so that the last of a leg's hits is still worth more than no hit.
    """
    found = {number: score for number, score in scores.items() if score is not None}
    if not found:
        return {}
    low, high = min(found.values()) / 2, max(found.values())
    return {number: (score - low) / (high - low) if high > low else 1.0 for number, score in found.items()}


def _with_surroundings(candidates: Sequence[Candidate], mixed: Mapping[int, float]) -> dict[int, float]:
    """Each score with a share of its neighbours' and of its document's best three."""
    placed = {(c.document, c.ordinal): mixed[c.number] for c in candidates}
    of_document: dict[int, list[float]] = {}
    for c in candidates:
        of_document.setdefault(c.document, []).append(mixed[c.number])
    whole = {document: sum(sorted(scores)[-3:]) / 3 for document, scores in of_document.items()}
    lifted = {}
    for c in candidates:
        near = max(placed.get((c.document, c.ordinal - 1), 0.0), placed.get((c.document, c.ordinal + 1), 0.0))
        lifted[c.number] = (mixed[c.number] + NEIGHBOUR_SHARE * near + DOCUMENT_SHARE * whole[c.document]) / (
            1 + NEIGHBOUR_SHARE + DOCUMENT_SHARE
        )
    return lifted
