"""What a word the corpus lacks was probably meant to be, from the corpus's own words.

Invariant: a suggestion is a word of the corpus, keeps the first letter (or swaps the first two), and is one slip
away, or two in a long word; a word that is no slip of anything stays unknown, so that nonsense finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from greenroom.store.store import Store

_SHORTEST = 5
"""Of four letters, every second word is one slip from another: `want` is no misspelt `wait`."""
_TWO_SLIPS_FROM = 7
_ENDINGS = ("", "s", "es")


class Speller:
    """Suggests words of a store's corpus. Blocks. Reads the dictionary on first use, and again when it changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation = -1
        self._counts: dict[str, int] = {}
        self._letters = ""
        self._shelves: dict[tuple[str, int], list[str]] = {}

    def suggest(self, word: str) -> str:
        """The likeliest word of the corpus, or '' when none is near."""
        if len(word) < _SHORTEST or any(map(str.isdigit, word)):
            return ""
        self._refresh()
        near = [form for guess in _one_slip(word, self._letters) for form in self._forms(guess)]
        if not near and len(word) >= _TWO_SLIPS_FROM:
            near = [guess for guess in self._shelf(word) if _slips(word, guess, 2) <= 2]
        near = [guess for guess in near if len(guess) >= _SHORTEST and _starts_alike(word, guess)]
        return min(near, key=lambda guess: (_slips(word, guess, 3), -self._counts[guess], guess), default="")

    def _refresh(self) -> None:
        generation = self._store.generation
        if generation == self._generation:
            return
        rows = self._store.rows("select term, doc from dictionary where length(term) between 3 and 30")
        self._counts = {str(term): int(str(count)) for term, count in rows}
        self._letters = "".join(sorted({letter for term in self._counts for letter in term if letter.isalpha()})[:80])
        shelves: dict[tuple[str, int], list[str]] = defaultdict(list)
        for term in self._counts:
            shelves[term[0], len(term)].append(term)
        self._shelves = dict(shelves)
        self._generation = generation

    def _forms(self, guess: str) -> Iterator[str]:
        """The guess, or a word of the corpus that is one of its forms: only `refunds` may be written there."""
        yield from (guess + ending for ending in _ENDINGS if guess + ending in self._counts)

    def _shelf(self, word: str) -> Iterable[str]:
        """Words with the first letter and nearly the length of `word`."""
        for length in range(len(word) - 2, len(word) + 3):
            yield from self._shelves.get((word[0], length), ())


def _starts_alike(word: str, guess: str) -> bool:
    return word[0] == guess[0] or word[:2] == guess[1::-1]


def _one_slip(word: str, letters: str) -> Iterator[str]:
    """Every word one deletion, swap of neighbours, substitution or insertion away."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in letters)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in letters)


def _slips(word: str, guess: str, most: int) -> int:
    """Edits between two words, a swap of neighbours counting one (optimal string alignment); `most` + 1 if more."""
    older: list[int] = []
    last = list(range(len(guess) + 1))
    for i, letter in enumerate(word, 1):
        row = [i]
        for j, other in enumerate(guess, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == guess[j - 2] and word[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(last) > most:
            return most + 1
        older, last = last, row
    return last[-1]
