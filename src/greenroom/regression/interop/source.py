"""The text of a foreign file as JSON values, each with the place it stands at.

Invariant: at most 16 MB are read, and a file of another form is one line that names the file and the line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from greenroom.core.canonical import clean_json, clean_text
from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Losses

MAX_BYTES = 16_000_000
_LONG = 2_000_000
"""Characters a cell of a CSV file may have."""


def read_text(path: Path) -> str:
    """The text of a foreign file.

    Raises:
        FileInvalid: it cannot be read, is larger than 16 MB, or is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileInvalid(f"larger than {MAX_BYTES // 1_000_000} MB", where=path.name, hint="split it")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > MAX_BYTES:
        raise FileInvalid(f"larger than {MAX_BYTES // 1_000_000} MB", where=path.name, hint="split it")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileInvalid("not UTF-8 text", where=f"{path.name}:{line}", hint="save it as UTF-8") from None


def load_json(text: str, file: str, line: int = 1) -> Json:
    """The JSON value that `text`, which begins at `line` of `file`, is.

    Raises:
        FileInvalid: not JSON; with the line.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise FileInvalid(f"not JSON: {error.msg}", where=f"{file}:{line + error.lineno - 1}") from None
    except RecursionError:
        raise FileInvalid("nested too deeply", where=f"{file}:{line}") from None
    except ValueError as error:  # NaN, or a number of more than 4300 digits
        raise FileInvalid(f"not JSON: {str(error)[:80]}", where=f"{file}:{line}") from None


def json_lines(text: str, file: str) -> Iterator[tuple[str, Json]]:
    """Each line's value with its place. Raises as `load_json`."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{file}:{number}", load_json(line, file, number)


def csv_rows(text: str, file: str) -> Iterator[tuple[str, Json]]:
    """Each row of a CSV file with a header, as a table of texts with its place.

    Raises:
        FileInvalid: not CSV; with the line.
    """
    csv.field_size_limit(_LONG)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield f"{file}:{reader.line_num}", {key: item for key, item in row.items() if isinstance(key, str)}
    except csv.Error as error:
        raise FileInvalid(f"not CSV: {error}", where=f"{file}:{reader.line_num + 1}") from None


def fit(value: Any, where: str, losses: Losses) -> Json:
    """A foreign value as a log may keep it; one that it cannot keep exactly becomes its own text."""
    try:
        return clean_json(value)
    except (ValueError, RecursionError) as error:
        losses.note(where, "a value is kept as text", str(error) or "nested too deeply")
    try:
        return clean_text(json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError, TypeError):
        return ""


def text_in(value: Any, key: str) -> str:
    """The text under a key, '' if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return clean_text(found) if isinstance(found, str) else ""


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")
