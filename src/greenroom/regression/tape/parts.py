"""Texts stored once per version beside the tapes: `fixtures/.parts/<digest>.txt`.

Invariant: a passage's part holds exactly the text its name is the digest of; a part is written whole or not at all.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from greenroom.core.canonical import digest
from greenroom.core.errors import DiskFailed, FileInvalid
from greenroom.core.values import Passage
from greenroom.workspace.own_file import read_regular

FOLDER = ".parts"
LENGTH = 16
"""Hex digits of a digest on a tape and in a part's name: enough against accidents, short enough to read."""

NOT_THERE = "restore it from git, or commit it where it was made: git add fixtures"
"""What helps where a part is missing: git may have it, or it was never given to git."""
_LISTINGS = 256
MAX_BYTES = 16_000_000
"""What a part may have; a longer one counts as missing."""


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NAME = re.compile(rf"[0-9a-f]{{{LENGTH}}}")
_FILE = re.compile(rf"{_NAME.pattern}\.txt|\.{_NAME.pattern}\.txt\.\d+\.new")


def part_name(full_digest: str) -> str:
    """The short form of a digest that a tape carries."""
    return full_digest[:LENGTH]


def is_part_name(name: str) -> bool:
    """Whether a digest on a tape can name a part."""
    return _NAME.fullmatch(name) is not None


def text_name(text: str) -> str:
    """The name of the part that holds `text`."""
    return part_name(digest(text))


class Parts:
    """The parts of one fixtures folder, each read at the most once. `beside` are texts by name that are in no file yet."""

    def __init__(self, fixtures: Path, beside: Mapping[str, str] | None = None) -> None:
        self.folder = fixtures / FOLDER
        self._beside = beside or {}
        self._read: dict[str, str] = {}
        self._listings: OrderedDict[str, dict[str, Passage]] = OrderedDict()

    @cached_property
    def workspace(self) -> Path:
        """The folder that the fixtures folder lies in, where a case's files are looked for."""
        return self.folder.absolute().parent.parent

    def component(self, name: str) -> str:
        """The text of a component (prompt, policy ...), or '' if it was not kept."""
        return self._text(name) or ""

    def passage(self, name: str) -> str:
        """A passage's text.

        Raises:
            FileInvalid: it is missing, or not the text it was.
        """
        if name in self._read:
            return self._read[name]
        text = self._text(name)
        if text is None or text_name(text) != name:
            problem = "is missing" if text is None else "is not the text that was recorded"
            raise FileInvalid(
                f"the passage {problem}",
                where=f"{FOLDER}/{name}.txt",
                hint=NOT_THERE if text is None else "restore it from git, or export the session again",
                code="tape.part",
            )
        return self._read.setdefault(name, text)

    def candidates(self, name: str, listed: Callable[[str], tuple[Passage, ...]]) -> Mapping[str, Passage]:
        """The passages by id, in order, that the listing called `name` stands for; fixtures of one workspace share many.

        Raises: as `passage`, and whatever `listed` raises.
        """
        if name not in self._listings:
            self._listings[name] = {passage.id: passage for passage in listed(self.passage(name))}
            if len(self._listings) > _LISTINGS:
                self._listings.popitem(last=False)
        return self._listings[name]

    def has(self, name: str) -> bool:
        """Whether there is a part of that name."""
        return name in self._read or name in self._beside or (self.folder / f"{name}.txt").exists()

    def files(self) -> tuple[Path, ...]:
        """The parts that are there and those left half written, sorted; none where a link stands in the folder's place,
        for what it leads to is not ours.
        """
        if self.folder.is_symlink():
            return ()
        return tuple(sorted(path for path in self.folder.glob("*") if _FILE.fullmatch(path.name)))

    def named_in(self, listing: str) -> set[str]:
        """The parts that the text of a listing names, whether they are there or not."""
        return set(re.findall(rf'"([0-9a-f]{{{LENGTH}}})"', self._text(listing) or ""))

    def write(
        self, texts: Mapping[str, str], written: list[Path] | None = None, *, durable: bool = True
    ) -> tuple[Path, ...]:
        """Put down the texts that are not there yet; returns the files written, and has `written` hold each as it is.

        Raises:
            DiskFailed: one could not be written; none is half there. Or their folder is a link: it may lead anywhere.
        """
        if texts and self.folder.is_symlink():
            raise DiskFailed(f"{self.folder} is a symbolic link, which Greenroom does not write through")
        fresh = [] if written is None else written
        for name, text in texts.items():
            path = self.folder / f"{name}.txt"
            if not _there(path):
                write_whole(path, text.encode(), durable=durable)
                fresh.append(path)
        return tuple(fresh)

    def _text(self, name: str) -> str | None:
        if name in self._beside:
            return self._beside[name]
        if not _NAME.fullmatch(name):
            return None
        try:
            data = read_regular(self.folder / f"{name}.txt", MAX_BYTES)
            return data.decode() if len(data) <= MAX_BYTES else None
        except (OSError, UnicodeDecodeError):
            return None


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise DiskFailed(f"could not look for {path}: {error.strerror or error}") from None


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file by way of a neighbour, so that a crash leaves the old file or the new one; processes do not meet.

    What is not `durable` can be made again, and does not wait for the disk.

    Raises:
        DiskFailed: it could not be written; what was there is untouched.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, _NEW, 0o666), "wb") as file:  # noqa: PTH123  # a link of that name is never followed
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise DiskFailed(f"could not write {path}: {error.strerror or error}") from None
