"""What a report says of a fixture, in plain values: it crosses to another process, and every summary is made of it.

Invariant: nothing of Greenroom is imported here, so that a run which only gathers reports stays light.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypedDict

KEY = "greenroom"
"""The attribute of a pytest report that holds a `Told`."""

FOLDED = ("stale", "broken", "error")
"""Outcomes whose cause often lies outside the fixture, so that many fixtures share one: told by cause, once."""

_PARTS = ".parts/"
_FILE = re.compile(r"([^\s:]{1,200})(?::[0-9]+)?(?::| )")
_COMMAND = re.compile(r"^(\s*)::")


class Told(TypedDict):
    """How one fixture went.

    `kind`, `line`, `detail`, `reasons`, `tape_line`, `changed`, `places` and `effect` are the outcome's; `path` is the tape's,
    `shown` the same as a person would name it from where pytest was started. `lines` is the tape as
    JSON, '' unless a page asked for it;
    `event` is the place among them that `tape_line` is about, -1 if none. `runs` are those of a live run, each with its kind, line, milliseconds and
    millionths of a US dollar. `mode` is what was to happen to what is stale: fail, warn or xfail. `unkept` is whether the
    commands that look at a last run will find none of this one.
    """

    kind: str
    line: str
    detail: str
    reasons: list[str]
    tape_line: int
    changed: list[str]
    places: list[str]
    effect: str
    unkept: bool
    name: str
    path: str
    shown: str
    nodeid: str
    persona: str
    model: str
    why: str
    expect: str
    tags: list[str]
    mode: str
    lines: str
    event: int
    runs: list[dict[str, Any]]


def told_by(report: object) -> Told | None:
    """What a report carries of ours; None for any other test."""
    told: Told | None = getattr(report, KEY, None)
    return told


def causes(told: Told) -> list[str]:
    """The single causes of a folded outcome. What is wrong with a fixture's own file is told with its folder."""
    if told["changed"] or told["reasons"]:
        return told["changed"] or told["reasons"]
    return [f"{_folder(told)}{told['line']}"] if is_own(told) else [f"{_workspace(told)}{told['line']}"]


def is_own(told: Told) -> bool:
    """Whether what is broken is the fixture's own tape or case, and not what many fixtures share."""
    return told["kind"] == "broken" and told["line"].startswith(f"{told['name']}.")


def _folder(told: Told) -> str:
    return told["shown"].removesuffix(f"{told['name']}.tape.jsonl")


def _workspace(told: Told) -> str:
    """What leads from where pytest was started to the file of the workspace that a line begins with; '' if none does."""
    beside = Path(told["path"]).parent
    named = _FILE.match(told["line"]) if told["kind"] == "broken" else None
    if named is None or Path(named[1]).is_absolute():
        return ""
    if named[1].startswith(_PARTS) or (beside / named[1]).is_file():
        return _folder(told)
    return _folder(told).removesuffix("fixtures/") if (beside.parent / named[1]).is_file() else ""


def harmless(text: str) -> str:
    """Text of which no row is a command to a build server: none begins with `::`, none holds `##[`."""
    return "\n".join(_COMMAND.sub(r"\1: :", row).replace("##[", "# #[") for row in text.splitlines())
