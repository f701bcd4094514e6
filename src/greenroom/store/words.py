"""Words as the indexes see them: folded, without function words.

Invariant: two spellings that differ only in case or accents are one word here, as they are to SQLite's tokenizer.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")

STOPWORDS = frozenset(
    """a about after again all also am an and any are as at be because been before being but by can could did do does
    doing for from had has have having he her here hers him his how i if in into is it its just me more most my no nor
    not now of off on once only or other our out over own please same she should so some such than that the their them
    then there these they this those through to too under until up us very was we were what when where which while who
    whom why will with would you your yours s t d ll m re ve don hello hey hi
    get got know let like need ok okay sorry tell thank thanks want wanted wants""".split()  # noqa: SIM905  # read as prose, not as a list
)
"""English function words and the small talk of a chat: they decide nothing, and an unknown one must not be "corrected"."""


def folded(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(mark for mark in spread if not unicodedata.combining(mark))


def content_words(text: str, limit: int = 24) -> tuple[str, ...]:
    """The first `limit` distinct words of a query that carry meaning, folded, in order."""
    words = dict.fromkeys(_WORD.findall(folded(text[:4_000])))
    return tuple(word for word in words if word not in STOPWORDS)[:limit]
