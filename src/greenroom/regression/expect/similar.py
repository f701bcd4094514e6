"""How near two texts come to each other, by an embedder's measure.

Invariant: equal texts measure 1 and nothing is loaded for them; the built-in embedder needs no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from greenroom.core.values import Frozen
from greenroom.regression.expect.beside import NotHere
from greenroom.regression.expect.said import Line, shown
from greenroom.regression.expect.written import Number

if TYPE_CHECKING:
    from greenroom.store.embedder import Embedder

MOST = 100_000
"""Code points of a text that are measured."""


Nearness = Annotated[Number, Field(gt=0, le=1)]
"""How near texts are: 1 if they are equal. 0 would ask for nothing."""


class SimilarExpected(Frozen):
    """How near the reply must come (above 0, to 1) to the text `to`, or without it to the recorded reply of the same turn.

    `by` is the embedder: `ngrams`, built in and offline, which knows spelling and not meaning.
    """

    at_least: Nearness
    to: Line | None = None
    by: Literal["ngrams"] = "ngrams"


def _form(value: Any) -> str:
    return "table" if isinstance(value, dict | SimilarExpected) else "number"


Similar = Annotated[
    Annotated[Nearness, Tag("number")] | Annotated[SimilarExpected, Tag("table")],
    Discriminator(_form),
]
"""A number is the least nearness to the recorded reply."""


def similarity(one: str, other: str, embedder: Embedder | None = None) -> float:
    """From 0 (nothing in common) to 1, by the built-in embedder unless another is given.

    Raises:
        ServiceUnavailable: the model behind another embedder cannot be used now.
    """
    if one == other:
        return 1.0
    if embedder is None:
        from greenroom.store.ngrams_embedder import NgramsEmbedder

        embedder = NgramsEmbedder()
    first, second = embedder.embed([one[:MOST], other[:MOST]])
    return max(0.0, min(1.0, float(first @ second)))


def similar_problem(expected: float | SimilarExpected, text: str, recorded: str | None) -> str:
    """Why a reply is not near enough, or ''.

    Raises:
        NotHere: it is to be compared with a recorded reply, and none is known.
    """
    wanted = SimilarExpected(at_least=expected) if isinstance(expected, int | float) else expected
    other = wanted.to if wanted.to is not None else recorded
    if other is None:
        raise NotHere("there is no recorded reply to compare with")
    measured = similarity(text, other)
    if measured >= wanted.at_least:
        return ""
    what = "the text given" if wanted.to is not None else "the recorded reply"
    return (
        f"the reply is {measured:.2f} similar to {what}, expected at least {wanted.at_least:g}: "
        f"{shown(text)}, and there {shown(other)}"
    )
