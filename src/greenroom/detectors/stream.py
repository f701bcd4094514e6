"""How much of a text that is still growing can be shown, because no detector can reach back into it any more.

Invariant: a finding of up to 256 characters never straddles the boundary; neither does a private key of up to 8 192.
"""

from __future__ import annotations

import re

from greenroom.detectors.find import find

HELD = 256
KEY_HELD = 8_192
_KEYWORD_HELD = 40
"""Characters before a value that its keyword, sign and quotes may take; without them nobody sees that it is a secret."""

_KEY_START, _KEY_END = "-----BEGIN", re.compile(r"-----END [A-Z0-9 ]*-----[^-]")

# What may be the beginning of a finding at the end of the text: an open link, a keyword with its value, a run of digits
# and capitals with spaces between, a mask, or simply the last word.
_OPEN = re.compile(
    r"(?:\[[^\[\]\n]*(?:\](?:\([^()\s]*)?)?"
    r"|<a\s[^<>]*(?:>[^<>]*)?"
    r"|[\w \-]{0,20}[\"']?\s*(?:[:=]|=>)\s*[\"']?\S*"
    r"|(?i:(?:api|access|secret|passw(?:or)?d|pwd|token|credential)s?(?:[_\- ]?(?:k(?:e(?:ys?)?)?)?)?)[\"']?\s*"
    r"|(?<!\w)[+0-9A-Z][0-9A-Z ().\-/]*"
    r"|\S+)\Z"
)


def settled(text: str) -> int:
    """How many characters from the start of `text` may be released while more is to come."""
    cut = _closed(text)
    if cut and not text.replace(" ", "").isalpha():
        for item in reversed(find(text)):
            # What ends a finding may be taken for the beginning of something new: `4242 4242 4242 4242,` `key: x9..: `.
            start = max(0, item.start - (_KEYWORD_HELD if item.detector == "secret.keyed" else 0))
            cut = start if start < cut < item.end else cut
    return cut


def _closed(text: str) -> int:
    """The same, going by what may be the beginning of something at the end."""
    after = max(0, len(text) - HELD)
    key = text.rfind(_KEY_START, max(0, len(text) - KEY_HELD))
    if key >= 0:
        ended = _KEY_END.search(text, key)
        if ended is None:
            return key
        after = max(after, ended.end() - 1)
    opened = _OPEN.search(text, after)
    return opened.start() if opened else len(text)
