"""Functions as tools: what a model is told, what is refused before policy sees it, and how a call can end."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolCall, ToolResult
from greenroom.tools.python_tools import PythonTools
from greenroom.tools.run import cut

ORDERS = '''
from pathlib import Path
from typing import Literal, Optional

from greenroom.tools import tool


@tool(name="orders.refund", effects="once", sensitivity="personal", timeout=10)
def refund(order_id: int, amount: float, currency: Literal["EUR", "USD"] = "EUR", note: Optional[str] = None,
           tags: list[str] = [], *, idempotency_key: str, workspace: Path) -> dict:
    """Pay money back.

    It takes a day or two.

    Args:
        order_id: The order's number,
            four digits.
        amount: How much, in the order's currency.

    Returns:
        secret inner detail
    """
    return {"order_id": order_id, "amount": amount, "kinds": [type(order_id).__name__, type(amount).__name__],
            "note": note, "key": idempotency_key, "root": str(workspace), "currency": currency, "tags": tags}


@tool(effects="none")
async def count(items: list[int], weights: dict[str, float] | None = None) -> int:
    """How many there are."""
    return len(items)


def not_a_tool(x):
    return x
'''


def tools_of(folder: Path, source: str, **more: Any) -> PythonTools:
    (folder / "tools").mkdir(exist_ok=True)
    (folder / "tools" / "orders.py").write_text(source, encoding="utf-8")
    return PythonTools(folder / "tools", folder, **more)


def one(folder: Path, body: str, declared: str = '@tool("t.t", effects="none", timeout=5)') -> PythonTools:
    return tools_of(folder, f"import asyncio, threading, time\nfrom greenroom.tools import tool\n{declared}\n{body}\n")


def run(tools: PythonTools, name: str = "t.t", **arguments: Any) -> ToolResult:
    return asyncio.run(tools.call(ToolCall(id="c1", tool=name, arguments=arguments), "s1/t1/tool:c1"))


def test_a_model_is_told_the_signature_and_the_docstring(tmp_path: Path) -> None:
    tools = tools_of(tmp_path, ORDERS)
    count, refund = tools.specs()
    assert [count.name, refund.name] == ["orders.count", "orders.refund"]
    assert refund.description == "Pay money back. It takes a day or two."
    assert refund.parameters == {
        "type": "object",
        "properties": {
            "order_id": {"type": "integer", "description": "The order's number, four digits."},
            "amount": {"type": "number", "description": "How much, in the order's currency."},
            "currency": {"type": "string", "enum": ["EUR", "USD"], "default": "EUR"},
            "note": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        },
        "additionalProperties": False,
        "required": ["order_id", "amount"],
    }
    assert (refund.effects, refund.sensitivity, refund.timeout_seconds) == ("once", "personal", 10)


def test_what_the_workbench_knows_is_filled_in_and_whole_numbers_fit_floats(tmp_path: Path) -> None:
    result = run(tools_of(tmp_path, ORDERS), "orders.refund", order_id=1001.0, amount=90, note=None)
    assert result.status == "done"
    assert result.output["kinds"] == ["int", "float"]
    assert result.output["key"] == "s1/t1/tool:c1"
    assert result.output["root"] == str(tmp_path)
    assert result.output["note"] is None


def test_an_async_function_is_awaited(tmp_path: Path) -> None:
    assert run(tools_of(tmp_path, ORDERS), "orders.count", items=[1, 2.0, 3]).output == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"amount": 1}, "argument 'order_id' is missing"),
        ({"order_id": "1001", "amount": 1}, "argument 'order_id' must be a valid integer"),
        ({"order_id": 1001.5, "amount": 1}, "argument 'order_id' must be a valid integer"),
        ({"order_id": True, "amount": 1}, "argument 'order_id' must be a valid integer"),
        ({"order_id": 1, "amount": "90"}, "argument 'amount' must be a valid number"),
        ({"order_id": 1, "amount": float("nan")}, "argument 'amount' must be a finite number"),
        ({"order_id": 1, "amount": 1, "currency": "GBP"}, "argument 'currency' must be 'EUR' or 'USD'"),
        ({"order_id": 1, "amount": 1, "tags": ["a", 2]}, "argument 'tags[1]' must be a valid string"),
        ({"order_id": 1, "amout": 1}, "unknown argument 'amout' (did you mean 'amount'?)"),
        ({"order_id": 1, "amount": 1, "idempotency_key": "mine"}, "unknown argument 'idempotency_key'"),
        ({"order_id": 1, "amount": 1, "workspace": "/"}, "unknown argument 'workspace'"),
        ({"order_id": None, "amount": 1}, "argument 'order_id' must be a valid integer"),
    ],
)
def test_arguments_against_the_schema_are_a_problem_and_nothing_runs(
    tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    tools = tools_of(tmp_path, ORDERS)
    call = ToolCall(id="c1", tool="orders.refund", arguments=arguments)
    assert says in tools.problem(call)
    result = asyncio.run(tools.call(call, "k"))
    assert result.status == "invalid"
    assert result.output is None


def test_an_unknown_tool_is_a_problem_with_a_suggestion(tmp_path: Path) -> None:
    tools = tools_of(tmp_path, ORDERS)
    assert "did you mean 'orders.refund'?" in tools.problem(ToolCall(id="c1", tool="orders.refunds"))
    assert (
        tools.problem(ToolCall(id="c1", tool="orders.count", problem="the arguments are not JSON"))
        == "the arguments are not JSON"
    )


@given(
    order_id=st.integers(-(2**53), 2**53),
    amount=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000),
)
def test_normalising_changes_form_and_never_value(
    tmp_path_factory: pytest.TempPathFactory, order_id: int, amount: float
) -> None:
    tools = tools_of(tmp_path_factory.getbasetemp(), ORDERS)
    call = ToolCall(id="c1", tool="orders.refund", arguments={"order_id": order_id, "amount": amount})
    once = tools.normalised(call)
    assert once.arguments == call.arguments
    assert type(once.arguments["amount"]) is float
    assert tools.normalised(once) == once


def test_allow_narrows(tmp_path: Path) -> None:
    assert [spec.name for spec in tools_of(tmp_path, ORDERS, allow=["orders.c*"]).specs()] == ["orders.count"]
    assert tools_of(tmp_path, ORDERS, allow=[]).specs() == ()
    assert PythonTools(tmp_path / "nowhere", tmp_path).specs() == ()


def test_a_no_of_the_tool_is_its_words_alone_and_other_errors_name_their_kind(tmp_path: Path) -> None:
    assert (
        run(one(tmp_path, 'def f():\n    """F."""\n    raise ValueError("There is\\nno order 7.")')).error
        == "There is no order 7."
    )
    result = run(one(tmp_path, 'def f():\n    """F."""\n    return {}["missing"]'))
    assert (result.status, result.error) == ("failed", "KeyError: 'missing'")
    for body in ("raise SystemExit(3)", "raise KeyboardInterrupt", "raise StopIteration", "raise TimeoutError('mine')"):
        result = run(one(tmp_path, f'def f():\n    """F."""\n    {body}'))
        assert result.status == "failed"
        assert "\n" not in result.error
    assert run(one(tmp_path, 'async def f():\n    """F."""\n    raise asyncio.CancelledError')).status == "failed"


def test_control_codes_in_an_error_are_inert(tmp_path: Path) -> None:
    result = run(one(tmp_path, 'def f():\n    """F."""\n    raise ValueError("\\x1b]52;c;x\\x07 \\u202e")'))
    assert result.error == "\\x1b]52;c;x\\x07 \\u202e"


@pytest.mark.parametrize("value", ["object()", "float('nan')", "2**60", "b'\\xff'", "deep"])
def test_a_result_that_is_not_json_is_a_failure(tmp_path: Path, value: str) -> None:
    body = f'def f():\n    """F."""\n    deep = []\n    for _ in range(50): deep = [deep]\n    return {value}'
    result = run(one(tmp_path, body))
    assert result.status == "failed"
    assert "not JSON" in result.error


def test_dates_sets_and_dataclasses_become_json(tmp_path: Path) -> None:
    body = (
        "def f():\n"
        '    """F."""\n'
        "    import dataclasses, datetime, decimal\n"
        "    @dataclasses.dataclass\n"
        "    class D:\n"
        "        x: int\n"
        "    return [D(1), datetime.date(2026, 1, 2), decimal.Decimal('1.50')]"
    )
    assert run(one(tmp_path, body)).output == [{"x": 1}, "2026-01-02", "1.50"]


def test_a_hung_tool_times_out_and_says_what_may_have_happened(tmp_path: Path) -> None:
    declared = '@tool("t.t", effects="once", timeout=0.05)'
    result = run(one(tmp_path, 'def f():\n    """F."""\n    threading.Event().wait(30)', declared))
    assert result.status == "timed_out"
    assert "0.05 s" in result.error
    assert "may still have happened" in result.error
    hung = [thread for thread in threading.enumerate() if thread.name == "greenroom-tool"]
    assert all(thread.daemon for thread in hung)
    assert (
        run(one(tmp_path, 'async def f():\n    """F."""\n    await asyncio.sleep(30)', declared)).status == "timed_out"
    )


def test_cancelling_a_call_is_not_swallowed(tmp_path: Path) -> None:
    tools = one(tmp_path, 'async def f():\n    """F."""\n    await asyncio.sleep(30)')

    async def go() -> None:
        async with asyncio.timeout(0.05):
            await tools.call(ToolCall(id="c1", tool="t.t"), "k")

    with pytest.raises(TimeoutError):
        asyncio.run(go())


def test_long_results_are_cut_and_say_so(tmp_path: Path) -> None:
    declared = '@tool("t.t", effects="none", output_limit=100)'
    text = run(one(tmp_path, 'def f():\n    """F."""\n    return "x" * 5000', declared)).output
    assert text == "x" * 100 + " [cut: 100 of 5000 characters]"
    rows = run(one(tmp_path, 'def f():\n    """F."""\n    return [{"n": n} for n in range(100)]', declared)).output
    assert rows[-1] == f"[cut: {len(rows) - 1} of 100 items]"
    assert rows[:-1] == [{"n": n} for n in range(len(rows) - 1)]
    table = run(one(tmp_path, 'def f():\n    """F."""\n    return {"a": "x" * 5000}', declared)).output
    assert table.endswith("characters]")


@given(
    value=st.recursive(
        st.none() | st.integers(-99, 99) | st.text(max_size=20),
        lambda x: st.lists(x) | st.dictionaries(st.text(max_size=4), x),
    ),
    limit=st.integers(1, 60),
)
def test_cutting_leaves_short_values_alone_and_bounds_the_rest(value: Any, limit: int) -> None:
    import json

    size = len(value) if isinstance(value, str) else len(json.dumps(value, ensure_ascii=False))
    out = cut(value, limit)
    if size <= limit:
        assert out == value
    else:
        assert "[cut: " in (out if isinstance(out, str) else out[-1])
        assert len(out if isinstance(out, str) else json.dumps(out[:-1], ensure_ascii=False)) <= limit + 60


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("def broken(:\n", 1, "not Python"),
        ("x = 1\nraise RuntimeError('no \\x1b database')\n", 2, "RuntimeError: no \\x1b database"),
        ("x = 1\nimport nosuchmodule_at_all\n", 2, "nosuchmodule_at_all"),
        ("x = 1\nfrom _nosuch import y\n", 2, "_nosuch"),
        ("raise SystemExit\n", 1, "SystemExit"),
        ("from greenroom.tools import tool\n@tool()\ndef f(x: int):\n    pass\n", 2, "no docstring"),
        ('from greenroom.tools import tool\n@tool()\ndef f(x):\n    """F."""\n', 2, "parameter 'x' has no type"),
        ('from greenroom.tools import tool\n@tool()\ndef f(x: bytes):\n    """F."""\n', 2, "cannot be told about"),
        ('from greenroom.tools import tool\n@tool()\ndef f(*x: int):\n    """F."""\n', 2, "cannot be passed by name"),
        ('from greenroom.tools import tool\n@tool()\ndef f(x: "Nope"):\n    """F."""\n', 2, "Nope"),
        (
            'from greenroom.tools import tool\n@tool()\ndef f(order: int):\n    """F.\n\n    Args:\n        ordr: it\n    """\n',
            2,
            "did you mean 'order'?",
        ),
        ('from greenroom.tools import tool\n@tool()\ndef f(x: int = "a"):\n    """F."""\n', 2, "default of 'x'"),
        ('from greenroom.tools import tool\n@tool()\ndef f(x: str = None):\n    """F."""\n', 2, "Optional"),
        ('from greenroom.tools import tool\n@tool("Bad Name!")\ndef f():\n    """F."""\n', 2, "not a tool name"),
        (
            'from greenroom.tools import tool\n@tool("a.b", effects="maybe")\ndef f():\n    """F."""\n',
            2,
            "effects must be",
        ),
        ('from greenroom.tools import tool\n@tool("a.b", timeout=0)\ndef f():\n    """F."""\n', 2, "above 0"),
        ('from greenroom.tools import tool\n@tool\ndef f():\n    """F."""\n', 2, "brackets"),
        (
            'from greenroom.tools import tool\n@tool("a.b")\ndef f():\n    """F."""\n@tool("a.b")\ndef g():\n    """G."""\n',
            5,
            "already declared",
        ),
    ],
)
def test_a_broken_file_names_its_line(tmp_path: Path, source: str, line: int, says: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        tools_of(tmp_path, source)
    assert f"orders.py:{line}" in caught.value.where
    assert says in caught.value.line()
    assert "\n" not in caught.value.line()
    assert "\x1b" not in caught.value.line()


def test_two_workspaces_do_not_see_each_others_private_modules(tmp_path: Path) -> None:
    source = 'from _shop import NAME\nfrom greenroom.tools import tool\n@tool("t.t", effects="none")\ndef f():\n    """F."""\n    import _shop\n    return [NAME, _shop.NAME]\n'
    made = []
    for name in ("one", "two"):
        root = tmp_path / name
        (root / "tools").mkdir(parents=True)
        (root / "tools" / "_shop.py").write_text(f"NAME = {name!r}\n", encoding="utf-8")
        made.append(tools_of(root, source))
    assert [run(tools).output for tools in made] == [["one", "one"], ["two", "two"]]
    assert "_shop" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_an_edited_file_is_read_anew(tmp_path: Path) -> None:
    assert run(one(tmp_path, 'def f():\n    """F."""\n    return 1')).output == 1
    assert run(one(tmp_path, 'def f():\n    """F."""\n    return 2')).output == 2


def test_importing_the_decorator_is_cheap() -> None:
    import subprocess

    code = (
        "import sys, greenroom.tools; print(sorted(m for m in ('pydantic', 'asyncio', 'litellm') if m in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_a_broken_file_of_a_workspace_is_named_as_the_workspace_has_it(tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    good = (
        'from greenroom.tools import tool\n\n\n@tool(name="a.b")\ndef look() -> int:\n    """Look."""\n    return 1\n'
    )
    for text, said in (
        ("x = (", "tools/a.py:1: not Python"),
        ("import nope_nope", "tools/a.py:1: running the file failed"),
    ):
        (folder / "a.py").write_text(text)
        with pytest.raises(FileInvalid) as caught:
            PythonTools(folder, tmp_path)
        assert caught.value.line().startswith(said)
    (folder / "a.py").write_text(good)
    (folder / "b.py").write_text(good)
    with pytest.raises(FileInvalid) as caught:
        PythonTools(folder, tmp_path)
    assert caught.value.line() == "tools/b.py:4: the tool 'a.b' is already declared at tools/a.py:4"
