"""Parts of a fixtures folder with some texts beside them that are on no disk.

Invariant: reads through to the folder and never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenroom.core.values import Passage
from greenroom.regression.tape.parts import Parts


class PartsWith(Parts):
    """`base` with `texts` by part name in front of it."""

    def __init__(self, base: Parts, texts: Mapping[str, str]) -> None:
        super().__init__(base.folder.parent)
        self._base = base
        self._fresh = texts

    def component(self, name: str) -> str:
        """See `Parts.component`."""
        return self._fresh.get(name) or self._base.component(name)

    def passage(self, name: str) -> str:
        """See `Parts.passage`."""
        return self._fresh[name] if name in self._fresh else self._base.passage(name)

    def candidates(self, name: str, listed: Callable[[str], tuple[Passage, ...]]) -> Mapping[str, Passage]:
        """See `Parts.candidates`."""
        if name not in self._fresh:
            return self._base.candidates(name, listed)
        return {passage.id: passage for passage in listed(self._fresh[name])}
