"""The files that a promptfoo configuration names in its own folder, put in their place: prompts and tests.

Looked at: promptfoo 0.121.20 (`file://` prompts as text, JSON or YAML; tests as YAML, JSON, JSON Lines or CSV with
`__expected` columns). Invariant: no file outside the configuration's folder is read, and none is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Losses
from greenroom.regression.interop.source import csv_rows, json_lines, load_json, read_text
from greenroom.regression.interop.yaml_text import load_yaml

_SCHEME = "file://"
_CUT = re.compile(r"\n-{3,}[ ]*\n")
_EXPECTED = re.compile(
    r"(?P<type>(?:not-)?[a-z][a-z:-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::\s*(?P<value>.*))?", re.DOTALL
)
_PLAIN = frozenset(("contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any", "equals",
                    "starts-with", "regex", "similar", "llm-rubric", "javascript", "python", "is-json", "contains-json",
                    "cost", "latency", "levenshtein", "factuality", "grade", "fn", "eval"))  # fmt: skip
_LISTS = ("-all", "-any")


def expanded(where: str, config: Json, folder: Path, losses: Losses) -> Json:
    """The configuration with its files in their places; one that cannot be read stays a name, which is then a loss."""
    if not isinstance(config, dict):
        return config
    out = dict(config)
    if (prompts := config.get("prompts")) is not None:
        listed = prompts if isinstance(prompts, list) else [prompts]
        out["prompts"] = [text for one in listed for text in _prompt(one, where, folder, losses)]
    tests = config.get("tests")
    if isinstance(tests, str):
        tests = [tests]
    if isinstance(tests, list):
        out["tests"] = [test for one in tests for test in _tests(one, where, folder, losses)]
    return out


def _prompt(entry: Any, where: str, folder: Path, losses: Losses) -> Iterable[Json]:
    name = entry.get("raw") or entry.get("id") if isinstance(entry, dict) else entry
    path = _beside(name, folder)
    if path is None or path.suffix not in (".txt", ".md", ".json", ".yaml", ".yml"):
        return [entry]
    try:
        text = read_text(path)
        if path.suffix in (".yaml", ".yml"):
            return [json.dumps(load_yaml(text, path.name), ensure_ascii=False)]
    except FileInvalid as error:
        losses.note(where, f"the prompt {name}", error.line())
        return []
    return [one.strip("\n") for one in _CUT.split(text) if one.strip()] if path.suffix == ".txt" else [text]


def _tests(entry: Any, where: str, folder: Path, losses: Losses) -> Iterable[Json]:
    path = _beside(entry, folder)
    if path is None:
        return [entry]
    try:
        text = read_text(path)
        match path.suffix:
            case ".yaml" | ".yml":
                found = load_yaml(text, path.name)
            case ".json":
                found = load_json(text, path.name)
            case ".jsonl":
                found = [test for _, test in json_lines(text, path.name)]
            case ".csv":
                found = [_row(row) for _, row in csv_rows(text, path.name)]
            case _:
                return [entry]
    except FileInvalid as error:
        losses.note(where, f"the tests of {path.name}", error.line())
        return []
    return found if isinstance(found, list) else [found]


def _beside(name: Any, folder: Path) -> Path | None:
    """The file a reference names, if it lies in the folder or below it."""
    if not isinstance(name, str) or "\n" in name or len(name) > 1_000:
        return None
    plain = name.removeprefix(_SCHEME)
    if not name.startswith(_SCHEME) and Path(plain).suffix not in (
        ".csv",
        ".yaml",
        ".yml",
        ".json",
        ".jsonl",
        ".txt",
        ".md",
    ):
        return None
    try:
        path = (folder / plain).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def _row(row: Json) -> Json:
    """A row of a CSV file as a test: columns are variables, `__expected` ones assertions."""
    values: dict[str, Json] = {}
    asserts: list[Json] = []
    test: dict[str, Json] = {"vars": values, "assert": asserts}
    for key, text in row.items():
        if key.startswith("__expected"):
            asserts += [_expected(text)] if text else []
        elif key == "__description":
            test["description"] = text
        elif not key.startswith("__"):
            values[key] = text
        elif text:
            test[key] = text
    return test


def _expected(text: str) -> Json:
    """The short form of an assertion (`contains: 30 days`, `similar(0.8): hello`); any other text is one to equal."""
    found = _EXPECTED.fullmatch(text.strip())
    if found is None or found["type"].removeprefix("not-") not in _PLAIN:
        return {"type": "equals", "value": text}
    entry: dict[str, Json] = {"type": found["type"], "value": found["value"] or ""}
    if found["type"].endswith(_LISTS):
        entry["value"] = [one.strip() for one in entry["value"].split(",")]
    if found["threshold"]:
        entry["threshold"] = float(found["threshold"])
    return entry
