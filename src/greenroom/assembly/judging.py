"""The model that judges replies by a rubric.

Invariant: as for a session, no host is reached for a workspace that nobody trusted.
"""

from __future__ import annotations

from greenroom.assembly.world import model_of
from greenroom.core.clock import SystemClock
from greenroom.models.port import Model
from greenroom.models.resilience import ResilientModel
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings
from greenroom.workspace.trust import must_be_trusted


def judging_model(workspace: Workspace, name: str, *, trusted: bool | None = None) -> Model:
    """A model by alias or full name; asked again after problems that may pass, with no fallback.

    Raises:
        UsageError: the workspace is not trusted.
        FileInvalid: its script or the settings are broken.
    """
    must_be_trusted(workspace, trusted)
    settings, clock = load_settings(workspace), SystemClock()
    return ResilientModel([model_of(workspace, settings, settings.model_name(name), clock, instant=True)], clock=clock)
