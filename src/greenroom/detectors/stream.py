"""How much of a text that is still growing can be shown, because no detector can reach back into it any more.

Invariant: what was once settled stays settled, and a finding of up to 256 characters never straddles the boundary.
"""

from __future__ import annotations

import re

HELD = 256

# What may be the beginning of a finding at the end of the text: an open private key, an open link, a keyword with its
# value, a run of digits with spaces between, or simply the last word.
_OPEN = re.compile(
    r"(?:-----BEGIN(?:(?!-----END)[\s\S])*"
    r"|\[[^\[\]\n]*(?:\](?:\([^()\s]*)?)?"
    r"|<a\s[^<>]*(?:>[^<>]*)?"
    r"|[\w ]{0,20}[\"']?\s?(?:[:=]|=>)\s?[\"']?\S*"
    r"|[+0-9][0-9A-Z ().\-/]*"
    r"|\S+\s?)\Z"
)


def settled(text: str) -> int:
    """How many characters from the start of `text` may be released while more is to come."""
    if not text:
        return 0
    window = max(0, len(text) - HELD)
    opened = _OPEN.search(text, window)
    return opened.start() if opened else len(text)
