"""A contract that is other than what is on disk, in what a person names: a version, a prompt, a policy, a parameter.

Invariant: everything else is as it is on disk now, and every change is checked as a file on disk would be.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from greenroom.assembly.casting import KNOWLEDGE, OTHER_TOOLS, PARAMETERS, Cast, cast_of
from greenroom.assembly.past.recorded import recorded_tools
from greenroom.core.canonical import digest
from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.core.toml_text import parse
from greenroom.core.values import Json
from greenroom.detectors.private import private_in
from greenroom.engine.contract import Contract
from greenroom.models.litellm_wire import check_params
from greenroom.persona.contract import Persona
from greenroom.persona.load import read_text
from greenroom.persona.prompt import fill
from greenroom.policy.files.bundle import joined, parted
from greenroom.policy.load import compile_policies, load_file, read_source
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.what_if import other_settings
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings

_SILENT = frozenset({OTHER_TOOLS})
"""Components that follow from others, so that naming them says nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is other than it was; nothing of it means: as it is on disk now.

    Args:
        persona: an id with a version, such as `aria@1.2.0`.
        model: a full name or alias.
        policy: policy files, each in the place of the one of its id, or beside them.
        prompt: a file with a prompt template in the place of the persona's.
        parameters: sent to the model beside or in the place of the persona's.
        words: by turn of the parent, what the person says instead.
        regenerate: whether the model is asked again even where all that it is given is the same.
        replies: by turn of the parent, what stands in the place of the model's last reply in it.
        knowledge: settings of retrieval, such as `top_k`, in the place of the persona's.
        without: by turn of the parent, the ids of passages and memories that do not go into the prompt.
    """

    persona: str = ""
    model: str = ""
    policy: tuple[Path, ...] = ()
    prompt: Path | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    words: Mapping[int, str] = field(default_factory=dict)
    replies: Mapping[int, str] = field(default_factory=dict)
    knowledge: Mapping[str, Json] = field(default_factory=dict)
    without: Mapping[int, Collection[str]] = field(default_factory=dict)
    regenerate: bool = False


def changed_cast(
    workspace: Workspace, change: Change, records: Sequence[Record], clock: Clock, *, trusted: bool | None = None
) -> Cast:
    """What governs a rerun of the session that `records` are.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona or version.
        FileInvalid: something that a person wrote is broken.
    """
    loaded = [r.event for r in records if isinstance(r.event, ContractLoaded)]
    if not loaded:
        raise UsageError("this session's log names no persona", code="recorded.contract")
    persona = change.persona or loaded[-1].persona
    model = change.model or ("" if change.persona else _named_model(workspace, loaded))
    cast = cast_of(workspace, persona, model, clock, trusted=trusted)
    if change.prompt is not None:
        cast = _with_prompt(cast, change.prompt)
    if change.parameters:
        cast = _with_parameters(cast, change.parameters)
    if change.knowledge:
        cast = _with_knowledge(cast, change.knowledge)
    return with_policies(cast, change.policy, clock) if change.policy else cast


def differences(before: ContractLoaded, after: Contract) -> tuple[str, ...]:
    """What a contract has other than a recorded one, in the words that people use: `prompt`, `model scripted/other`."""
    parts = sorted((before.digests.keys() | after.digests.keys()) - _SILENT)
    found = [part for part in parts if before.digests.get(part) != after.digests.get(part)]
    persona = f"{after.persona.id}@{after.persona.version}"
    if persona != f"{before.persona}@{before.version}":
        found = [persona, *(part for part in found if part != "persona")]
    return (*found, *([f"model {after.model}"] if after.model != before.model else ()))


def _named_model(workspace: Workspace, loaded: Sequence[ContractLoaded]) -> str:
    """The model a person named for the session in place of its persona's own; '' where nobody did."""
    texts = {key: text for event in loaded for key, text in event.texts.items()}
    text = texts.get(loaded[-1].digests.get("persona", ""))
    if text is None:
        return loaded[-1].model
    own = parse(text, Persona, "the recorded persona").model.use
    return "" if load_settings(workspace).model_name(own) == loaded[-1].model else loaded[-1].model


def _with(cast: Cast, part: str, text: str, contract: Contract) -> Cast:
    texts, digests = {**contract.texts, part: text}, {**contract.digests, part: digest(text)}
    return replace(cast, contract=replace(contract, texts=texts, digests=digests))


def _with_prompt(cast: Cast, path: Path) -> Cast:
    template = read_text(path, str(path))
    system = fill(template, cast.contract.persona.prompt.variables, str(path))
    return _with(cast, "prompt", template, replace(cast.contract, system=system))


def _with_parameters(cast: Cast, parameters: Mapping[str, Json]) -> Cast:
    """The same with parameters; they go into the log, so none may be a key, an address, or hold a secret."""
    try:
        check_params(dict(parameters))
    except FileInvalid as error:
        raise UsageError(error.message, hint=error.hint, code="rerun.set") from None
    if private := private_in(dict(parameters)):
        raise UsageError(f"a parameter must not hold {private}", code="rerun.set")
    persona = cast.contract.persona
    params = {**persona.model.params, **parameters}
    model = persona.model.model_copy(update={"params": params})
    contract = replace(cast.contract, persona=persona.model_copy(update={"model": model}))
    return _with(cast, PARAMETERS, json.dumps(params, sort_keys=True), contract)


def _with_knowledge(cast: Cast, settings: Mapping[str, Json]) -> Cast:
    persona = cast.contract.persona
    knowledge = other_settings(persona.knowledge, settings)
    contract = replace(cast.contract, persona=persona.model_copy(update={"knowledge": knowledge}))
    return _with(cast, KNOWLEDGE, json.dumps(knowledge.model_dump(mode="json"), sort_keys=True), contract)


def with_policies(cast: Cast, paths: Sequence[Path], clock: Clock) -> Cast:
    """A cast with policy files, each in the place of the one of its id or beside them.

    Raises:
        FileInvalid: a file is broken, or cannot be compiled with these tools.
    """
    contract = cast.contract
    files = [load_file(read_source(path)) for path in paths]
    ids = [file.policy.id for file in files]
    if len(set(ids)) < len(ids):
        raise FileInvalid("two of the policy files have one id", where=", ".join(map(str, paths)))
    others = [one for one in parted(contract.texts["policy"]) if load_file(one).policy.id not in ids]
    sources = [*others, *(file.source for file in files)]
    policy = compile_policies(
        sources, recorded_tools(contract), Role.of(contract.persona), masks=cast.masks, clock=clock
    )
    cast = _with(cast, "policy", joined(sources), replace(contract, policy=policy))
    digests = {**cast.contract.digests, "policy": policy.digest}
    return replace(cast, contract=replace(cast.contract, digests=digests), policy=policy.label)
