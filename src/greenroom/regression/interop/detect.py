"""Which format a file has, told from what is in it, and the one table of formats.

Invariant: a format is recognised by a key that only it has; a file that fits none is refused with the names of those known.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.regression.interop import adk, chat_log, inspect_samples, openai_messages, promptfoo, vcr
from greenroom.regression.interop.conversation import Conversation, Loss, Losses, Source
from greenroom.regression.interop.promptfoo_files import expanded
from greenroom.regression.interop.source import csv_rows, json_lines, load_json, read_text
from greenroom.regression.interop.taped import Taped
from greenroom.regression.interop.yaml_text import load_yaml

Entries = list[tuple[str, Json]]


class Format(NamedTuple):
    """One format: what it is, the ending of its files, the keys that tell it, and what reads and writes it."""

    name: str
    about: str
    ending: str
    keys: frozenset[str]
    read: Callable[[Iterable[tuple[str, Json]], Losses], list[Conversation]] | None
    write: Callable[[Iterable[Taped]], tuple[str, list[Loss]]] | None


FORMATS: tuple[Format, ...] = (
    Format("adk", "Google ADK eval sets", ".evalset.json", frozenset({"eval_cases", "evalCases"}), adk.read, adk.write),
    Format(
        "vcr",
        "VCR cassettes of chat calls",
        ".yaml",
        frozenset({"interactions", "http_interactions"}),
        vcr.read,
        None,
    ),
    Format(
        "promptfoo",
        "promptfoo configurations",
        ".yaml",
        frozenset({"prompts", "tests", "providers", "vars", "assert"}),
        promptfoo.read,
        promptfoo.write,
    ),
    Format(
        "openai",
        "OpenAI-style messages, one conversation a line",
        ".jsonl",
        frozenset({"messages", "role"}),
        openai_messages.read,
        openai_messages.write,
    ),
    Format("inspect", "Inspect samples", ".jsonl", frozenset({"input"}), inspect_samples.read, inspect_samples.write),
    Format("log", "plain chat logs", ".txt", frozenset(), None, None),
)
BY_NAME = {one.name: one for one in FORMATS}
_MOST = 50_000
"""Entries one file may have."""
_YAML = (".yaml", ".yml")
_JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\]])")
"""How JSON begins, and a log that begins with a time in brackets does not."""
_KEY = re.compile(r"^[\"']?(\w+)[\"']?[ ]*:(?:\s|$)", re.MULTILINE)


def read_source(path: Path, format: str = "auto", names: Sequence[str] = ()) -> Source:
    """The conversations of a foreign file; `names` are those the persona goes by in a plain log.

    Raises:
        FileInvalid: it cannot be read, is of no format known here, or not of the one that was said.
    """
    text, file = read_text(path), path.name
    losses = Losses()
    if format == "log":
        return _source("log", chat_log.read(text, file, names, losses), file, losses)
    entries = list(itertools.islice(_entries(text, file, must=format != "auto"), _MOST + 1))
    if len(entries) > _MOST:
        raise FileInvalid(f"more than {_MOST} entries", where=entries[-1][0], hint="split it", code="interop.size")
    found = BY_NAME.get(format) or _told(entries)
    if found is None and chat_log.looks_like_one(text):
        return _source("log", chat_log.read(text, file, names, losses), file, losses)
    if found is None or found.read is None:
        known = ", ".join(one.name for one in FORMATS)
        raise FileInvalid(
            "of no format that can be read", where=file, hint=f"say which with --format: {known}", code="interop.format"
        )
    if not entries:
        raise FileInvalid("holds nothing", where=file, code="interop.format")
    if format != "auto" and _told(entries) is not found:
        raise FileInvalid(
            f"this does not look like {found.about}",
            where=entries[0][0],
            hint="leave --format out",
            code="interop.format",
        )
    if found.name == "promptfoo":
        entries = [(where, expanded(where, config, path.parent, losses)) for where, config in entries]
    return _source(found.name, found.read(entries, losses), file, losses)


def _source(format: str, conversations: list[Conversation], file: str, losses: Losses) -> Source:
    if not conversations and not losses:
        losses.note(file, "the file", "it holds no conversation and no test")
    return Source(format, tuple(conversations), tuple(losses))


def _entries(text: str, file: str, *, must: bool) -> Iterable[tuple[str, Json]]:
    """The values of a file with their places; none where it is no structured file and need not be one.

    Raises:
        FileInvalid: it begins like one and is broken.
    """
    ending = Path(file).suffix.lower()
    if ending == ".csv":
        return csv_rows(text, file)
    if text.lstrip().startswith("{") and (ending == ".jsonl" or _is_lines(text)):
        return json_lines(text, file)
    if (_JSON.match(text) or (ending == ".json" and text.strip())) and ending not in _YAML:
        return _each(load_json(text, file), file)
    keys = set(_KEY.findall(text[:20_000]))
    if must or ending in _YAML or any(keys & one.keys for one in FORMATS if one.name in ("promptfoo", "vcr", "adk")):
        return _each(load_yaml(text, file), file)
    return ()


def _each(value: Json, file: str) -> Iterable[tuple[str, Json]]:
    return ((f"{file} [{place}]", one) for place, one in enumerate(value)) if _is_list(value) else [(file, value)]


def _is_list(value: Json) -> bool:
    """Whether a list is one of entries, and not one conversation."""
    return isinstance(value, list) and not (value and isinstance(value[0], dict) and "role" in value[0])


def _is_lines(text: str) -> bool:
    """Whether a text is one JSON object a line."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines[:3])


def _told(entries: Entries) -> Format | None:
    """The format by the keys of the first entry."""
    first = entries[0][1] if entries else None
    if isinstance(first, list) and first and isinstance(first[0], dict) and "role" in first[0]:
        return BY_NAME["openai"]
    keys = set(first) if isinstance(first, dict) else set()
    return next((one for one in FORMATS if keys & one.keys), None)
