"""Several sets as one, narrowed to what a persona may use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolCall
from greenroom.tools import tool
from greenroom.tools.builtin.shelf import builtin_tools
from greenroom.tools.combined import CombinedTools
from greenroom.tools.python_tools import PythonTools


@tool("orders.get", effects="none")
def get(order_id: int) -> int:
    """Look at an order."""
    return order_id * 2


def both(tmp_path: Path, allow: list[str] | None) -> CombinedTools:
    return CombinedTools([PythonTools.of([get], tmp_path), builtin_tools(tmp_path, FrozenClock())], allow)


def test_calls_reach_the_set_that_has_the_tool(tmp_path: Path) -> None:
    tools = both(tmp_path, None)
    assert [spec.name for spec in tools.specs()] == [
        "calculate",
        "clock.now",
        "files.read",
        "files.write",
        "orders.get",
    ]
    assert asyncio.run(tools.call(ToolCall(id="c1", tool="orders.get", arguments={"order_id": 4}), "k")).output == 8
    assert asyncio.run(tools.call(ToolCall(id="c2", tool="clock.now"), "k")).output["utc"] == "2026-11-20T10:00:00Z"
    asyncio.run(tools.aclose())


def test_what_is_not_allowed_does_not_exist(tmp_path: Path) -> None:
    tools = both(tmp_path, ["orders.*", "clock.now"])
    assert [spec.name for spec in tools.specs()] == ["clock.now", "orders.get"]
    call = ToolCall(id="c1", tool="files.write", arguments={"path": "x.txt", "text": "x"})
    assert "no tool named 'files.write'" in tools.problem(call)
    assert asyncio.run(tools.call(call, "k")).status == "invalid"
    assert not (tmp_path / "x.txt").exists()
    assert both(tmp_path, []).specs() == ()


def test_one_name_in_two_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match=r"orders\.get"):
        CombinedTools([PythonTools.of([get], tmp_path), PythonTools.of([get], tmp_path)])


def test_problems_of_the_owner_come_through(tmp_path: Path) -> None:
    assert "'order_id' is missing" in both(tmp_path, None).problem(ToolCall(id="c1", tool="orders.get"))
