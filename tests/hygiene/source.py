"""The Python files of this repository, parsed once, for the tests that count and forbid."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "greenroom"


@dataclass(frozen=True)
class Source:
    """One file: where it is from the root, its text and its tree."""

    place: str
    text: str
    tree: ast.Module

    def calls(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything that is read or called by attribute or name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node)):
                yield node.lineno, name


@cache
def sources(folder: str) -> tuple[Source, ...]:
    """Every Python file under a folder of the repository."""
    paths = sorted(path for path in (ROOT / folder).rglob("*.py") if not hidden(path))
    return tuple(read(path) for path in paths)


def read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path)))


def hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ROOT).parts)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of attributes that starts at a name, else ''."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join(reversed([*parts, node.id]))
