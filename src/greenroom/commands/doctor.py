"""What is right and wrong with this installation and workspace, each line with what to do.

Invariant: nothing is changed, no secret is shown, and one broken thing never hides the next.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from greenroom import __version__
from greenroom.approval.kill_switch import KillSwitch
from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.control.stop import sentence
from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.trial import failing_tests
from greenroom.commands.tool.toolbox import specs_if_trusted
from greenroom.core.clock import SystemClock
from greenroom.core.errors import GreenroomError, ServiceUnavailable
from greenroom.ledger.ledger import Ledger, anchors_in
from greenroom.ledger.signing import signed_up_to
from greenroom.log.catalog import unanchored
from greenroom.models.discover import discover
from greenroom.persona.check import Known, check
from greenroom.persona.load import list_personas, load_persona
from greenroom.store import derived, documents
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
from greenroom.workspace.find import find
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings, secret
from greenroom.workspace.trust import is_trusted

PACKAGES = ("textual", "prompt-toolkit", "litellm", "chromadb", "pydantic", "mcp", "pytest")
_BAD = {("litellm", "1.82.7"), ("litellm", "1.82.8")}
"""Malicious uploads."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `fail` keeps something from working, `warn` is worth knowing."""

    level: Literal["ok", "warn", "fail"]
    what: str
    said: str
    hint: str = ""

    def line(self) -> str:
        """The one line shown to a person."""
        return f"{self.level:<4}  {self.what:<11} {self.said}" + (f" ({self.hint})" if self.hint else "")


async def doctor(asked: Invocation) -> Answer[tuple[Finding, ...]]:
    """Every finding; exit 1 when one failed."""
    found = [*_installation()]
    workspace = find(Path(asked.text("workspace") or "."))
    if workspace is None:
        found.append(Finding("warn", "workspace", "none here", "greenroom demo, or greenroom init PATH"))
    else:
        found += _about(workspace)
    found += await _servers()
    data = [{"level": one.level, "what": one.what, "said": one.said, "hint": one.hint} for one in found]
    failed = any(one.level == "fail" for one in found)
    return answer(tuple(found), [one.line() for one in found], data, exit_code=1 if failed else 0)


def _installation() -> Iterator[Finding]:
    running = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    yield Finding("ok" if ok else "fail", "python", running, "" if ok else "3.11 or newer is needed")
    yield Finding("ok", "greenroom", __version__)
    for name in PACKAGES:
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding("fail", name, "not installed", f"pip install {name}")
            continue
        if (name, found) in _BAD:
            yield Finding(
                "fail", name, f"{found} is a malicious upload", "pip install -U litellm, and change your keys"
            )
        else:
            yield Finding("ok", name, found)


def _about(workspace: Workspace) -> list[Finding]:
    found = [Finding("ok", "workspace", str(workspace.root))]
    for what, look in (
        ("settings", _settings),
        ("trust", _trust),
        ("personas", _personas),
        ("policies", _policies),
        ("store", _store),
        ("ledger", _ledger),
        ("switch", _switch),
        ("keys", _keys),
    ):
        found += _guarded(what, look, workspace)
    return found


def _guarded(what: str, look: Callable[[Workspace], Iterator[Finding]], workspace: Workspace) -> list[Finding]:
    found: list[Finding] = []
    try:
        for one in look(workspace):
            found.append(one)  # noqa: PERF402  what came before a failure is kept
    except GreenroomError as error:
        found.append(Finding("fail", what, error.message, error.hint))
    return found


def _settings(workspace: Workspace) -> Iterator[Finding]:
    settings = load_settings(workspace)
    yield Finding(
        "ok", "settings", f"{settings.name or settings.id}, {len(settings.knowledge.collections)} collections"
    )


def _trust(workspace: Workspace) -> Iterator[Finding]:
    if is_trusted(workspace):
        yield Finding("ok", "trust", "trusted as it is now")
    else:
        yield Finding(
            "warn", "trust", "not trusted: its tools do not run", "greenroom trust --show, then greenroom trust"
        )


def _personas(workspace: Workspace) -> Iterator[Finding]:
    settings = load_settings(workspace)
    names = list_personas(workspace)
    if not names:
        yield Finding("fail", "personas", f"none in {workspace.personas}")
    specs, _ = specs_if_trusted(workspace)
    tools = None if specs is None else [spec.name for spec in specs]
    known = Known(tools, list(settings.knowledge.collections), list(settings.memory.segments))
    for name in names:
        problems = check(workspace, name, known)
        if not problems:
            yield Finding("ok", "persona", f"{load_persona(workspace, name).persona.label} is sound")
        for problem in problems:
            yield Finding("fail" if problem.level == "error" else "warn", "persona", problem.line())


def _policies(workspace: Workspace) -> Iterator[Finding]:
    from greenroom.policy.load import load_policies, policy_paths

    specs, note = specs_if_trusted(workspace)
    if specs is None:
        yield Finding("warn", "policies", f"not read: {note}")
        return
    for name in list_personas(workspace):
        persona = load_persona(workspace, name).persona
        policy = load_policies(
            policy_paths(workspace.policies, persona.policy.files), specs, persona, root=workspace.root
        )
        yield Finding("ok", "policy", f"{policy.label}, {len(policy.rules)} rules for {persona.label}")
        if failing := failing_tests(policy, specs):
            yield Finding("fail", "policy", f"{policy.label} is in force for {persona.label}, but {failing}")


def _store(workspace: Workspace) -> Iterator[Finding]:
    if not workspace.store.exists():
        yield Finding("warn", "store", "not made yet", "greenroom knowledge add")
        return
    store = Store.open(workspace.state)
    try:
        rows = documents.list_collections(store)
        chunks = sum(row.chunks for row in rows)
        yield Finding("ok", "store", f"{sum(row.documents for row in rows)} documents, {chunks} chunks")
        problem = derived.problem(store, NgramsEmbedder().id, workspace.chroma)
    finally:
        store.close()
    if problem:
        yield Finding("warn", "chroma", f"the vector index {problem}", "it is rebuilt from the store on the next start")
    else:
        yield Finding("ok", "chroma", "the vector index is sound")


def _ledger(workspace: Workspace) -> Iterator[Finding]:
    lines = Ledger(workspace.ledger, SystemClock()).lines()
    signed = signed_up_to(lines, load_settings(workspace).audit.public)
    said = f"signed up to entry {signed}" if signed >= 0 else "not signed"
    if missing := unanchored(workspace, anchors_in(lines)):
        what = f"{len(lines)} entries, and {counted(len(missing), 'session')} with more than it anchors, or damaged"
        yield Finding("fail", "ledger", what, "greenroom ledger verify says which")
    else:
        yield Finding("ok", "ledger", f"{len(lines)} entries, chain sound, {said}")


def _switch(workspace: Workspace) -> Iterator[Finding]:
    stops = KillSwitch(workspace).stops()
    if not stops:
        yield Finding("ok", "switch", "nothing is stopped")
    for one in stops:
        yield Finding("warn", "switch", sentence(one), "greenroom stop --lift --reason WHY")


def _keys(workspace: Workspace) -> Iterator[Finding]:
    """Keys by name only."""
    for name, model in sorted(load_settings(workspace).models.items()):
        if not model.key:
            continue
        try:
            secret(model.key)
        except ServiceUnavailable as error:
            yield Finding("warn", "key", f"{model.key} is not set, so model '{name}' cannot be used", error.hint)
        else:
            yield Finding("ok", "key", f"{model.key} is set (model '{name}')")


async def _servers() -> list[Finding]:
    servers = await discover()
    if not servers:
        return [Finding("ok", "models", "no local model server answers; scripted models need none")]
    return [
        Finding("ok", "models", f"{server.kind} at {server.api_base}: {len(server.models)} models")
        for server in servers
    ]
