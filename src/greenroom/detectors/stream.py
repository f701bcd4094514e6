"""How much of a text that is still growing can be shown, because no detector can reach back into it any more.

Invariant: a finding of up to 256 characters never straddles the boundary; neither does a private key of up to 8 192.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_letters, digits

from greenroom.detectors.find import find
from greenroom.detectors.fold import fold
from greenroom.detectors.own import OwnDetector

HELD = 256
KEY_HELD = 8_192
_KEYWORD_HELD = 40
"""Characters before a value that its keyword, sign and quotes may take; without them nobody sees that it is a secret."""

_LONGEST_WORD = 4_096
"""A run of letters and digits that is longer is cut apart; nothing of a language is."""
_IN_WORDS = ascii_letters + digits + "_"

_KEY_START, _KEY_END = "-----BEGIN", re.compile(r"-----END [A-Z0-9 ]*-----[^-]")

# What may be the beginning of a finding at the end of the text: an open link, a keyword with its value, a run of digits
# and capitals with spaces between, a mask, or simply the last word.
_OPEN = re.compile(
    r"(?:\[[^\[\]\n]*(?:\](?:\([^()\s]*)?)?"
    r"|<a\s(?:(?!</a)[\s\S])*"
    r"|[\w \-]{0,20}[\"']?\s*(?:[:=]|=>)\s*[\"']?\S*"
    r"|(?i:api|access|secret|private|signing|client|auth|bearer|basic|passw|passphrase|pwd|token|credential|kennwort"
    r"|wachtwoord|mot de|contrase)[\w \-\t\n\"'`:=>]{0,40}\S*"
    r"|(?i:(?<![a-z0-9])[a-z]{2}[ \-]?[0-9]{2}[a-z0-9 \-]{0,50})"
    r"|(?<![^\W_])[+0-9A-Z][0-9A-Z ().\-/]*"
    r"|\S+)\Z"
)


def settled(text: str, own: Sequence[OwnDetector] = ()) -> int:
    """How many characters from the start of `text` may be released while more is to come.

    `own` are the workspace's detectors that matter here; one without a `reach` lets nothing go.
    """
    folded = fold(text)
    cut = _settled(folded.text, own)
    return folded.span(0, cut)[1] if cut else 0


def _settled(text: str, own: Sequence[OwnDetector]) -> int:
    """The same for a text that is folded."""
    cut = _closed(text)
    if own and cut:
        cut = min(cut, _out_of_reach(text, own))
    if not cut or (not own and text.replace(" ", "").isalpha()):
        return cut
    spans = sorted(_uncut(text, own))
    while cut > 0:
        before = cut
        for start, end in reversed(spans):
            cut = start if start < cut <= end else cut
        if own:
            cut = _word_start(text, cut)
        if cut == before:
            break
    return max(0, cut)


def _uncut(text: str, own: Sequence[OwnDetector]) -> Iterator[tuple[int, int]]:
    """What a cut must not go through: findings, and a finding with its keyword.

    What ends a built-in one may begin something new, so a cut may stand right behind it, but not behind an own one,
    whose pattern may end on the edge of what follows.
    """
    for item in find(text):
        yield max(0, item.start - (_KEYWORD_HELD if item.detector == "secret.keyed" else 0)), item.end - 1
    for detector in own:
        for match in detector.matches(text):
            yield match.first, match.last


def _out_of_reach(text: str, own: Sequence[OwnDetector]) -> int:
    """How far no own match can begin any more that what is to come would change: not in the last `reach` characters.

    One more is for the edge of a word behind a match.
    """
    reach = 0
    for detector in own:
        if detector.reach is None:
            return 0
        reach = max(reach, detector.reach)
    return max(0, len(text) - reach - 1)


def _word_start(text: str, cut: int) -> int:
    """The place at or before `cut` that no word goes over, so that each side of it reads as it does in the whole."""
    tail = text[max(0, cut - _LONGEST_WORD) : cut]
    word = len(tail) - len(tail.rstrip(_IN_WORDS))
    return cut - word if word < _LONGEST_WORD else cut


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
