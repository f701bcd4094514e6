"""Several sets of tools as one, narrowed to what a persona is allowed.

Invariant: a name belongs to exactly one set, and a tool that is not allowed does not exist for whoever asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import suggest
from greenroom.core.values import ToolCall, ToolResult, ToolSpec
from greenroom.tools.port import Tools


class CombinedTools:
    """A `Tools` of other `Tools`.

    Args:
        sets: in no particular order.
        allow: name patterns as in `persona.toml` (`orders.get*`); None allows all, an empty list nothing.

    Raises:
        FileInvalid: two sets have a tool of the same name.
    """

    def __init__(self, sets: Sequence[Tools], allow: Sequence[str] | None = None) -> None:
        self._sets = tuple(sets)
        self._owner: dict[str, tuple[ToolSpec, Tools]] = {}
        seen: set[str] = set()
        for tools in self._sets:
            for spec in tools.specs():
                if spec.name in seen:
                    raise FileInvalid(
                        f"two tools are named '{spec.name}'", hint="rename one of them", code="tool.duplicate"
                    )
                seen.add(spec.name)
                if allow is None or any(fnmatchcase(spec.name, pattern) for pattern in allow):
                    self._owner[spec.name] = (spec, tools)

    def specs(self) -> tuple[ToolSpec, ...]:
        """Every allowed tool, sorted by name."""
        return tuple(self._owner[name][0] for name in sorted(self._owner))

    def problem(self, call: ToolCall) -> str:
        """Why this call cannot even be decided about, or ''."""
        if call.problem:
            return call.problem
        owner = self._owner.get(call.tool)
        if owner is None:
            known = sorted(self._owner)
            return f"there is no tool named '{call.tool}' ({suggest(call.tool, known) if known else 'there are none'})"
        return owner[1].problem(call)

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """Hand the call to the set that has the tool."""
        if problem := self.problem(call):
            return ToolResult(status="invalid", error=problem)
        return await self._owner[call.tool][1].call(call, idempotency_key)

    async def aclose(self) -> None:
        """Close every set, the rest too if one of them fails to."""
        async with contextlib.AsyncExitStack() as stack:
            for tools in self._sets:
                stack.push_async_callback(tools.aclose)
