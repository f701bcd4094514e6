"""The placeholders of a tape that stand for a value: the others were there when it was recorded, as words like any others.

Invariant: a placeholder is both only where a rule of the session had put it in the place of that very value later on: an
export gives out no other number that stands in what it exports already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from greenroom.core.events import Record
from greenroom.core.values import Json
from greenroom.detectors.own import MASK
from greenroom.detectors.walk import walk

if TYPE_CHECKING:
    from greenroom.regression.tape.tape import Line

REPLACED = "replaced"
"""The key of a header that lists them."""
_BEGINS = "‹"
_NONE: frozenset[str] = frozenset()


def put_in(recorded: Iterable[Record], clean: Iterable[Record]) -> list[str]:
    """The placeholders that stand in `clean` where there was something else, by kind and number."""
    found: set[str] = set()
    for old, new in zip(recorded, clean, strict=True):
        if old is not new:
            before, after = (Counter(MASK.findall(one.event.model_dump_json())) for one in (old, new))
            found |= (after - before).keys()
    return in_order(found)


def in_order(masks: Iterable[str]) -> list[str]:
    """Placeholders by kind and number."""
    return sorted(masks, key=_order)


def replaced_of(header: Line) -> frozenset[str]:
    """Those that a header lists; what is not of their form is none."""
    found = header.get(REPLACED)
    listed = found if isinstance(found, list) else []
    return frozenset(one for one in listed if isinstance(one, str) and MASK.fullmatch(one))


def masks_in(value: Json) -> frozenset[str]:
    """Every placeholder in a value, its keys included."""
    if type(value) is str:
        return frozenset(MASK.findall(value)) if _BEGINS in value else _NONE
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:  # half a character, or a number that is none
        return frozenset(mask for _, text in walk(value).strings for mask in MASK.findall(text))
    # Nothing of a placeholder is written as an escape, and none goes on behind the end of its text.
    return frozenset(MASK.findall(written.decode())) if _BEGINS.encode() in written else _NONE


def _order(mask: str) -> tuple[str, int]:
    kind, _, number = mask.strip("‹›").partition("#")
    return kind, int(number)
