"""Tools listed, and one called by hand."""

from __future__ import annotations

from fnmatch import fnmatchcase

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.live.narrate import as_json
from greenroom.commands.persona.chosen import split
from greenroom.commands.tool.arguments import arguments_of
from greenroom.commands.tool.toolbox import tools_of
from greenroom.core.errors import UsageError
from greenroom.core.ids import RandomIds
from greenroom.core.toml_text import suggest
from greenroom.core.values import ToolCall, ToolResult, ToolSpec
from greenroom.persona.load import load_persona


def list_tools(asked: Invocation) -> Answer[tuple[ToolSpec, ...]]:
    """Every tool, or those a persona may use.

    Raises:
        UsageError: the workspace is not trusted.
        FileInvalid: a tools file is broken.
    """
    workspace = asked.workspace()
    specs = tools_of(workspace).specs()
    if named := asked.text("persona"):
        allowed = load_persona(workspace, *split(named)).persona.tools.allow
        specs = tuple(spec for spec in specs if any(fnmatchcase(spec.name, pattern) for pattern in allowed))
    rows = [
        (
            spec.name,
            spec.effects,
            "yes" if spec.reversible else "no",
            "yes" if spec.outbound else "no",
            spec.sensitivity,
            ", ".join(spec.parameters.get("properties", {})),
            spec.description.split("\n")[0],
        )
        for spec in specs
    ]
    heads = ("tool", "effects", "reversible", "outbound", "sensitivity", "arguments", "what it does")
    return answer(specs, table(heads, rows, 40), [spec.model_dump(mode="json") for spec in specs])


async def call(asked: Invocation) -> Answer[ToolResult]:
    """Run one tool as the person typed it; exit 1 when it fails. No policy is asked: this is the person's own hand.

    Raises:
        UsageError: no such tool or argument, or the workspace is not trusted.
    """
    tools = tools_of(asked.workspace())
    name = asked.text("tool")
    spec = next((one for one in tools.specs() if one.name == name), None)
    if spec is None:
        raise UsageError(f"there is no tool named '{name}'", hint=suggest(name, [one.name for one in tools.specs()]))
    wanted = ToolCall(id="c1", tool=name, arguments=arguments_of(asked.words("given"), spec))
    if problem := tools.problem(wanted):
        raise UsageError(problem, hint=f"arguments: {', '.join(spec.parameters.get('properties', {}))}")
    try:
        result = await tools.call(wanted, RandomIds().name("hand-"))
    finally:
        await tools.aclose()
    done = result.status == "done"
    lines = [as_json(result.output)] if done else []
    notes = () if done else (f"{result.status}: {result.error}",)
    return answer(result, lines, result.model_dump(mode="json"), notes=notes, exit_code=0 if done else 1)
