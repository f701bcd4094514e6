"""Whether the documents that recorded passages came from still say what they said.

A replay reads no document, so this makes nothing stale: the recorded passages stand for what was read. It is said beside.
Invariant: a passage counts as changed only if its document is gone or holds its text nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.core.values import Passage
from greenroom.regression.tape.candidates import listed
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import Tape
from greenroom.workspace.own_file import read_regular

_MOST_BYTES = 64_000_000
_MASK = re.compile(r"‹[a-z_]+#\d+›")
"""What stands in a passage whose words were masked: it is in no document, and cannot be looked for."""


class Documents:
    """The documents of one workspace, each read at the most once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts: dict[str, str | None] = {}

    def changed(self, tape: Tape, parts: Parts) -> tuple[str, ...]:
        """One line for each document that says something else where a passage in a prompt came from.

        Raises:
            FileInvalid: a passage's text is missing.
        """
        found: dict[str, str] = {}
        for passage in _shown(tape, parts):
            text = self._text(passage.source)
            name = inert_line(passage.source, 80)
            if text is None:
                found[passage.source] = f"corpus: {name} is gone"
            elif passage.text not in text and not _MASK.search(passage.text):
                found.setdefault(
                    passage.source, f"corpus: {name} says something else where a recorded passage came from"
                )
        return tuple(found.values())

    def _text(self, source: str) -> str | None:
        if source not in self._texts:
            self._texts[source] = self._read(source)
        return self._texts[source]

    def _read(self, source: str) -> str | None:
        path = self._folder / source
        try:
            if not path.resolve().is_relative_to(self._folder.resolve()):
                return None  # a tape names it; nothing outside the knowledge folder is opened for it
            return read_regular(path, _MOST_BYTES, links=True).decode("utf-8-sig", "replace")
        except (OSError, ValueError):
            return None


def _shown(tape: Tape, parts: Parts) -> list[Passage]:
    """The passages that the tape shows: those that reached a prompt, or that a verdict kept out of one."""
    out: list[Passage] = []
    for line in tape.events:
        if "candidates" in line:
            names = {str(name) for name, *_ in line["retrieve"]}
            try:
                found = parts.candidates(str(line["candidates"]), lambda text: listed(text, parts))
            except (ValueError, TypeError):
                raise FileInvalid(
                    "the recorded candidates are not of the form a tape has", where="fixtures/.parts"
                ) from None
            out += [passage for key, passage in found.items() if key in names]
    return out
