"""Reads the two things a model is told from a Google style docstring: what a tool is for, and what each argument means.

Invariant: words are joined to single lines; nothing of `Returns`, `Raises` and other sections gets in.
"""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

_SECTION = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Return|Raises|Yields|Examples?|Notes?|See Also|Warnings?):\s*$"
)
_ARGUMENT = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


class Described(NamedTuple):
    """The description before any section, and the text of each argument."""

    description: str
    arguments: dict[str, str]


def described(docstring: str | None) -> Described:
    """The parts of a docstring; empty parts where it has none."""
    section = ""
    prose: list[str] = []
    listed: list[str] = []
    for line in inspect.cleandoc(docstring or "").splitlines():
        if found := _SECTION.match(line):
            section = found.group(1)
        elif not section:
            prose.append(line)
        elif section in ("Args", "Arguments", "Parameters"):
            listed.append(line)
    return Described(_joined(prose), _arguments(listed))


def _arguments(lines: list[str]) -> dict[str, str]:
    """Lines at the section's own indent begin an argument; deeper ones go on with it."""
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        begins = _ARGUMENT.match(line[indent:])
        if begins:
            name = begins.group(1)
            found[name] = [begins.group(2)]
        elif name:
            found[name].append(line)
    return {key: _joined(words) for key, words in found.items()}


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
