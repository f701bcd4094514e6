"""The built-in tools: arithmetic that cannot run away, and files that cannot leave the workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import UsageError
from greenroom.core.values import ToolCall, ToolResult
from greenroom.tools.builtin.arithmetic import evaluate
from greenroom.tools.builtin.shelf import builtin_tools
from greenroom.tools.sandbox import inside, writable


def use(root: Path, name: str, **arguments: Any) -> ToolResult:
    return asyncio.run(builtin_tools(root, FrozenClock()).call(ToolCall(id="c1", tool=name, arguments=arguments), "k"))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(120 - 30) * 0.19", 17.1),
        ("0.1 + 0.2", 0.3),
        ("7 // 2 + 7 % 4", 6),
        ("2 ** 10", 1024),
        ("-3 ** 2", -9),
        ("round(2.345, 2)", 2.35),
        ("max(1, 2.5) + min(4, 3) + abs(-1)", 6.5),
        ("1e3", 1000),
    ],
)
def test_arithmetic_is_exact_in_decimals(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "1 / 0",
        "9 ** 9 ** 9",
        "10 ** 999",
        "1e999",
        "().__class__",
        "__import__('os')",
        "lambda: 1",
        "1or 2",
        "a",
        "1, 2",
        "(" * 300 + "1",
        "-" * 60 + "1",
        "1" * 401,
        "0 ** 0",
        "'a' * 9",
        "round(1, 99)",
        "True",
    ],
)
def test_anything_else_is_a_plain_no(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        evaluate(expression)


@given(st.text(alphabet="0123456789.+-*/%() abemnourdsix,", max_size=40))
def test_no_expression_raises_anything_but_a_value_error(expression: str) -> None:
    try:
        value = evaluate(expression)
    except ValueError:
        return
    assert isinstance(value, int | float)


def test_the_tool_says_no_in_words(tmp_path: Path) -> None:
    assert use(tmp_path, "calculate", expression="2 * 21").output == {"expression": "2 * 21", "value": 42}
    assert use(tmp_path, "calculate", expression="1 / 0").error.startswith("this has no value")


def test_the_clock_is_the_sessions(tmp_path: Path) -> None:
    assert use(tmp_path, "clock.now").output == {"utc": "2026-11-20T10:00:00Z", "weekday": "Friday"}


def test_files_are_read_and_written_whole(tmp_path: Path) -> None:
    assert use(tmp_path, "files.write", path="note.txt", text="grüße").output == {"path": "note.txt", "bytes": 7}
    assert use(tmp_path, "files.read", path="note.txt").output == {"path": "note.txt", "text": "grüße"}
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
    assert use(tmp_path, "files.read", path="nothing.txt").status == "failed"
    (tmp_path / "image.bin").write_bytes(b"\x89\0")
    assert use(tmp_path, "files.read", path="image.bin").error == "this is not a text file"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    root = tmp_path / "house"
    (root / "sub").mkdir(parents=True)
    (root / ".greenroom").mkdir()
    (tmp_path / "outside.txt").write_text("private", encoding="utf-8")
    (tmp_path / "house-next-door").mkdir()
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "linked").symlink_to(tmp_path)
    (root / "inner").symlink_to(root / "sub")
    (root / "records").symlink_to(root / ".greenroom")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/etc/passwd",
        "link.txt",
        "linked/outside.txt",
        "../house-next-door/x",
        "sub/../../outside.txt",
        ".greenroom/store.db",
        "sub/../.greenroom/x",
        ".Greenroom/x",
        "records/x",
        ".git/config",
        "a\0b",
    ],
)
def test_no_path_leads_out(house: Path, name: str) -> None:
    with pytest.raises(UsageError):
        inside(house, name)
    assert use(house, "files.read", path=name).status == "failed"


def test_a_link_to_itself_is_no_crash(house: Path) -> None:
    assert use(house, "files.read", path="loop").status == "failed"


@pytest.mark.parametrize(
    "name",
    [
        "policies/support.toml",
        "tools/x.py",
        "personas/aria/prompt.md",
        "greenroom.toml",
        "Tools/x.py",
        "sub/../tools/x.py",
        ".",
    ],
)
def test_a_tool_cannot_rewrite_what_governs_it(house: Path, name: str) -> None:
    with pytest.raises(UsageError):
        writable(house, name)
    assert use(house, "files.write", path=name, text="x").status == "failed"


def test_links_that_stay_inside_are_followed(house: Path) -> None:
    assert inside(house, "inner/x.txt") == (house / "sub" / "x.txt").resolve()
    assert inside(house, str(house / "sub")) == (house / "sub").resolve()


@given(st.lists(st.sampled_from(["..", ".", "sub", "link.txt", "linked", "inner", "/", "x", "house"]), max_size=8))
def test_whatever_is_returned_is_inside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    base = tmp_path_factory.getbasetemp() / "walk"
    root = base / "house"
    if not root.exists():
        (root / "sub").mkdir(parents=True)
        (root / "linked").symlink_to(base)
    try:
        found = inside(root, "/".join(parts))
    except UsageError:
        return
    assert found == root.resolve() or root.resolve() in found.parents
    assert found == found.resolve()
