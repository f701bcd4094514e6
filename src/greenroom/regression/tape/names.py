"""Stable names in place of ids that differ from run to run: passages are p1, p2 ..., memories m1, m2 ...

Invariant: names count by first appearance, so naming what is already named so changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[pm][1-9]\d{0,5}")


class Names:
    """Which id has which name on one tape.

    A replay passes the names of `proposed` memories: whatever is not named yet then takes the next of these, because
    in a replay nothing but the turn's own proposals comes from elsewhere than the tape.
    """

    def __init__(self, proposed: Iterable[str] | None = None) -> None:
        self._known: dict[str, dict[str, str]] = {"p": {}, "m": {}}
        self._last = {"p": 0, "m": 0}
        self._replaying = proposed is not None
        self._proposed = list(reversed(list(proposed or ())))

    def passage(self, key: str) -> str:
        return self._name("p", key)

    def memory(self, key: str) -> str:
        return self._name("m", key)

    def of(self, key: str) -> str:
        """The name an id already has, with the round of its edits (`m1.2`) where the id has one; else the id itself."""
        whole = self._known["p"].get(key) or self._known["m"].get(key)
        memory, _, edits = key.rpartition(".")
        if whole is None and edits.isdecimal() and memory in self._known["m"]:
            return f"{self._known['m'][memory]}.{edits}"
        return whole or key

    def _name(self, kind: str, key: str) -> str:
        known = self._known[kind]
        if key not in known:
            known[key] = self._recorded(kind, key) or self._next(kind)
        return known[key]

    def _recorded(self, kind: str, key: str) -> str:
        if not self._replaying:
            return ""
        if _NAME.fullmatch(key):
            self._last[kind] = max(self._last[kind], int(key[1:]))
            if kind == "m" and key in self._proposed:
                self._proposed.remove(key)  # it was not proposed anew
            return key
        return self._proposed.pop() if kind == "m" and self._proposed else ""

    def _next(self, kind: str) -> str:
        self._last[kind] += 1
        return f"{kind}{self._last[kind]}"
