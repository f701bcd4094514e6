"""The fixtures of a folder, found by what people call them: a name, a pattern, or a path.

Invariant: only the names of files are read. What lies in a folder below is no fixture, as it is none to pytest. A file
whose name is not fit to be shown is found too, under a harmless one, so that it is told and the others still count.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import suggest
from greenroom.regression.case import SUFFIX as CASE
from greenroom.regression.tape.file_name import shown_name
from greenroom.regression.tape.tape import SUFFIX as TAPE

NONE_YET = "this workspace has no fixtures yet"
HOW_TO_MAKE_ONE = "greenroom session export last --name NAME makes one"
NOTHING_HERE = f"{NONE_YET}; {HOW_TO_MAKE_ONE}"


def name_of(path: Path | str) -> str:
    """The name of the fixture that a tape or a case belongs to, as it may be shown."""
    return shown_name(_stem(path))


def _stem(path: Path | str) -> str:
    return Path(path).name.removesuffix(TAPE).removesuffix(CASE)


def tapes_in(folder: Path) -> dict[str, Path]:
    """Every tape by the name of its fixture, in the order of names."""
    return {name_of(path): path for path in sorted(folder.glob(f"*{TAPE}"))}


def fixtures_in(folder: Path) -> dict[str, Path]:
    """Every tape by the name of its fixture, in the order of names; also one that is missing though its case is there, so
    that nothing a team expects goes away unsaid.
    """
    cases = sorted(folder.glob(f"*{CASE}"))
    expected = {name_of(path): path.with_name(f"{_stem(path)}{TAPE}") for path in cases}
    return dict(sorted((expected | tapes_in(folder)).items()))


def chosen(folder: Path, words: Sequence[str] = ()) -> dict[str, Path]:
    """The tapes that the words mean, or all of them where nothing is said, in the order of names.

    Raises:
        UsageError: a word means no fixture.
    """
    every = fixtures_in(folder)
    if not words:
        return every
    found: dict[str, Path] = {}
    for word in words:
        fitting = fitting_in(every, name_of(word))
        if not fitting:
            raise UsageError(
                f"no fixture '{inert_line(word, 80)}'",
                hint=suggest(name_of(word), list(every)) if every else NOTHING_HERE,
                code="fixture.unknown",
            )
        found |= fitting
    return dict(sorted(found.items()))


def nearly_named(folder: Path) -> list[str]:
    """A line for each file that looks like half of a fixture and is none, because its name ends otherwise."""
    found = []
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        name = path.name
        if name.startswith(".") or name.endswith((TAPE, CASE, "~")):
            continue
        lower = name.lower()
        for word, ending in ((".tape", TAPE), (".case", CASE)):
            if word in lower:
                found.append(f"{shown_name(name)} is no fixture: the name of a {word[1:]} ends with {ending}")
    return found


def fitting_in(every: dict[str, Path], word: str) -> dict[str, Path]:
    """Those of that very name, or of a name that fits the pattern."""
    return {name: path for name, path in every.items() if name == word or fnmatchcase(name, word)}


def required(folder: Path, words: Sequence[str] = ()) -> dict[str, Path]:
    """As `chosen`, for what makes no sense without a fixture.

    Raises:
        UsageError: a word means no fixture, or there is none at all.
    """
    if not words and not fixtures_in(folder):
        raise UsageError(NONE_YET, hint=HOW_TO_MAKE_ONE, code="fixture.none")
    return chosen(folder, words)
