"""What the store needs of an embedder: vectors for texts, and how far its similarities can be trusted.

Invariant: an embedder's id changes whenever its vectors would, so that vectors of two makes never meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns texts into vectors of length one.

    `id` names make and version (`ngrams/1`), `leg` is what people see it called, `dimensions` the length of a
    vector. `weight` is its share in the fused score (0..1). Below the cosine `floor` a hit is noise; one that shares no
    word with the query needs `alone`, which for a semantic embedder is the same.
    """

    @property
    def id(self) -> str: ...
    @property
    def leg(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def weight(self) -> float: ...
    @property
    def floor(self) -> float: ...
    @property
    def alone(self) -> float: ...

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """One row a text, float32, unit length (or all zero for a text without content). Blocks; may use the network.

        Raises:
            ServiceUnavailable: the model behind it cannot be used now.
        """
        ...
