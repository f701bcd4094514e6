"""Allowing a workspace to run its code, once for exactly what is there now."""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.workspace import trust as trusting


def trust(asked: Invocation) -> Answer[trusting.Described]:
    """Trust it, show what would be trusted, or take trust back.

    Raises:
        FileInvalid: greenroom.toml is broken.
        DiskFailed: the decision could not be kept.
    """
    workspace = asked.workspace()
    described = trusting.describe(workspace)
    if asked.flag("revoke"):
        trusting.distrust(workspace)
        said = f"{workspace.root} is not trusted any more"
    elif asked.flag("show"):
        said = "trusted as it is now" if trusting.is_trusted(workspace) else "not trusted: greenroom trust"
    else:
        trusting.trust(workspace)
        said = f"{workspace.root} is trusted until one of these changes"
    data = {
        "trusted": trusting.is_trusted(workspace),
        "digest": described.digest,
        "tools": list(described.tools),
        "commands": list(described.commands),
        "hosts": list(described.hosts),
        "secrets": list(described.secrets),
    }
    return answer(described, [*_lines(described), said], data)


def _lines(described: trusting.Described) -> list[str]:
    if described.harmless:
        return ["this workspace runs no code and names no host"]
    return [
        *(f"runs      {file}" for file in described.tools),
        *(f"starts    {command}" for command in described.commands),
        *(f"reaches   {host}" for host in described.hosts),
        *(f"is given  {name}" for name in described.secrets),
    ]
