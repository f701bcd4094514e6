"""What a selection left out, as a tape counts it, in words: `13 by count, 4 by policy passage.internal, 1 by score`.

Invariant: every reason that a tape has is named, in its order; what has another form is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenroom.core.inert import inert_line

DROPPED = "dropped"
"""The key that a `select` line has it under."""
_SHOWN = 200


def left_out(dropped: Any) -> str:
    """One harmless line, `nothing` where nothing was left out."""
    if not isinstance(dropped, Mapping):
        return "nothing" if not dropped else inert_line(str(dropped), _SHOWN)
    return (
        inert_line(", ".join(f"{_number(what)} by {_why(why)}" for why, what in dropped.items()), _SHOWN) or "nothing"
    )


def left_out_otherwise(old: Any, new: Any) -> str:
    """`left out: 13 by count -> 12 by count, 1 by score`; as many by the same may be others."""
    before, after = left_out(old), left_out(new)
    return f"left out: {before} -> {after}" if before != after else f"left out: {after}, but others"


def _number(what: Any) -> Any:
    """Those that a rule left out are named, so that each is counted."""
    return len(what) if isinstance(what, list) else what


def _why(why: str) -> str:
    """`policy: passage.internal` as it is said."""
    return " ".join(str(why).replace(":", " ").split())
