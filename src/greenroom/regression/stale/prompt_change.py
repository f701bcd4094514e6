"""What changed in a prompt, edit by edit: whole words, the few before them, and sentences that came or went as a whole.

Invariant: never raises; two places that were edited are told as two, and no sign of a list or a template is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from textwrap import shorten
from typing import NamedTuple

from greenroom.core.inert import inert_line
from greenroom.regression.replay.difference import words_in_short
from greenroom.regression.stale.by_key import in_short
from greenroom.regression.tape.long_text import pieces
from greenroom.views.comparison.words import Piece, alike, opcodes, word_diff

_SHOWN, _CONTEXT, _EDITS = 180, 3, 3
_MOST_PAIRED = 40
"""Sentences of one stretch up to which each is looked for among those that came."""
_WORD = re.compile(r"\S+")
_SIGNS = {"gone": "-", "came": "+"}
_LIST = "-*+#> "
"""What a line of a list or a heading begins with, which is no word of its sentence."""


def prompt_change(old: str, new: str) -> str:
    """`one sentence: … be -brief +short and warm …` between two prompts; `2 edits: …; …` where two places were edited."""
    before, after = _sentences(old), _sentences(new)
    edits = _all_edits(before, after)
    if not edits:
        return words_in_short(old, new, context=_CONTEXT)
    each = _SHOWN // min(len(edits), _EDITS)
    return f"{_counted(edits)}: {in_short([_short(_told(edit.gone, edit.came), each) for edit in edits], most=_EDITS)}"


def prompt_lines(old: str, new: str) -> list[int]:
    """The line of `new` for each edit that `prompt_change` tells of, in the same order: of the first word that is other, and
    for a sentence that went of what stands there now.
    """
    placed = _placed(new)
    return [_line(new, placed, edit) for edit in _all_edits(_sentences(old), [words for words, _ in placed])[:_EDITS]]


class Edit(NamedTuple):
    """Sentences that went, those that came in their place, and how many sentences of the new text stand before them."""

    gone: Sequence[str]
    came: Sequence[str]
    at: int


def _sentences(text: str) -> list[str]:
    return [words for words, _ in _placed(text)]


def _placed(text: str) -> list[tuple[str, int]]:
    """Each sentence with where it begins in the text."""
    found, at = [], 0
    for piece in pieces(text):
        if words := " ".join(piece.split()):
            found.append((words, at + len(piece) - len(piece.lstrip())))
        at += len(piece)
    return found


def _line(text: str, placed: Sequence[tuple[str, int]], edit: Edit) -> int:
    start = placed[edit.at][1] if edit.at < len(placed) else len(text.rstrip())
    old, new = (" ".join(sentences).split() for sentences in (edit.gone, edit.came))
    same = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    words = islice(_WORD.finditer(text, start), same, None) if edit.came else iter(())
    return 1 + text.count("\n", 0, next((word.start() for word in words), start))


def _all_edits(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    blocks = ((before[a:b], after[c:d], c) for equal, a, b, c, d in opcodes(before, after) if not equal)
    return [edit for gone, came, at in blocks for edit in _edits(gone, came, at)]


def _counted(edits: Sequence[Edit]) -> str:
    if len(edits) > 1:
        return f"{len(edits)} edits"
    number = max(len(edits[0].gone), len(edits[0].came))
    return "one sentence" if number == 1 else f"{number} sentences"


def _edits(gone: Sequence[str], came: Sequence[str], first: int) -> Iterator[Edit]:
    """The edits in one stretch: a sentence that was put in other words is one, and so is what stands between two such."""
    if max(len(gone), len(came)) > _MOST_PAIRED:
        yield Edit(gone, came, first)
        return
    start, at = 0, 0
    for place, sentence in enumerate(gone):
        fresh = next((one for one in range(at, len(came)) if alike(word_diff(sentence, came[one]))), None)
        if fresh is not None:
            yield from _between(gone[start:place], came[at:fresh], first + at)
            yield Edit(gone[place : place + 1], came[fresh : fresh + 1], first + fresh)
            start, at = place + 1, fresh + 1
    yield from _between(gone[start:], came[at:], first + at)


def _between(gone: Sequence[str], came: Sequence[str], first: int) -> Iterator[Edit]:
    if gone or came:
        yield Edit(gone, came, first)


def _told(gone: Sequence[str], came: Sequence[str]) -> str:
    old, new = " ".join(gone), " ".join(came)
    words = word_diff(old, new) if old and new else ()
    if words and alike(words, 0.3):
        return " ".join(_marked(words))
    return " ".join(f"{sign}{_bare(text)}" for sign, text in (("-", old), ("+", new)) if text)


def _marked(words: Sequence[Piece]) -> Iterator[str]:
    """What went and came, each behind a few words that stayed; `…` behind the last says that its sentence goes on."""
    stayed: list[str] = []
    for change, text in words:
        if change == "same":
            stayed = text.split()[-_CONTEXT:]
            stayed = stayed[1:] if stayed and not stayed[0].strip(_LIST) else stayed
        elif text.strip():
            yield from ("…", " ".join(stayed)) if stayed else ()
            yield f"{_SIGNS[change]}{text.strip()}"
            stayed = []
    if any(sign.isalnum() for sign in "".join(stayed)):
        yield "…"


def _bare(text: str) -> str:
    return text.lstrip(_LIST) or text


def _short(text: str, limit: int) -> str:
    """Cut behind a whole word."""
    safe = inert_line(text, 4 * limit)
    return safe if len(safe) <= limit else shorten(safe, limit, placeholder=" …") or safe[:limit]
