"""The candidates of a retrieval, kept and dropped: in full beside the tape, one line each, so that the tape stays short.

Invariant: reading what was written gives the same passages in the same order with the same scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from greenroom.core.values import Passage
from greenroom.regression.tape.parts import Parts, text_name


def listing(candidates: Sequence[Passage], names: Mapping[str, str], texts: dict[str, str]) -> str:
    """One line a candidate; `names` are those of the ones the tape shows. Their texts go into `texts` by part name."""
    out = []
    for passage in candidates:
        part = text_name(passage.text)
        texts[part] = passage.text
        place = [passage.source, passage.heading, [passage.start, passage.end], passage.collection, passage.origin]
        scores = [passage.score, passage.vector, passage.lexical]
        out.append(orjson.dumps([names.get(passage.id), *place, part, *scores]).decode() + "\n")
    return "".join(out)


def listed(text: str, parts: Parts) -> tuple[Passage, ...]:
    """The candidates of a listing; one the tape does not show is called by its rank.

    Raises:
        ValueError: it is not a listing.
        FileInvalid: a passage's text is missing.
    """
    out = []
    for rank, row in enumerate(text.splitlines()):
        name, source, heading, (start, end), collection, origin, part, score, vector, lexical = orjson.loads(row)
        passage = Passage(
            id=name or f"rank{rank}",
            source=source,
            heading=heading,
            text=parts.passage(part),
            start=start,
            end=end,
            collection=collection,
            score=score,
            vector=vector,
            lexical=lexical,
            origin=origin,
        )
        out.append(passage)
    return tuple(out)
