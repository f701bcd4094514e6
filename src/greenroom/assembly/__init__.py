"""The composition root: the only place that chooses what stands behind each port.

Invariant: nothing heavy is imported before a session or a search is opened, and a workspace nobody trusted runs no code.
What is named here is loaded when it is first asked for: a replay opens no log.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greenroom.assembly.casting import workspace_tools
    from greenroom.assembly.opening import (
        cast_again,
        disk_contract,
        fork_session,
        ingest_knowledge,
        note_policy,
        open_retriever,
        open_session,
        reloaded_contract,
    )
    from greenroom.assembly.replaying import Build, find_workspace, load_contract, replay_builder
    from greenroom.log.catalog import read_session, session_id, session_path, sessions, verify_session
    from greenroom.log.summary import SessionSummary

__all__ = [
    "Build",
    "SessionSummary",
    "cast_again",
    "disk_contract",
    "find_workspace",
    "fork_session",
    "ingest_knowledge",
    "load_contract",
    "note_policy",
    "open_retriever",
    "open_session",
    "read_session",
    "reloaded_contract",
    "replay_builder",
    "session_id",
    "session_path",
    "sessions",
    "verify_session",
    "workspace_tools",
]

_WHERE = {
    "greenroom.assembly.casting": ("workspace_tools",),
    "greenroom.assembly.replaying": ("Build", "find_workspace", "load_contract", "replay_builder"),
    "greenroom.assembly.opening": (
        *("cast_again", "disk_contract", "fork_session", "ingest_knowledge", "note_policy"),
        *("open_retriever", "open_session", "reloaded_contract"),
    ),
    "greenroom.log.catalog": ("read_session", "session_id", "session_path", "sessions", "verify_session"),
    "greenroom.log.summary": ("SessionSummary",),
}
"""By module, what of it is named here."""


def __getattr__(name: str) -> Any:
    for module, names in _WHERE.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
