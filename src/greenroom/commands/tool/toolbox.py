"""The workspace's own tools for commands that look at them without a session.

Invariant: no code of the workspace runs before a person trusted it.
"""

from __future__ import annotations

from greenroom.core.errors import UsageError
from greenroom.core.values import ToolSpec
from greenroom.tools.port import Tools
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import is_trusted


def specs_if_trusted(workspace: Workspace) -> tuple[tuple[ToolSpec, ...] | None, str]:
    """Every tool of the workspace; None and the reason when its code may not run.

    Raises:
        FileInvalid: a tools file is broken.
    """
    if not is_trusted(workspace):
        return None, "tools were not looked at: this workspace is not trusted yet (greenroom trust)"
    return tools_of(workspace).specs(), ""


def tools_of(workspace: Workspace) -> Tools:
    """The tools, ready to be called.

    Raises:
        UsageError: the workspace is not trusted.
        FileInvalid: a tools file is broken.
    """
    if not is_trusted(workspace):
        raise UsageError(
            "this workspace is not trusted yet, so its tools do not run",
            hint="look at it with `greenroom trust --show`, then `greenroom trust`",
            code="trust.missing",
        )
    from greenroom.assembly import workspace_tools

    return workspace_tools(workspace)
