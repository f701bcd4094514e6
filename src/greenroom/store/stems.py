"""Words to the stems SQLite's own tokenizer makes of them, so that what matched can be named exactly.

Invariant: two words have one stem here just when the lexical leg takes them for the same word.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_MOST_KEPT = 50_000


class Stemmer:
    """Asks an FTS5 table in memory, once for each word. Blocks; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stems: dict[str, str] = {}
        self._connection: sqlite3.Connection | None = None

    def matched(self, text: str, stems: frozenset[str], most: int = 12) -> tuple[str, ...]:
        """The words of a text that have one of the stems, lower case, each once, in order."""
        words = list(dict.fromkeys(_WORD.findall(text.lower())))
        known = self.stems(words)
        return tuple(word for word in words if known[word] in stems)[:most]

    def stems(self, words: Iterable[str]) -> dict[str, str]:
        """Each word with its stem."""
        with self._lock:
            wanted = list(words)
            if fresh := [word for word in wanted if word not in self._stems]:
                if len(self._stems) > _MOST_KEPT:
                    self._stems.clear()
                    fresh = list(dict.fromkeys(wanted))
                self._learn(fresh)
            return {word: self._stems[word] for word in wanted}

    def _learn(self, words: list[str]) -> None:
        connection = self._connection or _table()
        if self._connection is None:
            self._connection = connection
            weakref.finalize(self, connection.close)
        connection.executemany("insert into words (rowid, word) values (?, ?)", enumerate(words))
        found = dict(connection.execute("select doc, term from instances where offset = 0"))
        connection.execute("delete from words")
        self._stems.update((word, found.get(number, word)) for number, word in enumerate(words))


def _table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("create virtual table words using fts5 (word, tokenize='porter unicode61 remove_diacritics 2')")
    connection.execute("create virtual table instances using fts5vocab (words, instance)")
    return connection
