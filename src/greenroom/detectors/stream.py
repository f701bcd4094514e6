"""How much of a text that is still growing can be shown, because no detector can reach back into it any more.

Invariant: a finding of up to 256 characters never straddles the boundary; neither does a private key of up to 8 192.
"""

from __future__ import annotations

import re

HELD = 256
KEY_HELD = 8_192

_KEY_START, _KEY_END = "-----BEGIN", re.compile(r"-----END [A-Z0-9 ]*-----[^-]")

# What may be the beginning of a finding at the end of the text: an open link, a keyword with its value, a run of digits
# and capitals with spaces between, a mask, or simply the last word.
_OPEN = re.compile(
    r"(?:\[[^\[\]\n]*(?:\](?:\([^()\s]*)?)?"
    r"|<a\s[^<>]*(?:>[^<>]*)?"
    r"|[\w ]{0,20}[\"']?\s?(?:[:=]|=>)\s?[\"']?\S*"
    r"|(?<!\w)[+0-9A-Z][0-9A-Z ().\-/]*"
    r"|\S+)\Z"
)


def settled(text: str) -> int:
    """How many characters from the start of `text` may be released while more is to come."""
    after = max(0, len(text) - HELD)
    key = text.rfind(_KEY_START, max(0, len(text) - KEY_HELD))
    if key >= 0:
        ended = _KEY_END.search(text, key)
        if ended is None:
            return key
        after = max(after, ended.end() - 1)
    opened = _OPEN.search(text, after)
    return opened.start() if opened else len(text)
