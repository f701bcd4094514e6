"""The lexical leg: FTS5 with porter stemming over headings and text, its scores made comparable between queries.

Invariant: a score lies in 0..1 and says which share of the query's information a chunk holds; it is bm25 over the
most that bm25 could give for these words, and a word the corpus lacks counts as a rare one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.store.stems import Stemmer
from greenroom.store.store import Store

_K1 = 1.2
"""FTS5's own constant; together with its b = 0.75 it cannot be set."""
HEADING_WEIGHT = 1.5
SMALL = 40
"""Under so many chunks bm25 has no statistics (a word in half of them counts for nothing): then words are counted."""


_TELLING = 0.9
_UNKNOWN_SHARE = 0.02
"""A word the corpus lacks weighs like one in a fiftieth of the chunks: enough to make a stray match a poor one."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word to look for. `weight` under 1 marks a guess at what a misspelt word was."""

    word: str
    chunks: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A chunk's number with its score in 0..1."""

    number: int
    score: float


class LexicalIndex:
    """Word search over a store's chunks. Blocks. Remembers word counts until the corpus changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[str, int] = {}
        self._total = 0
        self._generation = -1
        self._stemmer = Stemmer()

    def total(self) -> int:
        """How many chunks there are."""
        self._refresh()
        return self._total

    def chunks_with(self, word: str) -> int:
        """How many chunks hold a word, in any of its forms."""
        self._refresh()
        if word not in self._counts:
            rows = self._store.rows("select count(*) from chunk_stems where chunk_stems match ?", _quoted(word))
            self._counts[word] = int(str(rows[0][0]))
        return self._counts[word]

    def search(self, terms: Sequence[Term], ideal: float, collections: Sequence[str], limit: int) -> list[LexicalHit]:
        """The best chunks for any of the terms, best first.

        Args:
            terms: what to look for.
            ideal: the information of the whole query, by `information`.
            collections: where to look; empty is everywhere.
            limit: the most to return.
        """
        known = [term for term in terms if term.chunks]
        if not known or ideal <= 0:
            return []
        scope, values = _scope(collections)
        rows = self._store.rows(
            f"""select f.rowid, -bm25(chunk_stems, {HEADING_WEIGHT}, 1.0) as score from chunk_stems f {scope}
            chunk_stems match ? order by score desc, f.rowid limit ?""",  # noqa: S608  # marks only
            *values,
            " OR ".join(_quoted(term.word) for term in self._telling(known)),
            limit,
        )
        if self.total() < SMALL:
            return self._counted([int(str(number)) for number, _ in rows], known, ideal)
        # A hit that rests on guessed words is worth as much as the guesses.
        trust = sum(term.weight * self.information(term) for term in known) / sum(map(self.information, known))
        return [LexicalHit(int(str(number)), min(1.0, trust * float(str(score)) / ideal)) for number, score in rows]

    def information(self, term: Term) -> float:
        """The most bm25 can give for this word: its inverse document frequency times what a full count is worth.

        A number the corpus lacks has none: it is some order's or person's, and says nothing of what is asked.
        """
        if not term.chunks and term.word.isdigit():
            return 0.0
        total = self.total()
        held = min(total, term.chunks or max(1, round(total * _UNKNOWN_SHARE)))
        odds = (total - held + 0.5) / (held + 0.5)
        if total < SMALL:
            return math.log(1 + odds)
        return max(math.log(odds), 1e-6) * (_K1 + 1)

    def _telling(self, terms: Sequence[Term]) -> list[Term]:
        """The rarest terms that hold nearly all the information; the rest would cost most of the time and order nothing."""
        rarest = sorted(terms, key=lambda term: (term.chunks, term.word))
        needed = _TELLING * sum(map(self.information, terms))
        kept: list[Term] = []
        for term in rarest:
            if needed <= 0:
                break
            kept.append(term)
            needed -= self.information(term)
        return kept

    def _counted(self, numbers: Sequence[int], terms: Sequence[Term], ideal: float) -> list[LexicalHit]:
        """Scores by which terms a chunk holds at all; equals keep the order of `numbers`."""
        scores = dict.fromkeys(numbers, 0.0)
        for term in terms:
            rows = self._store.rows("select rowid from chunk_stems where chunk_stems match ?", _quoted(term.word))
            for number in {int(str(row[0])) for row in rows} & scores.keys():
                scores[number] += term.weight * self.information(term) / ideal
        return sorted((LexicalHit(n, min(1.0, score)) for n, score in scores.items()), key=lambda hit: -hit.score)

    def stems(self, terms: Sequence[Term]) -> frozenset[str]:
        """The stems of the terms the corpus has."""
        return frozenset(self._stemmer.stems([term.word for term in terms if term.chunks]).values())

    def matched(self, text: str, stems: frozenset[str]) -> tuple[str, ...]:
        """The words of a chunk that the lexical leg found it by."""
        return self._stemmer.matched(text, stems)

    def _refresh(self) -> None:
        generation = self._store.generation
        if generation != self._generation:
            self._counts = {}
            self._total = int(str(self._store.rows("select count(*) from chunks")[0][0]))
            self._generation = generation


def _quoted(word: str) -> str:
    """A word as FTS5 takes it literally, whatever is in it."""
    return '"' + word.replace('"', '""') + '"'


def _scope(collections: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if not collections:
        return "where", ()
    marks = ",".join("?" * len(collections))
    join = "join chunks c on c.id = f.rowid join documents d on d.id = c.document"
    return f"{join} where d.collection in ({marks}) and", tuple(collections)
