"""Whether the documents that recorded passages came from still say what they said, and are still looked into.

A replay reads no document: the recorded passages stand for what was read, so what changed is said by name and nothing
else shows it. Invariant: only a passage that this very fixture was shown counts; it has changed if its document is gone,
holds its text nowhere, or is in the passage's collection no more. Where a workspace has no documents nothing is said.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import NamedTuple
from weakref import WeakKeyDictionary

from greenroom.core.canonical import digest
from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.core.inert import inert_line
from greenroom.core.values import Passage
from greenroom.regression.stale.passage_line import line_of_change
from greenroom.regression.tape.candidates import listed
from greenroom.regression.tape.parts import Parts, part_name
from greenroom.regression.tape.tape import Tape
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_regular
from greenroom.workspace.settings import load_settings

DOCUMENTS = "documents"
"""The digest of a tape by which somebody took over that documents say something else than when it was recorded."""
_MOST_BYTES = 64_000_000
_MASK = re.compile(r"‹[a-z_]+#\d+›")
"""What stands in a passage whose words were masked, or in the name of its document: on disk nothing is called that."""


class Changed(NamedTuple):
    """What is told of a document, and the collection that greenroom.toml has it in no more, where it is that, or the line
    at which it says something else, 0 where that is not known.
    """

    told: str
    collection: str = ""
    line: int = 0


class Documents:
    """The documents of one workspace, each read at the most once."""

    def __init__(self, root: Path) -> None:
        self._workspace = Workspace(root)
        self._there = self._workspace.knowledge.is_dir()
        self._texts: dict[str, str | None] = {}
        self._within: dict[str, frozenset[str]] | None = None
        self._looked_at: dict[tuple[str, str, str], Changed | None] = {}

    def changed(self, tape: Tape, parts: Parts) -> dict[str, Changed]:
        """What is told of each document that is not what a passage came from that the tape shows, by its name.

        Raises:
            FileInvalid: a passage's text is missing.
        """
        found: dict[str, Changed] = {}
        for passage in _shown(tape, parts) if self._there else ():
            if passage.source not in found and (what := self._looked(passage)):
                found[passage.source] = what
        return found

    def state(self, tape: Tape, parts: Parts) -> str:
        """A digest of the documents that changed, as they are now; '' where none did. Raises as `changed`."""
        found = self.changed(tape, parts)
        texts = [[source, found[source].told, digest(self._text(source) or "")] for source in sorted(found)]
        return part_name(digest(texts)) if texts else ""

    def _looked(self, passage: Passage) -> Changed | None:
        """What is wrong with where a passage came from: once for all tapes that show it."""
        key = (passage.source, passage.collection, passage.text)
        if key not in self._looked_at:
            found = self._wrong(passage)
            told = f"corpus: {inert_line(passage.source, 80)} {found.told}"
            self._looked_at[key] = found._replace(told=told) if found.told else None
        return self._looked_at[key]

    def _wrong(self, passage: Passage) -> Changed:
        if _MASK.search(passage.source):
            return Changed("")
        text, recorded = self._text(passage.source), passage.text.replace("\r\n", "\n")
        if text is None:
            return Changed("is gone")
        if recorded not in text and not _MASK.search(passage.text):
            line = line_of_change(recorded, text)
            return Changed("says something else where a recorded passage came from", line=line)
        within = self._collections()
        if passage.collection and within is not None and passage.source not in within.get(passage.collection, ()):
            return Changed(f"is in the collection '{inert_line(passage.collection, 40)}' no more", passage.collection)
        return Changed("")

    def _text(self, source: str) -> str | None:
        if source not in self._texts:
            self._texts[source] = self._read(source)
        return self._texts[source]

    def _read(self, source: str) -> str | None:
        folder = self._workspace.knowledge
        path = folder / source
        try:
            if not path.resolve().is_relative_to(folder.resolve()):
                return None  # a tape names it; nothing outside the knowledge folder is opened for it
            return read_regular(path, _MOST_BYTES, links=True).decode("utf-8-sig", "replace").replace("\r\n", "\n")
        except (OSError, ValueError):
            return None

    def _collections(self) -> dict[str, frozenset[str]] | None:
        """The documents of each collection as greenroom.toml says; None where it cannot be read, which others say."""
        if self._within is None:
            try:
                declared = load_settings(self._workspace).knowledge.collections
            except GreenroomError:
                return None
            self._within = {name: frozenset(self._named(globs)) for name, globs in declared.items()}
        return self._within

    def _named(self, globs: tuple[str, ...]) -> list[str]:
        folder = self._workspace.knowledge
        below = [glob for glob in globs if glob and not PurePath(glob).is_absolute()]
        try:
            return [path.relative_to(folder).as_posix() for glob in below for path in folder.glob(glob)]
        except ValueError:  # no pattern, which taking documents in says
            return []


_KNOWN: WeakKeyDictionary[Parts, Documents] = WeakKeyDictionary()


def documents_beside(parts: Parts) -> Documents:
    """The documents of the workspace that a fixtures folder lies in: read once for all that its parts are read for."""
    if parts not in _KNOWN:
        _KNOWN[parts] = Documents(parts.workspace)
    return _KNOWN[parts]


def corpus_changes(tape: Tape, parts: Parts) -> tuple[str, ...]:
    """Which documents are not what the tape's passages came from, a line each; none where that was taken over."""
    return tuple(one.told for one in changed_documents(tape, parts).values())


def changed_documents(tape: Tape, parts: Parts) -> dict[str, Changed]:
    """The same by the document's name. A passage whose text is missing is left to those who read it."""
    try:
        documents = documents_beside(parts)
        found = documents.changed(tape, parts)
        accepted = tape.digests.get(DOCUMENTS)
        return {} if accepted and documents.state(tape, parts) == accepted else found
    except FileInvalid:
        return {}


def corpus_state(tape: Tape, parts: Parts) -> dict[str, str]:
    """What a tape that is taken over says of the documents: nothing where they are what its passages came from."""
    try:
        state = documents_beside(parts).state(tape, parts)
    except FileInvalid:
        return {}
    return {DOCUMENTS: state} if state else {}


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
