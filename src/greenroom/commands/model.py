"""The models a persona could run on: declared here, scripted here, or served by this machine."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.models.discover import discover
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings


@dataclass(frozen=True, slots=True)
class Usable:
    """A model: what to write in `persona.toml`, where it comes from, and what it can do or needs."""

    name: str
    source: str
    about: str = ""


async def list_models(asked: Invocation) -> Answer[tuple[Usable, ...]]:
    """Declared and scripted models, then those that local servers offer."""
    workspace = asked.workspace()
    found = [*_declared(workspace), *_scripted(workspace)]
    if not asked.flag("offline"):
        found += await _local()
    rows = [(one.name, one.source, one.about) for one in found]
    data = [{"name": one.name, "source": one.source, "about": one.about} for one in found]
    return answer(tuple(found), table(("model", "source", "about"), rows), data)


def _declared(workspace: Workspace) -> list[Usable]:
    models = load_settings(workspace).models
    return [
        Usable(name, "greenroom.toml", " · ".join(filter(None, (one.use, one.api_base, one.key and f"key {one.key}"))))
        for name, one in sorted(models.items())
    ]


def _scripted(workspace: Workspace) -> list[Usable]:
    return [
        Usable(f"scripted/{path.stem}", workspace.shown(path), "scripted: no model, no network")
        for path in sorted(workspace.scripts.glob("*.toml"))
    ]


async def _local() -> list[Usable]:
    servers = await discover()
    return [
        Usable(model.name, f"{server.kind} at {server.api_base}", ", ".join(model.abilities))
        for server in servers
        for model in server.models
    ]
