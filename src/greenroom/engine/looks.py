"""The looks at which something that was decided may be decided anew, as the log names them (see `VerdictReached.moment`).

Invariant: of these names none is ever taken for another look, since logs hold them.
"""

from __future__ import annotations

FIRST = ""
"""When it came up: a call with its reply or with an edit of it, words when the turn came to them."""
RUN = "run"
"""When the calls of a reply had been decided, and a call went its way."""
PASSED = "passed"
"""When a call had passed its gate."""
ASK = "ask"
"""When it was a call's turn to be asked about."""
VOID = "void"
"""When a question had become void."""
NOW = "now"
"""When a person was asked what had become of a call that was cut off, and answered, or the question became void."""


def place_of(look: str) -> str:
    """What a look adds to the step of a level that changed at it; one that had a question become void has no step of its own."""
    return "" if look in (FIRST, VOID) else f".{look}"
