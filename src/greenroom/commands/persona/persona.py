"""Personas listed, shown and checked."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.chosen import chosen, split
from greenroom.core.errors import FileInvalid
from greenroom.persona.check import Known, Problem
from greenroom.persona.check import check as check_persona
from greenroom.persona.contract import Persona
from greenroom.persona.load import LoadedPersona, list_personas, load_persona
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings


@dataclass(frozen=True, slots=True)
class Listed:
    """A persona, or what is wrong with its file."""

    id: str
    persona: Persona | None
    problem: str = ""


def list_all(asked: Invocation) -> Answer[tuple[Listed, ...]]:
    """Every persona; a broken one is listed with its problem instead of stopping the list."""
    workspace = asked.workspace()
    found = tuple(_listed(workspace, name) for name in list_personas(workspace))
    rows = [
        (one.persona.label, one.persona.name, one.persona.kind, one.persona.model.use, one.persona.story.as_a)
        if one.persona
        else (one.id, "broken", "", "", one.problem)
        for one in found
    ]
    data = [_as_data(one) for one in found]
    notes = () if found else (f"there is no persona in {workspace.personas}",)
    return answer(found, table(("persona", "name", "kind", "model", "as a"), rows, 40), data, notes=notes)


def show(asked: Invocation) -> Answer[LoadedPersona]:
    """The contract as written, and the prompt as it is filled.

    Raises:
        FileInvalid: the contract is broken.
    """
    workspace = asked.workspace()
    loaded = load_persona(workspace, *split(chosen(workspace, asked.text("persona"))))
    lines = [
        f"# {loaded.persona.label} · {loaded.digest[:8]} · {loaded.file}",
        *loaded.texts["persona"].splitlines(),
        "",
        f"# prompt · {loaded.prompt_digest[:8]}",
        *loaded.prompt.splitlines(),
    ]
    data = {
        "persona": loaded.persona.model_dump(mode="json", by_alias=True),
        "prompt": loaded.prompt,
        "digests": loaded.digests,
    }
    return answer(loaded, lines, data)


def check(asked: Invocation) -> Answer[tuple[Problem, ...]]:
    """Every problem of one contract, or of all when none is named; exit 3 for a broken file.

    Raises:
        UsageError: there is no such persona.
    """
    workspace = asked.workspace()
    named = asked.text("persona")
    names = [split(named)[0]] if named else list(list_personas(workspace))
    known, notes = _known(workspace)
    found = tuple(problem for name in names for problem in check_persona(workspace, name, known))
    errors = [problem for problem in found if problem.level == "error"]
    lines = [f"{problem.level}: {problem.line()}" for problem in found]
    if not errors:
        lines.append(f"{', '.join(names)}: sound" if names else "there is no persona to check")
    data = [{"level": one.level, "where": one.where, "message": one.message, "hint": one.hint} for one in found]
    return answer(found, lines, data, notes=notes, exit_code=3 if errors else 0)


def _listed(workspace: Workspace, name: str) -> Listed:
    try:
        return Listed(name, load_persona(workspace, name).persona)
    except FileInvalid as error:
        return Listed(name, None, error.line())


def _as_data(one: Listed) -> dict[str, object]:
    if one.persona is None:
        return {"id": one.id, "problem": one.problem}
    persona = one.persona
    return {
        "id": one.id,
        "version": persona.version,
        "name": persona.name,
        "kind": persona.kind,
        "model": persona.model.use,
        "tools": list(persona.tools.allow),
        "policies": list(persona.policy.files),
    }


def _known(workspace: Workspace) -> tuple[Known, tuple[str, ...]]:
    """What exists in the workspace. Tools are known only when their code may run."""
    from greenroom.commands.tool.toolbox import specs_if_trusted

    settings = load_settings(workspace)
    specs, note = specs_if_trusted(workspace)
    tools = None if specs is None else [spec.name for spec in specs]
    known = Known(tools, list(settings.knowledge.collections), list(settings.memory.segments))
    return known, (note,) if note else ()
