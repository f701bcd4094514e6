"""A contract that is other than what is on disk, in what a person names: a version, a prompt, a policy, a parameter.

Invariant: everything else is as the session has it of its own, or as it is on disk now, and every change is checked as a
file on disk would be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from greenroom.assembly.casting import KNOWLEDGE, OTHER_TOOLS, PARAMETERS, Cast
from greenroom.assembly.variants.own import (
    Own,
    named,
    own_cast,
    recorded_own,
    with_knowledge,
    with_parameters,
    with_part,
    with_sources,
)
from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.core.toml_text import parse
from greenroom.core.values import Json
from greenroom.engine.contract import Contract
from greenroom.persona.contract import Persona
from greenroom.persona.load import read_text
from greenroom.persona.prompt import fill
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import load_file, read_source
from greenroom.regression.what_if import other_settings
from greenroom.workspace.layout import Workspace
from greenroom.workspace.model_tables import require_same, table_of
from greenroom.workspace.settings import load_settings

_SILENT = frozenset({OTHER_TOOLS})
"""Components that follow from others, so that naming them says nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is other than it was; nothing of it means: what the session has of its own, and all else as on disk now.

    Args:
        persona: an id with a version, such as `aria@1.2.0`; an id alone is the one on disk, and nothing of its own counts.
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
    own = Own() if change.persona else recorded_own(records)
    persona = change.persona or loaded[-1].persona
    model = change.model or ("" if change.persona else _named_model(workspace, loaded))
    cast = own_cast(workspace, own.without({"model"}), clock, persona=persona, model=model, trusted=trusted)
    cast = _under(cast, change, clock)
    parts = {*own.parts, *_named_in(change)} | ({"model"} if model else set())
    return replace(cast, contract=replace(cast.contract, own=named(parts)))


def _under(cast: Cast, change: Change, clock: Clock) -> Cast:
    if change.prompt is not None:
        cast = _with_prompt(cast, change.prompt)
    if change.parameters:
        cast = with_parameters(cast, {**cast.contract.persona.model.params, **change.parameters})
    if change.knowledge:
        cast = with_knowledge(cast, other_settings(cast.contract.persona.knowledge, change.knowledge))
    return with_policies(cast, change.policy, clock) if change.policy else cast


def _named_in(change: Change) -> Iterator[str]:
    """The parts of a contract that a change names in the place of what is on disk."""
    if "@" in change.persona:
        yield from ("persona", "prompt")
    for part, value in (
        ("prompt", change.prompt),
        (PARAMETERS, change.parameters),
        (KNOWLEDGE, change.knowledge),
        ("policy", change.policy),
    ):
        if value:
            yield part


def differences(before: ContractLoaded, after: Contract) -> tuple[str, ...]:
    """What a contract has other than a recorded one, in the words that people use: `prompt`, `model scripted/other`."""
    parts = sorted((before.digests.keys() | after.digests.keys()) - _SILENT)
    found = [part for part in parts if before.digests.get(part) != after.digests.get(part)]
    persona = f"{after.persona.id}@{after.persona.version}"
    if persona != f"{before.persona}@{before.version}":
        found = [persona, *(part for part in found if part != "persona")]
    return (*found, *_other_model(before, after))


def _other_model(before: ContractLoaded, after: Contract) -> tuple[str, ...]:
    """The model where it is another, or the same one reached by another table."""
    if before.model != after.model:
        return (f"model {after.model}",)
    return (f"model {after.table}",) if before.table and after.table and before.table != after.table else ()


def _named_model(workspace: Workspace, loaded: Sequence[ContractLoaded]) -> str:
    """The model a person named for the session in place of its persona's own; '' where nobody did."""
    texts = {key: text for event in loaded for key, text in event.texts.items()}
    last, settings = loaded[-1], load_settings(workspace)
    text = texts.get(last.digests.get("persona", ""))
    if text is not None:
        own = parse(text, Persona, "the recorded persona").model.use
        tables = {table_of(settings, own), last.table} - {""}
        if settings.model_name(own) == last.model and len(tables) < 2:
            return ""
    require_same(settings, last.table, last.model)
    return last.table or last.model


def _with_prompt(cast: Cast, path: Path) -> Cast:
    template = read_text(path, str(path))
    system = fill(template, cast.contract.persona.prompt.variables, str(path))
    return with_part(cast, "prompt", template, replace(cast.contract, system=system))


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
    return with_sources(cast, sources, clock)
