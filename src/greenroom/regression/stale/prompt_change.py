"""What changed in a prompt, edit by edit: whole words, the few before them, and sentences that came or went as a whole.

Invariant: never raises; two places that were edited are told as two, and no sign of a list or a template is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from greenroom.core.inert import inert_line
from greenroom.regression.replay.difference import words_in_short
from greenroom.regression.tape.long_text import pieces
from greenroom.views.comparison.words import Piece, alike, opcodes, word_diff

_SHOWN, _CONTEXT, _EDITS = 180, 3, 3
_MOST_PAIRED = 40
"""Sentences of one stretch up to which each is looked for among those that came."""
_SIGNS = {"gone": "-", "came": "+"}
_LIST = "-*+#> "
"""What a line of a list or a heading begins with, which is no word of its sentence."""


def prompt_change(old: str, new: str) -> str:
    """`one sentence: … be -brief +short and warm` between two prompts; `2 edits: …; …` where two places were edited."""
    before, after = _sentences(old), _sentences(new)
    edits = [
        edit for equal, a, b, c, d in opcodes(before, after) if not equal for edit in _edits(before[a:b], after[c:d])
    ]
    if not edits:
        return words_in_short(old, new, context=_CONTEXT)
    more = [f"and {len(edits) - _EDITS} more"] if len(edits) > _EDITS else []
    each = _SHOWN // min(len(edits), _EDITS)
    return f"{_counted(edits)}: {'; '.join([*(_short(_told(*edit), each) for edit in edits[:_EDITS]), *more])}"


def _sentences(text: str) -> list[str]:
    found = (" ".join(piece.split()) for piece in pieces(text))
    return [piece for piece in found if piece]


Edit = tuple[Sequence[str], Sequence[str]]
"""Sentences that went, and those that came in their place."""


def _counted(edits: Sequence[Edit]) -> str:
    if len(edits) > 1:
        return f"{len(edits)} edits"
    number = max(map(len, edits[0]))
    return "one sentence" if number == 1 else f"{number} sentences"


def _edits(gone: Sequence[str], came: Sequence[str]) -> Iterator[Edit]:
    """The edits in one stretch: a sentence that was put in other words is one, and so is what stands between two such."""
    if max(len(gone), len(came)) > _MOST_PAIRED:
        yield gone, came
        return
    start, at = 0, 0
    for place, sentence in enumerate(gone):
        fresh = next((one for one in range(at, len(came)) if alike(word_diff(sentence, came[one]))), None)
        if fresh is not None:
            yield from _between(gone[start:place], came[at:fresh])
            yield gone[place : place + 1], came[fresh : fresh + 1]
            start, at = place + 1, fresh + 1
    yield from _between(gone[start:], came[at:])


def _between(gone: Sequence[str], came: Sequence[str]) -> Iterator[Edit]:
    if gone or came:
        yield gone, came


def _told(gone: Sequence[str], came: Sequence[str]) -> str:
    old, new = " ".join(gone), " ".join(came)
    words = word_diff(old, new) if old and new else ()
    if words and alike(words, 0.3):
        return " ".join(_marked(words))
    return " ".join(f"{sign}{_bare(text)}" for sign, text in (("-", old), ("+", new)) if text)


def _marked(words: Sequence[Piece]) -> Iterator[str]:
    """What went and came, each behind a few words that stayed."""
    stayed: list[str] = []
    for change, text in words:
        if change == "same":
            stayed = text.split()[-_CONTEXT:]
            stayed = stayed[1:] if stayed and not stayed[0].strip(_LIST) else stayed
        elif text.strip():
            yield from ("…", " ".join(stayed)) if stayed else ()
            yield f"{_SIGNS[change]}{text.strip()}"
            stayed = []


def _bare(text: str) -> str:
    return text.lstrip(_LIST) or text


def _short(text: str, limit: int) -> str:
    """Cut behind a whole word."""
    safe = inert_line(text, 4 * limit)
    return safe if len(safe) <= limit else shorten(safe, limit, placeholder=" …") or safe[:limit]
