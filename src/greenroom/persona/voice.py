"""The voice section as lines of the prompt, and as a check of what was said.

Invariant: the lines follow from the contract alone, so the same contract gives the same prompt bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from greenroom.core.values import Finding
from greenroom.persona.contract import Voice

DETECTOR = "voice.never"
"""The detector name of a forbidden word, as rules and verdicts cite it."""


def lines(voice: Voice) -> tuple[str, ...]:
    """What the prompt says about how to speak; none when the contract says nothing."""
    told: list[str] = []
    if voice.tone:
        told.append(f"Tone: {', '.join(voice.tone)}.")
    if voice.never:
        told.append("Never use these words: " + ", ".join(f'"{word.removesuffix("*")}"' for word in voice.never) + ".")
    for example in voice.example:
        told += ["Example:", f"  They say: {example.user}", f"  You say: {example.reply}"]
    return tuple(told)


def broken(text: str, never: Sequence[str], path: str = "text") -> tuple[Finding, ...]:
    """Where the text uses a forbidden word or phrase: whole words, whatever the case and the spacing between them.

    `guarantee` finds `Guarantee` but not `guaranteed`; `guarantee*` finds both. Spans are code points of `text`.
    """
    if not never:
        return ()
    found = _pattern(tuple(never)).finditer(text)
    return tuple(Finding(detector=DETECTOR, path=path, start=match.start(), end=match.end()) for match in found)


@lru_cache(maxsize=64)
def _pattern(never: tuple[str, ...]) -> re.Pattern[str]:
    """Alternatives of literals only, longest first, so the time to search is linear in the text."""
    ordered = sorted(never, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(_literal, ordered)) + ")", re.IGNORECASE)


def _literal(phrase: str) -> str:
    words = phrase.removesuffix("*").split()
    return r"\s+".join(map(re.escape, words)) + (r"\w*" if phrase.endswith("*") else r"(?!\w)")
