"""A reply that must be JSON, or hold a fenced block that is: keys, types and values of it, or a JSON Schema.

Invariant: nothing outside the workspace is read, and a schema loads nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from greenroom.core.values import Frozen, Json
from greenroom.regression.expect.beside import CannotJudge, NotHere
from greenroom.regression.expect.matcher import Expected
from greenroom.regression.expect.said import shown
from greenroom.regression.expect.values import difference
from greenroom.regression.expect.written import Flag, Plain
from greenroom.workspace.own_file import read_regular

_FENCES = ("```", "~~~")
_MOST_SCHEMA = 1_000_000


def _inside(text: str) -> str:
    parts = text.split("/")
    if not text or "\\" in text or ":" in text or parts[0] == "" or ".." in parts:
        raise ValueError(f"'{text}' must be a path inside the workspace, such as 'schemas/reply.json'")
    return text


_PART = r"(?:[^./\\:][^/\\:]*|\.(?:[^./\\:][^/\\:]*)?|\.\.[^/\\:]+)"
"""A part of a path, which is anything but `..`."""

InsidePath = Annotated[str, AfterValidator(_inside), Field(json_schema_extra={"pattern": rf"^{_PART}(?:/{_PART}?)*$"})]


def _usable(schema: dict[str, Json]) -> dict[str, Json]:
    from greenroom.regression.expect.json_schema import require_schema

    try:
        require_schema(schema, "it")
    except CannotJudge as reason:
        raise ValueError(str(reason)) from None
    return schema


InlineSchema = Annotated[dict[str, Plain], AfterValidator(_usable)]


Schema = Annotated[
    Annotated[InsidePath, Tag("file")] | Annotated[InlineSchema, Tag("table")],
    Discriminator(lambda value: "table" if isinstance(value, Mapping) else "file"),
]
"""A JSON Schema, or where in the workspace one lies."""


class JsonExpected(Frozen):
    """The reply, or a fenced block of it, is JSON.

    `shape` are keys with the values or matchers they must have; more keys may be there, at every level, unless
    `exact`. `schema` is a JSON Schema: a file of the workspace, or a table.
    """

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"exact": ["shape"]}})

    shape: Expected = None
    exact: Flag = False
    schema_: Schema | None = Field(default=None, alias="schema")

    @model_validator(mode="after")
    def _exactly_something(self) -> JsonExpected:
        if "exact" in self.model_fields_set and self.shape is None:
            raise ValueError("'exact' belongs to 'shape': which keys there may be")
        return self


def json_problem(expected: JsonExpected, text: str, folder: Path | None) -> str:
    """Why a reply is not the JSON that is expected, or ''. Of several blocks one must do; told is the first's problem.

    Raises:
        NotHere: a schema is a file, and where to look for it is not known.
        CannotJudge: the schema cannot be read, or is none.
    """
    # Looked at first: a reply that is not JSON must not hide that there is no schema.
    schema = None if expected.schema_ is None else _schema(expected.schema_, folder)
    first = ""
    for value in _values(text):
        said = _problem(expected, schema, value)
        if not said:
            return ""
        first = first or said
    return first or f"the reply is not JSON, nor is a fenced block of it: {shown(text)}"


def _problem(expected: JsonExpected, schema: Json, value: Json) -> str:
    if expected.shape is not None and (said := difference(expected.shape, value, loose=not expected.exact)):
        return f"in the reply's JSON {said}"
    if schema is None:
        return ""
    from greenroom.regression.expect.json_schema import schema_problem

    return schema_problem(schema, value)


def _schema(written: str | dict[str, Json], folder: Path | None) -> Json:
    """The schema itself. Raises as `json_problem`."""
    from greenroom.regression.expect.json_schema import require_schema

    if isinstance(written, Mapping):
        require_schema(written, "it")
        return written
    if folder is None:
        raise NotHere(f"where {written} lies is not known")
    schema = _from_file(folder, written)
    require_schema(schema, written)
    return schema


def _from_file(folder: Path, written: str) -> Json:
    path = folder / written
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CannotJudge(f"the schema {written} leads out of the workspace")
        data = read_regular(path, _MOST_SCHEMA, links=True)
        if len(data) > _MOST_SCHEMA:
            raise CannotJudge(f"the schema {written} is larger than 1 MB")
        return orjson.loads(data)
    except OSError as error:
        raise CannotJudge(f"the schema {written} cannot be read: {error.strerror}") from None
    except ValueError:
        raise CannotJudge(f"the schema {written} is not JSON") from None


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
