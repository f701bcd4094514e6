"""Tool calls: which tool, with which arguments, and how it ended.

Invariant: pure; a call that is not the expected one is told by its first difference. A call that could not be made is
none that was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from greenroom.core.values import Frozen, Json
from greenroom.regression.expect.matcher import Expected
from greenroom.regression.expect.said import Line, listed
from greenroom.regression.expect.values import difference, expectation, is_path, place
from greenroom.regression.tape.facts import CallFacts, TurnFacts

Status = Literal["done", "failed", "timed_out", "invalid", "denied", "unknown"]
Match = Literal["exact", "subset", "superset", "ignore"]
"""What the arguments that are written are, compared with those that were passed: exactly them, a subset of them (more
may be passed), a superset (some may be left out), or nothing that counts.
"""


def _tool(name: str) -> str:
    if name != "*" and ("*" in name.removesuffix(".*") or name == ".*"):
        raise ValueError(f"'{name}' is not a tool: write its name, 'orders.*' for all that begin so, or '*' for any")
    return name


Tool = Annotated[Line, AfterValidator(_tool), Field(json_schema_extra={"pattern": r"^(\*|[^*]+(\.\*)?)$"})]


class CallExpected(Frozen):
    """A tool call that was made. `tool` is its name, `orders.*` for every tool that begins so, or `*` for any. `status`
    is how it ended. A call that was asked for and could not be made (there is no such tool, or it takes no such
    arguments) counts only where `status = "invalid"` says so; `never` counts it always.

    `args` are compared as `match` says: the arguments written here are a `subset` of those passed (the default),
    `exact`ly those, or a `superset`. A value may be a matcher: `{ approx = 90, within = 1 }`, `{ regex = "^R-" }`,
    `{ one_of = [1, 2] }`, `{ type = "number" }`, `{ any = true }`, `{ at_least = 1, at_most = 5 }`,
    `{ contains = "x" }`, `{ length = 2 }`, `{ each = ... }`, `{ not = ... }`, `{ subset = { ... } }`,
    `{ equals = ... }`. A key such as `"items.0.price"` is a place further down.
    """

    tool: Tool
    args: dict[str, Expected] = Field(default_factory=dict)
    match: Match = "subset"
    status: Status | None = None


def _form(value: Any) -> str:
    return "name" if isinstance(value, str) else "table"


Call = Annotated[Annotated[Tool, Tag("name")] | Annotated[CallExpected, Tag("table")], Discriminator(_form)]
"""A call as a tool's name alone, or as a table."""


def as_call(written: str | CallExpected) -> CallExpected:
    return CallExpected(tool=written) if isinstance(written, str) else written


def is_tool(written: str, tool: str) -> bool:
    """Whether a tool is the one written, or one of those that `orders.*` or `*` stands for."""
    return written in {tool, "*"} or (written.endswith(".*") and tool.startswith(written[:-1]))


def call_problem(expected: CallExpected, call: CallFacts, *, attempts: bool = False) -> str:
    """Why a call is not the expected one, or ''. One that could not be made is none, unless `attempts` count too."""
    if not is_tool(expected.tool, call.tool):
        return f"it is {call.tool}"
    if call.never_ran and expected.status is None and not attempts:
        return f"it could not be called{': ' + call.error if call.error else ''}"
    if said := args_problem(expected.args, call.args, expected.match):
        return said
    if expected.status is not None and call.status != expected.status:
        return f"it ended as {call.status or 'nothing'}, expected {expected.status}"
    return ""


def args_problem(expected: Mapping[str, Json], args: Mapping[str, Json], match: Match = "subset") -> str:
    """Why arguments are not the expected ones, or ''."""
    if match == "ignore":
        return ""
    if match != "subset" and (extra := args.keys() - {_first(key, args) for key in expected}):
        return f"with more arguments: {listed(sorted(extra))}"
    for key, value in expected.items():
        there, found = (True, args[key]) if key in args else place(args, key) if is_path(key) else (False, None)
        if not there:
            if match == "superset":
                continue
            return f"without {'anything at' if is_path(key) else 'the argument'} {key}, expected {expectation(value)}"
        if said := difference(value, found, key):
            return f"with {said}"
    return ""


def no_call(expected: CallExpected, turn: TurnFacts) -> str:
    """Why none of a turn's calls is the expected one; the nearest is the one of the same tool."""
    same_tool = [call for call in turn.calls.values() if is_tool(expected.tool, call.tool)]
    if same_tool:
        nearest = next((call for call in same_tool if not call_problem(expected, call, attempts=True)), same_tool[0])
        problem = call_problem(expected, nearest)
        return asked_in_vain(expected, nearest) or f"{nearest.tool} was called, but {problem}"
    return f"{expected.tool} was not called; there was {made(turn.calls.values())}"


def asked_in_vain(expected: CallExpected, call: CallFacts) -> str:
    """What is said of a call of the expected tool that could not be made; '' of any other, and where that is expected."""
    if not call.never_ran or expected.status is not None:
        return ""
    return f"{call.tool} was asked for but {call_problem(expected, call).removeprefix('it ')}"


def made(calls: Iterable[CallFacts]) -> str:
    """The tools of calls, in words."""
    return listed((call.tool for call in calls), "no tool")


def worded(expected: CallExpected) -> str:
    """`orders.refund with amount = 90`."""
    given = ", ".join(f"{key} = {expectation(value)}" for key, value in expected.args.items())
    status = f", {expected.status}" if expected.status else ""
    return f"{expected.tool}{' with ' + given if given else ''}{status}"


def _first(key: str, args: Mapping[str, Json]) -> str:
    """The argument that a key is about."""
    return key if key in args or not is_path(key) else key.partition(".")[0]
