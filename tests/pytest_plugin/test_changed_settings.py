"""What a run of pytest says where knowledge or greenroom.toml changed: one line a cause, with what it comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pytest_plugin.running import copied, run


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (
            "knowledge/returns.md",
            "30 days",
            "14 days",
            "corpus: returns.md says something else where a recorded passage came from (knowledge/returns.md:5); 1 fixture: return-window,",
        ),
        (
            "greenroom.toml",
            "tool_calls = 8",
            "tool_calls = 1",
            "greenroom.toml: limits.tool_calls the persona's own -> 1 (greenroom.toml:43); 3 fixtures",
        ),
    ],
)
def test_one_line_names_the_file(tmp_path: Path, file: str, before: str, after: str, said: str) -> None:
    shop = copied(tmp_path / "shop")
    path = shop / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    code, output = run(shop)
    assert code == 1
    assert sum(said in line for line in output.splitlines()) == 1, output
