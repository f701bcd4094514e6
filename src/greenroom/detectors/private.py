"""Whether words that a person types for the workbench itself hold what no file of it may keep: a key, or a card's number.

Invariant: what was found is never said again, only of which kind it is.
"""

from __future__ import annotations

from greenroom.core.values import Json
from greenroom.detectors.find import LABELS, find

_NEVER = "secret."
_CARD = "personal.card"


def private_in(payload: Json) -> str:
    """`a card number` or `a secret (token)` where there is one, else ''."""
    for finding in find(payload):
        if finding.detector == _CARD:
            return "a card number"
        if finding.detector.startswith(_NEVER):
            return f"a secret ({LABELS[finding.detector]})"
    return ""
