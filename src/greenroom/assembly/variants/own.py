"""A session's own settings: what a person named for it in the place of what is on disk, put over what is on disk now.

Invariant: nothing here exceeds what a file on disk could say: ceilings, tools, segments and Greenroom's own rules are
those of today, and every text is checked as a file would be.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from greenroom.assembly.casting import KNOWLEDGE, PARAMETERS, Cast, cast_of
from greenroom.assembly.past.tools import recorded_tools
from greenroom.core.canonical import digest
from greenroom.core.clock import Clock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.core.toml_text import parse
from greenroom.core.values import Json
from greenroom.detectors.masks import Masks
from greenroom.detectors.private import private_in
from greenroom.engine.contract import Contract
from greenroom.models.litellm_wire import check_params
from greenroom.persona.contract import Knowledge, Persona
from greenroom.persona.load import LoadedPersona, load_persona
from greenroom.persona.prompt import fill
from greenroom.policy.files.bundle import joined, parted
from greenroom.policy.load import PolicySource, builtin_source, compile_policies, load_file
from greenroom.policy.verdict.bounds import Role
from greenroom.workspace.layout import Workspace
from greenroom.workspace.model_tables import require_same
from greenroom.workspace.settings import load_settings

PARTS = ("persona", "prompt", PARAMETERS, KNOWLEDGE, "policy", "model")
"""What a session can have of its own, in the order in which it is told."""
_BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Own:
    """Which `parts` a session has of its own, their `texts` by part, who speaks on which model, and the model's table."""

    parts: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    persona: str = ""
    model: str = ""
    table: str = ""

    @classmethod
    def of(cls, contract: Contract) -> Own:
        """That of a contract which is at hand, or was put together from a log."""
        return cls(contract.own, contract.texts, contract.persona.id, contract.model, contract.table)

    def without(self, parts: Collection[str]) -> Own:
        """The same where something else was named for some of it."""
        return replace(self, parts=tuple(part for part in self.parts if part not in parts))


def recorded_own(records: Iterable[Record]) -> Own:
    """What a session had of its own last, as its log has it."""
    texts: dict[str, str] = {}
    last: ContractLoaded | None = None
    for record in records:
        if isinstance(record.event, ContractLoaded):
            texts |= record.event.texts
            last = record.event
    if last is None or not last.own:
        return Own()
    kept = {part: texts[full] for part, full in last.digests.items() if full in texts}
    return Own(named(last.own), kept, last.persona, last.model, last.table)


def of_texts(texts: Mapping[str, str], persona: str) -> Own:
    """What a tape brings along for a persona."""
    return Own(named(texts), texts, persona.partition("@")[0])


def named(parts: Collection[str]) -> tuple[str, ...]:
    """Parts in their order, each once."""
    return tuple(part for part in PARTS if part in parts)


def own_cast(
    workspace: Workspace,
    own: Own,
    clock: Clock,
    *,
    persona: str = "",
    model: str = "",
    trusted: bool | None,
    masks: Masks | None = None,
) -> Cast:
    """What governs a session with settings of its own: these, and everything else as it is on disk now.

    `persona` and `model` are what was asked for; where the session has none of its own they count as in `cast_of`.

    Raises:
        UsageError: the workspace is not trusted, or there is no such persona.
        FileInvalid: a text is gone or broken, or does not fit the workspace any more.
    """
    named_model = _own_model(workspace, own) if "model" in own.parts else model
    loaded = _persona(workspace, own, persona) if {"persona", "prompt"} & {*own.parts} else None
    cast = cast_of(workspace, persona or own.persona, named_model, clock, trusted=trusted, masks=masks, loaded=loaded)
    if PARAMETERS in own.parts:
        cast = with_parameters(cast, _json(own, PARAMETERS))
    if KNOWLEDGE in own.parts:
        cast = with_knowledge(cast, _knowledge(own))
    if "policy" in own.parts:
        cast = with_sources(cast, _sources(own), clock)
    return replace(cast, contract=replace(cast.contract, own=named(own.parts)))


def _own_model(workspace: Workspace, own: Own) -> str:
    """The name to reach its own model by, which must be the server and key that it was made with."""
    require_same(load_settings(workspace), own.table, own.model)
    return own.table or own.model


def with_part(cast: Cast, part: str, text: str, contract: Contract) -> Cast:
    """A cast with another text of one part; `contract` is what it makes of the contract."""
    texts, digests = {**contract.texts, part: text}, {**contract.digests, part: digest(text)}
    return replace(cast, contract=replace(contract, texts=texts, digests=digests))


def with_parameters(cast: Cast, params: Mapping[str, Json]) -> Cast:
    """A cast with these parameters in the place of its own; they go into the log, so none may be a key, an address, or hold a secret.

    Raises:
        UsageError: one is.
    """
    try:
        check_params(dict(params))
    except FileInvalid as error:
        raise UsageError(error.message, hint=error.hint, code="rerun.set") from None
    if private := private_in(dict(params)):
        raise UsageError(f"a parameter must not hold {private}", code="rerun.set")
    persona = cast.contract.persona
    model = persona.model.model_copy(update={"params": dict(params)})
    contract = replace(cast.contract, persona=persona.model_copy(update={"model": model}))
    return with_part(cast, PARAMETERS, json.dumps(dict(params), sort_keys=True), contract)


def with_knowledge(cast: Cast, knowledge: Knowledge) -> Cast:
    """A cast with these settings of retrieval."""
    persona = cast.contract.persona
    contract = replace(cast.contract, persona=persona.model_copy(update={"knowledge": knowledge}))
    return with_part(cast, KNOWLEDGE, json.dumps(knowledge.model_dump(mode="json"), sort_keys=True), contract)


def with_sources(cast: Cast, sources: Collection[PolicySource], clock: Clock) -> Cast:
    """A cast with these policy files, Greenroom's own rules among them.

    Raises:
        FileInvalid: they cannot be compiled with these tools.
    """
    contract = cast.contract
    policy = compile_policies(
        tuple(sources), recorded_tools(contract), Role.of(contract.persona), masks=cast.masks, clock=clock
    )
    cast = with_part(cast, "policy", joined(tuple(sources)), replace(contract, policy=policy))
    digests = {**cast.contract.digests, "policy": policy.digest}
    return replace(cast, contract=replace(cast.contract, digests=digests), policy=policy.label)


def _persona(workspace: Workspace, own: Own, asked: str) -> LoadedPersona:
    """The persona with its own contract or prompt; the other of the two is as it is on disk."""
    shown = f"the {own.persona} of this session"
    if "persona" in own.parts:
        text = _text(own, "persona")
        persona, folder = parse(text, Persona, shown), workspace.personas / own.persona
    else:
        name, _, version = (asked or own.persona).partition("@")
        disk = load_persona(workspace, name, version or None)
        persona, text, folder, shown = disk.persona, disk.texts["persona"], disk.folder, disk.file
    template = _text(own, "prompt") if "prompt" in own.parts else _template(workspace, persona, asked)
    return LoadedPersona(
        persona=persona,
        prompt=fill(template, persona.prompt.variables, "the prompt of this session"),
        texts={"persona": text, "prompt": template},
        digest=digest(text),
        prompt_digest=digest(template),
        file=shown,
        folder=folder,
    )


def _template(workspace: Workspace, persona: Persona, asked: str) -> str:
    name, _, version = (asked or persona.id).partition("@")
    return load_persona(workspace, name, version or None).texts["prompt"]


def _text(own: Own, part: str) -> str:
    text = own.texts.get(part)
    if text is None:
        raise FileInvalid(
            "is not kept any more",
            where=f"the {part} of this session",
            hint="name one, or go on as on disk",
            code="own.gone",
        )
    return text


def _json(own: Own, part: str) -> dict[str, Json]:
    try:
        found = json.loads(_text(own, part))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FileInvalid("are no settings", where=f"the {part} of this session", code="own.broken")
    return found


def _knowledge(own: Own) -> Knowledge:
    try:
        return Knowledge.model_validate(_json(own, KNOWLEDGE))
    except ValidationError:
        raise FileInvalid("are no settings", where=f"the {KNOWLEDGE} of this session", code="own.broken") from None


def _sources(own: Own) -> list[PolicySource]:
    """Its own policy files, with the rules that Greenroom has today in the place of those it had."""
    kept = [source for source in parted(_text(own, "policy")) if load_file(source).policy.id != _BUILTIN]
    return [builtin_source(), *kept]
