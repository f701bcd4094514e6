"""A session's contract put together from what people wrote: persona, prompt, policies, tools, settings.

Invariant: a workspace nobody trusted runs no code, and no contract exceeds the workspace's ceilings and segments.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.canonical import digest
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import ToolSpec
from greenroom.detectors.masks import Masks
from greenroom.engine.contract import Contract
from greenroom.persona.check import unmet
from greenroom.persona.contract import Persona
from greenroom.persona.load import LoadedPersona, list_personas, load_persona
from greenroom.persona.voice import lines as voice_lines
from greenroom.policy.files.bundle import joined
from greenroom.policy.load import builtin_source, load_policies, policy_paths, read_source
from greenroom.tools.builtin.shelf import builtin_tools
from greenroom.tools.combined import CombinedTools
from greenroom.tools.port import Tools
from greenroom.tools.python_tools import PythonTools
from greenroom.workspace.layout import Workspace
from greenroom.workspace.model_tables import table_of
from greenroom.workspace.settings import Ceilings, Settings, load_settings
from greenroom.workspace.trust import must_be_trusted

OTHER_TOOLS = "other_tools"
"""The component that holds the tools the persona may not use: policies may name them, so a policy is compiled with them.
On a tape of before it had this component, a change of theirs is told as one of the policy, without a name.
"""

PARAMETERS = "parameters"
"""The component that holds what is sent to the model beside the prompt."""

MODELS = "models"
"""The component that holds what the persona's own names for its models stand for in the workspace; there is none where it
has only full names.
"""

KNOWLEDGE = "knowledge"
"""A contract's part that only a rerun has: settings of retrieval that are other than its persona's."""

CEILINGS = "ceilings"
"""The component that holds the limits the workspace sets lower than the persona; there is none where it sets none."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A contract and the tools it was made for. `policy` is the policy as people name it (`support@2.3.0`)."""

    contract: Contract
    tools: Tools
    masks: Masks
    policy: str = ""


def workspace_tools(workspace: Workspace, clock: Clock | None = None) -> Tools:
    """Every tool of a trusted workspace and the built-in ones.

    Raises:
        FileInvalid: a tools file is broken, or two tools have one name.
    """
    sets: list[Tools] = [builtin_tools(workspace.root, clock or SystemClock())]
    if workspace.tools.is_dir():
        sets.append(PythonTools(workspace.tools, workspace.root))
    return CombinedTools(sets)


def cast_of(
    workspace: Workspace,
    persona: str,
    model: str,
    clock: Clock,
    *,
    trusted: bool | None,
    masks: Masks | None = None,
    loaded: LoadedPersona | None = None,
) -> Cast:
    """The contract and tools of a persona, as they are on disk now.

    `masks` are those of a session that goes on, `loaded` a persona that was read elsewhere than from its folder.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: something a person wrote is broken, or names what does not exist.
    """
    must_be_trusted(workspace, trusted)
    settings = load_settings(workspace)
    name, _, version = (persona or settings.persona or _only_persona(workspace)).partition("@")
    loaded = loaded or _on_disk(workspace, name, version)
    bounded = _bounded(loaded, settings)
    tools = workspace_tools(workspace, clock)
    allowed = _allowed(tools, bounded.tools.allow, loaded.file)
    paths = policy_paths(workspace.policies, bounded.policy.files)
    masks = masks or Masks()
    policy = load_policies(paths, tools.specs(), bounded, root=workspace.root, masks=masks, clock=clock)
    texts = {
        **loaded.texts,
        "policy": policy_text(workspace, bounded.policy.files),
        "tools": specs_text(allowed.specs()),
        OTHER_TOOLS: specs_text([spec for spec in tools.specs() if spec not in allowed.specs()]),
        PARAMETERS: json.dumps(bounded.model.params, sort_keys=True),
        **_of_settings(loaded.persona, settings),
    }
    contract = Contract(
        persona=bounded,
        system=loaded.prompt,
        voice="\n".join(voice_lines(bounded.voice)),
        policy=policy,
        tools=allowed.specs(),
        model=settings.model_name(model or bounded.model.use),
        table=table_of(settings, model or bounded.model.use),
        texts=texts,
        digests={**{part: digest(text) for part, text in texts.items()}, **loaded.digests, "policy": policy.digest},
        retention_days={key: one.retention_days for key, one in settings.memory.segments.items() if one.retention_days},
        asked=(f"{name}@{version}" if version else name, model),
    )
    return Cast(contract, allowed, masks, policy.label)


def _on_disk(workspace: Workspace, name: str, version: str) -> LoadedPersona:
    """A persona whose policies are those that it depends on.

    Raises:
        UsageError: there is none of that name.
        FileInvalid: it is broken, or a policy it depends on is not there in the version it needs.
    """
    loaded = load_persona(workspace, name, version or None)
    for problem in unmet(workspace, loaded):
        raise FileInvalid(problem.message, where=problem.where, hint=problem.hint, code="persona.dependency")
    return loaded


def _of_settings(persona: Persona, settings: Settings) -> dict[str, str]:
    """What greenroom.toml makes of a persona, where it makes something of it.

    Nothing else in it governs a turn that was recorded: it says how models, servers and the store are reached, who signs,
    and how long things are kept. How private a memory segment is nothing reads; who may read or write one is checked when
    a contract is made; what a collection holds is compared with the passages that a fixture was shown. No file holds
    memories to begin with: what a session recalled came from the store, and stands on its tape.
    """
    found = {CEILINGS: _ceilings(persona, settings.limits), MODELS: _models(persona, settings)}
    return {part: json.dumps(value, sort_keys=True) for part, value in found.items() if value}


def policy_text(workspace: Workspace, names: tuple[str, ...]) -> str:
    """The policy files of a persona, the built-in pack first, as one text (see `policy.bundle`), as it is kept in logs.

    Raises:
        FileInvalid: a file is missing or unreadable.
    """
    paths = policy_paths(workspace.policies, names)
    return joined([builtin_source(), *(read_source(path, workspace.root) for path in paths)])


def specs_text(specs: Sequence[ToolSpec]) -> str:
    """Tools as a log keeps them: JSON that a person can read."""
    return json.dumps([spec.model_dump(mode="json") for spec in specs], indent=1, sort_keys=True)


def _bounded(loaded: LoadedPersona, settings: Settings) -> Persona:
    """The persona within the workspace's ceilings.

    Raises:
        FileInvalid: it reads or writes a memory segment that is not declared, or not for it.
    """
    persona, segments = loaded.persona, settings.memory.segments
    for key, wanted in (("read", persona.memory.read), ("write", persona.memory.write)):
        for segment in wanted:
            if segment not in segments:
                hint = suggest(segment, list(segments))
                raise FileInvalid(f"no memory segment '{segment}'", where=f"{loaded.file} memory.{key}", hint=hint)
            if not {"*", persona.id} & set(getattr(segments[segment], key)):
                raise FileInvalid(
                    f"{persona.id} may not {key} the memory segment '{segment}'",
                    where=f"{loaded.file} memory.{key}",
                    hint=f"name it in greenroom.toml: memory.segments.{segment}.{key}",
                )
    limits = persona.limits.model_copy(update=_ceilings(persona, settings.limits))
    return persona.model_copy(update={"limits": limits})


def _ceilings(persona: Persona, ceilings: Ceilings) -> dict[str, float]:
    """The limits that the workspace sets lower than the persona."""
    stated = {key: value for key, value in ceilings.model_dump().items() if value is not None}
    return {key: value for key, value in stated.items() if value < getattr(persona.limits, key)}


def _models(persona: Persona, settings: Settings) -> dict[str, str]:
    """What each name that is an alias of the workspace's stands for."""
    names = (persona.model.use, *persona.model.fallback)
    return {name: settings.model_name(name) for name in names if settings.model_name(name) != name}


def _allowed(tools: Tools, allow: tuple[str, ...], file: str) -> Tools:
    for pattern in allow:
        known = [spec.name for spec in tools.specs()]
        if not pattern.endswith("*") and pattern not in known:
            raise FileInvalid(
                f"there is no tool '{pattern}'", where=f"{file} tools.allow", hint=suggest(pattern, known)
            )
    return CombinedTools([tools], allow=allow)


def _only_persona(workspace: Workspace) -> str:
    names = list_personas(workspace)
    if len(names) == 1:
        return names[0]
    raise UsageError(
        "which persona?", hint=f"there are: {', '.join(names) or 'none'}; name one, or set persona in greenroom.toml"
    )
