"""What the engine needs of tools."""

from __future__ import annotations

from typing import Protocol

from greenroom.core.values import ToolCall, ToolResult, ToolSpec


class Tools(Protocol):
    """A set of tools a persona may be given."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """Every tool of the set, sorted by name."""
        ...

    def problem(self, call: ToolCall) -> str:
        """Why this call cannot even be decided about (unknown tool, arguments against the schema), or ''."""
        ...

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """Run it within its declared timeout and output limit. A failing tool is a result, never an exception."""
        ...

    async def aclose(self) -> None:
        """Stop whatever was started."""
        ...
