"""The built-in embedder: hashed words and character n-grams. It is fuzzy, not semantic: it knows spelling alone.

Invariant: the same text gives the same vector on every machine and in every process (a stable checksum, no
`hash()`), with no download and no network.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from greenroom.store.words import STOPWORDS, folded

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")


class NgramsEmbedder:
    """Feature hashing with signs (Weinberger et al., 2009) over words and their character 3-grams."""

    id = "ngrams/1"
    leg = "ngrams"
    dimensions = 1024
    # Small, because hashed n-grams find less than words do (recall at 5 of .333 against .529, TECH.md section 3).
    weight = 0.2
    floor = 0.2
    # Colliding features of one short word reach 0.27 (`joke` against a shop's documents) without a word in common.
    alone = 0.35

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """One float32 row of length one for each text."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word, count in Counter(_WORD.findall(folded(text))).items():
                if word not in STOPWORDS:
                    # Said five times is not five times as much about it.
                    weight = 1.0 + math.log(count)
                    for slot, sign in _features(word):
                        row[slot] += sign * weight
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.maximum(lengths, 1e-9)
        return rows


@lru_cache(maxsize=20_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Slots and signed weights of a word. All its n-grams together weigh as much as the word itself."""
    edged = f"<{word}>"
    grams = [edged[i : i + 3] for i in range(len(edged) - 2)]
    share = 1.0 / math.sqrt(len(grams))
    return (_slot(f"w:{word}", 1.0), *(_slot(f"g:{gram}", share) for gram in grams))


def _slot(feature: str, weight: float) -> tuple[int, float]:
    code = zlib.crc32(feature.encode())
    # The top bit gives the sign, the low bits the slot: independent enough, and collisions cancel on average.
    return code % NgramsEmbedder.dimensions, weight if code >> 31 else -weight
