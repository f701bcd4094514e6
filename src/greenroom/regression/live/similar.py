"""How alike two texts are, by the built-in embedder: offline, the same on every machine, spelling rather than sense.

Invariant: numpy is imported when two texts are compared, and not before.
"""

from __future__ import annotations

from greenroom.store.ngrams_embedder import NgramsEmbedder


def similarity(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (the same words, in any order)."""
    if one == other:
        return 1.0
    rows = NgramsEmbedder().embed([one, other])
    return max(0.0, min(1.0, float(rows[0] @ rows[1])))
