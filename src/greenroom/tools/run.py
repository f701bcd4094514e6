"""Runs one tool function within its time and output limits; whatever it does, the outcome is a `ToolResult`.

Invariant: no exception of a tool gets out, no traceback reaches a model, and a result says so when it was cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import json
import threading
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from greenroom.core.canonical import clean_json
from greenroom.core.errors import GreenroomError
from greenroom.core.inert import inert_line
from greenroom.core.values import Json, ToolResult, ToolSpec
from greenroom.tools.printed import printing

_LONGEST_ERROR = 400


async def run(function: Callable[..., Any], arguments: dict[str, Any], spec: ToolSpec) -> ToolResult:
    """Call the function with the arguments; a plain function gets a thread of its own."""
    limit = asyncio.timeout(spec.timeout_seconds)
    try:
        async with limit:
            if inspect.iscoroutinefunction(function):
                with printing():
                    value = await function(**arguments)
            else:
                value = await _in_thread(function, arguments)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return ToolResult(status="failed", error="the tool cancelled itself")
    except (Exception, SystemExit) as error:  # noqa: BLE001  a tool may raise anything
        if limit.expired():
            return ToolResult(status="timed_out", error=_late(spec))
        return ToolResult(status="failed", error=_said(error))
    return _result(value, spec)


async def _in_thread(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Run it in a daemon thread. A hung tool cannot be stopped, but it must not keep the program from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if not future.done():
            future.set_result((value, error))

    def work() -> None:
        outcome: tuple[Any, BaseException | None]
        try:
            outcome = (context.run(_apart, function, arguments), None)
        except BaseException as error:  # noqa: BLE001  carried over to the waiter, whatever it is
            outcome = (None, error)
        with contextlib.suppress(RuntimeError):  # the loop has ended; nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name="greenroom-tool", daemon=True).start()
    value, error = await future
    if error is not None:
        raise error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
    return value


def _apart(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    with printing():
        return function(**arguments)


def _late(spec: ToolSpec) -> str:
    may_have = "" if spec.effects == "none" else "; it may still have happened"
    return f"no answer within {spec.timeout_seconds:g} s{may_have}"


def _said(error: BaseException) -> str:
    """One line. A ValueError is how a tool says no, so its words stand alone."""
    words = error.line() if isinstance(error, GreenroomError) else str(error)
    if isinstance(error, GreenroomError) or (type(error) is ValueError and words):
        return inert_line(words, _LONGEST_ERROR)
    return inert_line(f"{type(error).__name__}: {words}" if words else type(error).__name__, _LONGEST_ERROR)


def _result(value: Any, spec: ToolSpec) -> ToolResult:
    try:
        output = clean_json(to_jsonable_python(value))
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        return ToolResult(status="failed", error=inert_line(f"the tool's result is not JSON: {error}", _LONGEST_ERROR))
    return ToolResult(status="done", output=cut(output, spec.output_limit))


def cut(output: Json, limit: int) -> Json:
    """The output in at most about `limit` characters, saying so if any are left out.

    Text is cut in the middle of it, a list after a whole item; anything else becomes the beginning of its JSON text.
    """
    whole = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    if len(whole) <= limit:
        return output
    if isinstance(output, list) and (kept := _fitting(output, limit)):
        return [*kept, f"[cut: {len(kept)} of {len(output)} items]"]
    return f"{whole[:limit]} [cut: {limit} of {len(whole)} characters]"


def _fitting(items: list[Json], limit: int) -> list[Json]:
    kept: list[Json] = []
    used = 2
    for item in items:
        used += len(json.dumps(item, ensure_ascii=False)) + 2
        if used > limit:
            break
        kept.append(item)
    return kept
