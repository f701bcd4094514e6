"""TOML a person wrote, read into a typed value; every error names file, line, key path and what was probably meant."""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import Any, TypeVar, get_args

import rtoml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_words import in_plain_words, plain_type

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]

_QUOTED = re.compile(r"'([^']*)'")
_MOST_PARTS = 300
_BETWEEN_KEYS = re.compile(r"[={},\[\]]")
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def parse(text: str, model: type[M], file: str) -> M:
    """Read TOML `text` of `file` (the name shown in errors) as `model`.

    Raises:
        FileInvalid: not TOML, or not what the model says; the first problem in file order, and how many more.
    """
    try:
        return model.model_validate(tables(text, file))
    except ValidationError as error:
        raise _invalid(error, text, model, file) from None


def tables(text: str, file: str) -> dict[str, Any]:
    """The plain tables of a TOML text.

    Raises:
        FileInvalid: not TOML.
    """
    try:
        return rtoml.loads(text.replace("\r\n", "\n"))
    except ValueError:
        pass  # the standard library's reader is ten times slower, and says better what is wrong and where
    try:
        _require_short_keys(text)
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, number = in_plain_words(str(error), text)
        raise FileInvalid(f"not TOML: {message}", where=f"{file}:{number}", code="toml.syntax") from None
    except RecursionError:
        raise FileInvalid("nested too deeply", where=file, code="toml.syntax") from None
    except ValueError:  # Python refuses to read a number of more than 4300 digits
        raise FileInvalid("holds a number that is too long", where=file, code="toml.syntax") from None


def _require_short_keys(text: str) -> None:
    """Refuse a dotted key of very many parts: what Python needs to read one grows with the square of their number.

    Raises:
        RecursionError: there is one.
    """
    for line in text.splitlines():
        if line.count(".") > _MOST_PARTS:
            for piece in _BETWEEN_KEYS.split(line):
                parts = piece.split(".")
                if len(parts) > _MOST_PARTS and all(part.strip() for part in parts):
                    raise RecursionError


def positions(text: str) -> dict[Path, int]:
    """The line (from 1) of each key path; array tables are counted, as in `("rule", 0, "when")`."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if header := _HEADER.match(line):
            here = _enter(_parts(header.group(2)), counts, array=header.group(1) == "[[")
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            parts = _parts(key.group(1))
            for depth in range(1, len(parts) + 1):
                found.setdefault(here + parts[:depth], number)
            quoted = _opens_block(line[key.end() :])
    return found


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of its nearest ancestor that has one; 1 if none has."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


def suggest(word: str, known: list[str]) -> str:
    """`did you mean 'x'?` for the nearest known word, else the words there are."""
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(known))}"


def dotted(path: Path) -> str:
    """`rule[0].when` for a key path."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(text))


def _enter(parts: tuple[str, ...], counts: dict[Path, int], *, array: bool) -> Path:
    """The path of a header, with the index of the latest element wherever a part is an array of tables."""
    here: Path = ()
    for part in parts[:-1]:
        here += (part,)
        if here in counts:
            here += (counts[here],)
    here += (parts[-1],)
    if array:
        counts[here] = counts.get(here, -1) + 1
        here += (counts[here],)
    return here


def _opens_block(rest: str) -> str:
    for quote in ('"""', "'''"):
        if rest.count(quote) == 1:
            return quote
    return ""


def _invalid(error: ValidationError, text: str, model: type[BaseModel], file: str) -> FileInvalid:
    lines = positions(text)
    stated = tables(text, file)
    places = [_location(problem, stated) for problem in error.errors()]
    problems = sorted(
        ((line_of(lines, path), path, problem) for path, problem in zip(places, error.errors(), strict=True)),
        # A misspelt key is told rather than the needed one that it was meant to be.
        key=lambda found: (found[0], found[2]["type"] == "missing"),
    )
    line, path, problem = problems[0]
    message, hint, code = _told(problem, path, model)
    absent = [one[1] for one in problems if problem["type"] == one[2]["type"] == "missing" and one[1][:-1] == path[:-1]]
    if len(absent) > 1:
        message = _and([repr(str(one[-1])) for one in absent]) + " are missing"
    left = len(problems) - max(len(absent), 1)
    more = f" (and {left} more)" if left else ""
    return FileInvalid(f"{message}{more}", where=f"{file}:{line} {dotted(path)}".rstrip(), hint=hint, code=code)


def told(error: ValidationError, stated: Any, model: type[BaseModel]) -> str:
    """The first problem of tables that were built rather than read, as `text.contians: unknown key ...`."""
    problem = min(error.errors(), key=lambda found: found["type"] == "missing")
    path = _location(problem, stated)
    message, hint, _ = _told(problem, path, model)
    return f"{dotted(path)}: {message}".removeprefix(": ") + (f" ({hint})" if hint else "")


def _told(problem: ErrorDetails, path: Path, model: type[BaseModel]) -> tuple[str, str, str]:
    """What is wrong, what to do about it, and the code of such problems."""
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{path[-1]}'", suggest(str(path[-1]), _fields_at(model, path[:-1])), "toml.unknown_key"
    if problem["type"] == "missing":
        return f"'{path[-1]}' is missing", "", "toml.missing_key"
    if plain := plain_type(problem["type"]):
        return f"must be {plain}, not {problem['input']!r:.60}", "", "toml.value"
    if problem["type"] == "literal_error" and (near := _near(problem)):
        return f"must be {problem['ctx']['expected']}, not {problem['input']!r:.60}", near, "toml.value"
    said = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    shown = f", not {problem['input']!r:.60}" if problem["type"] != "value_error" else ""
    prefix = "must be " if problem["msg"].startswith("Input should be ") else ""
    return f"{prefix}{said}{shown}", "", "toml.value"


def _near(problem: ErrorDetails) -> str:
    """`did you mean 'x'?` for a word of a closed set, '' where none is near."""
    said = suggest(str(problem["input"]), _QUOTED.findall(str(problem["ctx"]["expected"])))
    return said if said.startswith("did") else ""


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _location(problem: ErrorDetails, stated: Any) -> Path:
    """pydantic's location without the names of union branches: those are not keys of the file, whatever they look like."""
    found: Path = ()
    *parts, last = problem["loc"] or ("",)
    for part in parts:
        if part in stated if isinstance(stated, dict) else isinstance(stated, list) and isinstance(part, int):
            found, stated = (*found, part), stated[part]
    is_key = problem["type"] == "missing" or (isinstance(stated, dict) and last in stated) or isinstance(last, int)
    return (*found, last) if is_key else found


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys `model` knows at `path`, following nested models through lists and dicts."""
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        field = _field_named(current, part)
        current = _model_in(field.annotation) if field else current
    if current is None:
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _field_named(model: type[BaseModel], key: str) -> Any:
    return next((f for name, f in model.model_fields.items() if key in (name, f.alias)), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
