"""What tools print reaches nobody as a command to a terminal, and nothing that reads Greenroom's output."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from greenroom.core.values import ToolCall
from greenroom.tools.python_tools import PythonTools

SOURCE = """
import sys
from greenroom.tools import tool

print("loaded \\x1b[2J")

@tool(name="t.plain", effects="none", timeout=5)
def plain() -> str:
    \"\"\"Print.\"\"\"
    print("plain \\x1b[31m")
    sys.stderr.write("error \\x9b2J")
    return "p"

@tool(name="t.slow", effects="none", timeout=5)
async def slow() -> str:
    \"\"\"Print.\"\"\"
    import asyncio
    print("slow", end=" ")
    await asyncio.sleep(0)
    print("er")
    return "s"
"""


def test_what_a_tool_prints_goes_to_stderr_inert_and_what_others_print_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.py").write_text(SOURCE, encoding="utf-8")
    before = sys.stdout, sys.stderr
    tools = PythonTools(tmp_path, tmp_path)

    async def both() -> None:
        async def other() -> None:
            print("mine \x1b[0m")

        calls = [ToolCall(id=name, tool=name) for name in ("t.plain", "t.slow")]
        await asyncio.gather(*(tools.call(call, "") for call in calls), other())

    asyncio.run(both())
    out, err = capsys.readouterr()
    assert out == "mine \x1b[0m\n"
    assert all(word in err for word in ("loaded", "plain", "error", "slow", "er\n"))
    assert not any(character in err for character in "\x1b\x9b")
    assert (sys.stdout, sys.stderr) == before
