from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.hygiene.source import Source, sources

MODULE_LINES = 400
FUNCTION_LINES = 50


@pytest.mark.parametrize("folder", ["src", "tests", "workspaces"])
def test_no_module_is_longer_than_400_lines(folder: str) -> None:
    lengths = {source.place: source.text.count("\n") for source in sources(folder)}
    assert {place: lines for place, lines in lengths.items() if lines > MODULE_LINES} == {}


@pytest.mark.parametrize("folder", ["src", "tests", "workspaces"])
def test_no_function_is_longer_than_50_lines(folder: str) -> None:
    lengths = {place: lines for source in sources(folder) for place, lines in _functions(source)}
    assert {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def _functions(source: Source) -> Iterator[tuple[str, int]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{source.place}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1
