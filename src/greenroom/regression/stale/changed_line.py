"""The line of a TOML text at which a key stands that is other than it was.

Invariant: the line is one of today's text, or 0 where neither the key nor a table that it would stand in is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenroom.core.toml_text import Path, positions, tables
from greenroom.regression.stale.by_key import NAMES


class Written:
    """A TOML text in which many keys are looked for. Raises on construction FileInvalid: it is no TOML."""

    def __init__(self, text: str, file: str) -> None:
        self.lines = text.splitlines()
        self._tables = tables(text, file)
        self.positions = positions(text)
        self._begins = sorted({*self.positions.values(), len(self.lines) + 1})

    def path_of(self, names: tuple[str, ...]) -> Path:
        """The path of a key as `positions` has it: a named entry of a list by its number, what is not there by its name."""
        here: Any = self._tables
        found: Path = ()
        for name in names:
            part: str | int = name
            if isinstance(here, list):
                part = next((at for at, entry in enumerate(here) if _named(entry, name)), name)
            here = here[part] if isinstance(part, int) else here.get(name) if isinstance(here, Mapping) else None
            found = (*found, part)
        return found

    def block(self, path: Path) -> tuple[int, list[str]]:
        """Where a key, or what it would stand in, begins, and its lines; 0 and none where neither is there.

        Of a key that is there that is all that stands in it; of another the line of what it would stand in, or all lines
        of a value that is written in several.
        """
        inside = [line for key, line in self.positions.items() if key[: len(path)] == path] if path else []
        while not inside and path:
            path = path[:-1]
            inside = [self.positions[path]] if path in self.positions else []
        if not inside:
            return 0, []
        end = next(line for line in self._begins if line > max(inside))
        return min(inside), self.lines[min(inside) - 1 : end - 1]


def changed_line(old: Written | None, new: Written, before: Path, after: Path) -> int:
    """The first line of a key's that differs, where it has several; `before` and `after` are its path in each text."""
    first, lines = new.block(after)
    then = old.block(before)[1] if old is not None else []
    pairs = zip(then, lines, strict=False)
    return first + next((at for at, (one, other) in enumerate(pairs) if one != other), 0)


def _named(entry: Any, name: str) -> bool:
    return isinstance(entry, Mapping) and any(entry.get(key) == name for key in NAMES)
