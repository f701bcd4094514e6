"""Which persona a command is about when none was named."""

from __future__ import annotations

from greenroom.core.errors import UsageError
from greenroom.persona.load import list_personas
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings


def chosen(workspace: Workspace, named: str) -> str:
    """The persona named, else the workspace's own, else the only one there is.

    Raises:
        UsageError: none was named and it is not plain which one is meant.
        FileInvalid: greenroom.toml is broken.
    """
    if named:
        return named
    if settled := load_settings(workspace).persona:
        return settled
    there = list_personas(workspace)
    if len(there) == 1:
        return there[0]
    said = f"one of: {', '.join(there)}" if there else f"there is none in {workspace.personas}"
    raise UsageError("which persona?", hint=said, code="persona.unnamed")


def split(named: str) -> tuple[str, str | None]:
    """`aria@1.3.0` as id and version; no version is the contract under work."""
    name, _, version = named.partition("@")
    return name, version or None
