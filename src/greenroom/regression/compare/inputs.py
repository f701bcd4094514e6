"""What is said in a comparison: one conversation for each line or row of a file.

Invariant: a file that cannot be read as a whole gives one error with its line, and nothing of it is said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.workspace.own_file import read_regular

MOST = 10_000
"""So many inputs one file may have."""
_MOST_BYTES = 20_000_000
_MOST_TURNS = 200
FORMS = (
    "text: one input a line; .jsonl: a line is a text, a list of turns, or an object with `text` or `turns`; "
    ".csv: the column `text`"
)
_COLUMN = "text"


class Spoken(NamedTuple):
    """One input: its number from 1, and what is said, turn by turn."""

    number: int
    turns: tuple[str, ...]


def read_inputs(path: Path) -> list[Spoken]:
    """The inputs of a file, in order.

    Raises:
        FileInvalid: it cannot be read, has nothing to say, or a line of it is not what it should be.
    """
    text = _text(path)
    kind = path.suffix.lower()
    if kind == ".csv":
        found = _rows(text, path.name)
    elif kind in (".jsonl", ".ndjson"):
        found = _lines(text, path.name)
    else:
        found = ((line.strip(),) for line in text.splitlines() if line.strip())
    inputs = []
    for number, turns in enumerate(found, 1):
        if number > MOST:
            raise FileInvalid(f"more than {MOST} inputs", where=path.name, code="compare.input")
        inputs.append(Spoken(number, turns))
    if not inputs:
        raise FileInvalid("has no input", where=path.name, hint=FORMS, code="compare.input")
    return inputs


def _text(path: Path) -> str:
    try:
        data = read_regular(path, _MOST_BYTES, links=True)
        if len(data) > _MOST_BYTES:
            raise FileInvalid(f"larger than {_MOST_BYTES // 1_000_000} MB", where=path.name, code="compare.input")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=str(path), code="compare.input") from None
    except UnicodeDecodeError as error:
        raise FileInvalid(f"is no UTF-8 at byte {error.start}", where=path.name, code="compare.input") from None


def _lines(text: str, name: str) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            value = orjson.loads(line)
        except (ValueError, RecursionError):
            raise FileInvalid("is no JSON", where=where, hint=FORMS, code="compare.input") from None
        yield _turns(value, where)


def _turns(value: Json, where: str) -> tuple[str, ...]:
    """The turns that a JSON value stands for."""
    if isinstance(value, dict):
        value = value.get("turns", value.get(_COLUMN))
    turns = [value] if isinstance(value, str) else value
    if not isinstance(turns, list) or not turns or not all(isinstance(one, str) and one.strip() for one in turns):
        raise FileInvalid(
            "is neither a text nor a list of turns, each with something said",
            where=where,
            hint=FORMS,
            code="compare.input",
        )
    if len(turns) > _MOST_TURNS:
        raise FileInvalid(f"more than {_MOST_TURNS} turns", where=where, code="compare.input")
    return tuple(turns)


def _rows(text: str, name: str) -> Iterator[tuple[str, ...]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = reader.fieldnames or []
        if _COLUMN not in heads:
            said = ", ".join(heads[:8]) or "none"
            raise FileInvalid(
                f"has no column `{_COLUMN}`", where=f"{name}:1", hint=f"its columns: {said}", code="compare.input"
            )
        for row in reader:
            words = row.get(_COLUMN)
            if words and words.strip():
                yield (words.strip(),)
    except csv.Error as error:
        raise FileInvalid(
            f"is no CSV: {error}", where=f"{name}:{max(reader.line_num, 1)}", code="compare.input"
        ) from None
