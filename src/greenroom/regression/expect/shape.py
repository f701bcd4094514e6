"""A reply that must be JSON, or hold a fenced block that is: keys, types and values of it, or a JSON Schema.

Invariant: nothing outside the workspace is read, and a schema loads nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import AfterValidator, Field

from greenroom.core.values import Frozen, Json
from greenroom.regression.expect.beside import NotHere
from greenroom.regression.expect.matcher import Expected
from greenroom.regression.expect.said import shown
from greenroom.regression.expect.values import difference
from greenroom.workspace.own_file import read_regular

_FENCES = ("```", "~~~")
_MOST_SCHEMA = 1_000_000


def _inside(text: str) -> str:
    parts = text.split("/")
    if not text or "\\" in text or ":" in text or parts[0] == "" or ".." in parts:
        raise ValueError(f"'{text}' must be a path inside the workspace, such as 'schemas/reply.json'")
    return text


InsidePath = Annotated[str, AfterValidator(_inside)]


class JsonExpected(Frozen):
    """The reply, or a fenced block of it, is JSON.

    `shape` are keys with the values or matchers they must have; more keys may be there, at every level, unless
    `exact`. `schema` is a JSON Schema: a file of the workspace, or a table.
    """

    shape: Expected = None
    exact: bool = False
    schema_: InsidePath | dict[str, Json] | None = Field(default=None, alias="schema")


def json_problem(expected: JsonExpected, text: str, folder: Path | None) -> str:
    """Why a reply is not the JSON that is expected, or ''. Of several blocks one must do; told is the first's problem.

    Raises:
        NotHere: a schema is a file, and where to look for it is not known.
    """
    first = ""
    for value in _values(text):
        said = _problem(expected, value, folder)
        if not said:
            return ""
        first = first or said
    return first or f"the reply is not JSON, nor is a fenced block of it: {shown(text)}"


def _problem(expected: JsonExpected, value: Json, folder: Path | None) -> str:
    if expected.shape is not None and (said := difference(expected.shape, value, loose=not expected.exact)):
        return f"in the reply's JSON {said}"
    if expected.schema_ is None:
        return ""
    from greenroom.regression.expect.json_schema import schema_problem

    return schema_problem(_schema(expected.schema_, folder), value)


def _schema(written: str | dict[str, Json], folder: Path | None) -> Json:
    """The schema itself, or the problem of its file as text."""
    if isinstance(written, Mapping):
        return written
    if folder is None:
        raise NotHere(f"where {written} lies is not known")
    path = folder / written
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return f"the schema {written} leads out of the workspace"
        data = read_regular(path, _MOST_SCHEMA, links=True)
        return orjson.loads(data) if len(data) <= _MOST_SCHEMA else f"the schema {written} is larger than 1 MB"
    except OSError as error:
        return f"the schema {written} cannot be read: {error.strerror}"
    except ValueError:
        return f"the schema {written} is not JSON"


def _values(text: str) -> Iterator[Json]:
    """The whole text as JSON, else each fenced block that is."""
    for candidate in (text, *_blocks(text)):
        try:
            value = orjson.loads(candidate)
        except ValueError:
            continue
        yield value
        if candidate is text:
            return


def _blocks(text: str) -> Iterator[str]:
    block: list[str] | None = None
    fence = ""
    for line in text.splitlines():
        mark = line.strip()
        if block is None and mark.startswith(_FENCES):
            block, fence = [], mark[:3]
        elif block is not None and mark == fence:
            yield "\n".join(block)
            block = None
        elif block is not None:
            block.append(line)
