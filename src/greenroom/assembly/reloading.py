"""What a session would work with if it were opened now: contract, tools and model read again, and what is broken.

Invariant: each part stands by itself: a broken one leaves the last good copy of it in force and keeps no other from
being read. Code nobody trusted is neither run nor read as a contract.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from greenroom.assembly import cast_again
from greenroom.assembly.casting import Cast
from greenroom.assembly.past.tools import recorded_tools
from greenroom.assembly.world import documents_of, model_source, models_of, script_of
from greenroom.core.errors import DiskFailed, FileInvalid, GreenroomError
from greenroom.core.inert import inert_line
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Renewed
from greenroom.engine.session import Session
from greenroom.models.script_file import Script, load_script
from greenroom.persona.load import CONTRACT_FILE, load_persona
from greenroom.policy.load import PolicySource, builtin_source, compile_policies, load_file, policy_paths, read_source
from greenroom.policy.verdict.bounds import Role
from greenroom.retrieval.ingest import read_document
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings
from greenroom.workspace.trust import describe

T = TypeVar("T")
UNTRUSTED = "trust.missing"
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What was read: `contract` None where it cannot be, `renewed` the parts that were written since, `problems` a line
    for each broken file, `untrusted` whether code or hosts are there that nobody trusted.
    """

    contract: Contract | None = None
    renewed: Renewed = field(default_factory=Renewed)
    problems: tuple[str, ...] = ()
    untrusted: bool = False


def read_disk(workspace: Workspace, session: Session) -> OnDisk:
    """Everything a session is made of, as it is on disk now. Blocks; the ledger has another policy before it counts.

    Raises:
        DiskFailed: the ledger could not be written.
    """
    found: list[GreenroomError] = []
    cast = _tried(lambda: cast_again(workspace, session), found)
    untrusted = any(error.code == UNTRUSTED for error in found)
    contract = cast.contract if cast else session.contract
    renewed = Renewed() if untrusted else _renewed(workspace, session, cast, contract, found)
    errors = [*broken(workspace, contract), *found] if found else []
    told = [error for error in errors if error.code != UNTRUSTED]
    return OnDisk(cast.contract if cast else None, renewed, lines(workspace, told), untrusted)


def _renewed(
    workspace: Workspace, session: Session, cast: Cast | None, contract: Contract, found: list[GreenroomError]
) -> Renewed:
    """The model where its script or address changed, the tools where their code did."""
    outside = session.outside
    settings = _tried(partial(load_settings, workspace), found)
    if settings is None:
        return Renewed()
    tools, code = None, describe(workspace).digest
    if cast is not None and code != outside.sources.get("tools"):
        tools = cast.tools
    model, source = None, _tried(partial(model_source, workspace, settings, contract), found)
    if source is not None and source != outside.sources.get("model"):
        make = partial(models_of, workspace, settings, contract, outside.clock, instant=outside.instant)
        model = _tried(make, found)
    return Renewed(model, tools, {"model": source or "", "tools": code})


def broken(workspace: Workspace, contract: Contract) -> list[GreenroomError]:
    """What is wrong with the settings, the persona, each policy file and each script of a contract, one by one."""
    found: list[GreenroomError] = []
    _tried(partial(load_settings, workspace), found)
    name, _, version = (contract.asked[0] or contract.persona.id).partition("@")
    path, loaded = workspace.personas / name / CONTRACT_FILE, None
    if path.is_file():
        loaded = _tried(partial(load_persona, workspace, name, version or None), found)
    else:
        found.append(FileInvalid("the file is missing", where=workspace.shown(path), code="file.missing"))
    persona = loaded.persona if loaded else contract.persona
    sources = [_tried(partial(_source, workspace, file), found) for file in persona.policy.files]
    sound = [source for source in sources if source and _tried(partial(load_file, source), found)]
    for source in sound:
        others = [other for other in sound if other is not source]
        compiled = partial(
            compile_policies, [builtin_source(), source], recorded_tools(contract), Role.of(persona), beside=others
        )
        _tried(compiled, found)
    for script in (contract.model, *contract.persona.model.fallback):
        if script.startswith("scripted/"):
            _tried(partial(_script, workspace, script), found)
    return found


def broken_documents(workspace: Workspace) -> list[GreenroomError]:
    """What is wrong with each document that a collection takes in."""
    found: list[GreenroomError] = []
    settings = _tried(partial(load_settings, workspace), found)
    for globs in settings.knowledge.collections.values() if settings else ():
        for path in _tried(partial(documents_of, workspace, globs), found) or ():
            _tried(partial(read_document, path, workspace.shown(path)), found)
    return found


def lines(workspace: Workspace, errors: Sequence[GreenroomError]) -> tuple[str, ...]:
    """One line for each file that something is wrong with, named from the workspace's root."""
    by_file: dict[str, str] = {}
    for error in errors:
        line = inert_line(error.line().replace(f"{workspace.root}{os.sep}", ""), _LONGEST)
        by_file.setdefault(line.partition(" ")[0].partition(":")[0], line)
    return tuple(by_file.values())


def _source(workspace: Workspace, file: str) -> PolicySource:
    (path,) = policy_paths(workspace.policies, [file])
    return read_source(path, workspace.root)


def _script(workspace: Workspace, name: str) -> Script:
    return load_script(script_of(workspace, name))


def _tried(act: Callable[[], T], found: list[GreenroomError]) -> T | None:
    try:
        return act()
    except DiskFailed:
        raise
    except GreenroomError as error:
        found.append(error)
        return None
