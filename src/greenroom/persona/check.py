"""Everything wrong with a contract at once: what it names must exist, and what it declares must be used.

Invariant: nothing is run and nothing imported to find out; tools, collections and segments come as names from the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path as FilePath
from typing import Literal

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import Path, dotted, line_of, parse, positions, suggest, tables
from greenroom.persona.contract import Persona, satisfies, semantic_version
from greenroom.persona.load import CONTRACT_FILE, LoadedPersona, list_personas, load_persona, read_text
from greenroom.persona.prompt import expressions, names
from greenroom.workspace.layout import Workspace


@dataclass(frozen=True, slots=True)
class Known:
    """What exists outside the contract, by name. None means that the caller does not know; then it is not checked."""

    tools: Collection[str] | None = None
    collections: Collection[str] | None = None
    segments: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `where` is `file:line key.path`; a warning leaves the persona usable."""

    where: str
    message: str
    hint: str = ""
    level: Literal["error", "warning"] = "error"

    def line(self) -> str:
        """The one line shown to a person."""
        return f"{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(frozen=True, slots=True)
class _Contract:
    """A parsed contract with the places of its keys."""

    workspace: Workspace
    persona: Persona
    file: str
    lines: dict[Path, int] = field(repr=False)

    def problem(
        self, path: Path, message: str, hint: str = "", level: Literal["error", "warning"] = "error"
    ) -> Problem:
        return Problem(f"{self.file}:{line_of(self.lines, path)} {dotted(path)}", message, hint, level)


def check(workspace: Workspace, persona_id: str, known: Known = Known()) -> tuple[Problem, ...]:
    """Every problem of the contract `persona_id`, errors first; empty when it is sound.

    Raises:
        UsageError: there is no such persona.
    """
    try:
        loaded = load_persona(workspace, persona_id)
    except FileInvalid as error:
        return (_first(error), *_others(workspace, persona_id))
    contract = _Contract(workspace, loaded.persona, loaded.file, positions(loaded.texts["persona"]))
    prompt_file = workspace.shown(loaded.folder / loaded.persona.prompt.file)
    found = [*_references(contract, known), *_prompt(contract, loaded.texts["prompt"], prompt_file)]
    return tuple(sorted(found, key=lambda problem: problem.level))


def unmet(workspace: Workspace, loaded: LoadedPersona) -> tuple[Problem, ...]:
    """The policies that a persona depends on and that are not there, or in another version than it needs.

    Those decide about every call it makes, so that it does not speak without them; what else its contract names is told
    by `check` alone.
    """
    persona = loaded.persona
    if not persona.dependencies.policies:
        return ()
    contract = _Contract(workspace, persona, loaded.file, positions(loaded.texts["persona"]))
    return tuple(_policies_needed(contract))


def _first(error: FileInvalid) -> Problem:
    return Problem(error.where, error.message.removeprefix(f"{error.where}: "), error.hint)


def _others(workspace: Workspace, persona_id: str) -> tuple[Problem, ...]:
    """What else is wrong when only the prompt stopped the loading; nothing when the contract itself cannot be read."""
    path = workspace.personas / persona_id / CONTRACT_FILE
    file = workspace.shown(path)
    try:
        text = read_text(path, file)
        persona = parse(text, Persona, file)
    except FileInvalid:
        return ()
    return tuple(_references(_Contract(workspace, persona, file, positions(text)), Known()))


def _references(contract: _Contract, known: Known) -> Iterator[Problem]:
    persona = contract.persona
    yield from _policies(contract)
    yield from _named(contract, ("tools", "allow"), persona.tools.allow, known.tools, "tool")
    yield from _named(
        contract, ("knowledge", "collections"), persona.knowledge.collections, known.collections, "collection"
    )
    yield from _named(contract, ("memory", "read"), persona.memory.read, known.segments, "memory segment")
    yield from _named(contract, ("memory", "write"), persona.memory.write, known.segments, "memory segment")
    yield from _scripts(contract)
    yield from _acceptance(contract)
    yield from _colleagues(contract)


def _named(
    contract: _Contract, path: Path, wanted: Sequence[str], known: Collection[str] | None, what: str
) -> Iterator[Problem]:
    """Names (or patterns such as `orders.*`) that match nothing known."""
    if known is None:
        return
    for name in wanted:
        if not any(fnmatchcase(one, name) for one in known):
            hint = suggest(name, list(known)) if known else f"there is no {what} in this workspace"
            yield contract.problem(path, f"unknown {what} '{name}'", hint)


def _policies(contract: _Contract) -> Iterator[Problem]:
    folder = contract.workspace.policies
    there = [path.stem for path in folder.glob("*.toml")]
    for name in contract.persona.policy.files:
        if name not in there:
            hint = suggest(name, there) if there else f"write {contract.workspace.shown(folder / name)}.toml"
            yield contract.problem(("policy", "files"), f"no policy file '{name}'", hint)


def _scripts(contract: _Contract) -> Iterator[Problem]:
    model = contract.persona.model
    folder = contract.workspace.scripts
    there = [path.stem for path in folder.glob("*.toml")]
    for key, uses in (("use", (model.use,)), ("fallback", model.fallback)):
        for use in uses:
            kind, _, script = use.partition("/")
            if kind == "scripted" and script not in there:
                hint = suggest(script, there) if there else f"write {contract.workspace.shown(folder / script)}.toml"
                yield contract.problem(("model", key), f"no script '{script}'", hint)


def _acceptance(contract: _Contract) -> Iterator[Problem]:
    folder = contract.workspace.fixtures
    there = [path.name.removesuffix(".tape.jsonl") for path in folder.glob("*.tape.jsonl")]
    seen: set[str] = set()
    for index, item in enumerate(contract.persona.acceptance):
        if item.id in seen:
            yield contract.problem(("acceptance", index, "id"), f"the acceptance id '{item.id}' is used twice")
        seen.add(item.id)
        if item.fixture and item.fixture not in there:
            hint = suggest(item.fixture, there) if there else "record it: run the session and export it under this name"
            yield contract.problem(("acceptance", index, "fixture"), f"no fixture '{item.fixture}'", hint)


def _colleagues(contract: _Contract) -> Iterator[Problem]:
    """Personas and policies that this one hands over to or depends on, and the versions it needs of them."""
    workspace, persona = contract.workspace, contract.persona
    personas = {name: workspace.personas / name / CONTRACT_FILE for name in list_personas(workspace)}
    yield from _needed(contract, ("orchestration", "handoffs"), persona.orchestration.handoffs, personas, "persona")
    yield from _needed(contract, ("dependencies", "personas"), persona.dependencies.personas, personas, "persona")
    yield from _policies_needed(contract)


def _policies_needed(contract: _Contract) -> Iterator[Problem]:
    there = {path.stem: path for path in contract.workspace.policies.glob("*.toml")}
    wanted = contract.persona.dependencies.policies
    yield from _needed(contract, ("dependencies", "policies"), wanted, there, "policy")


def _needed(
    contract: _Contract, path: Path, requirements: Sequence[str], there: Mapping[str, FilePath], what: str
) -> Iterator[Problem]:
    for requirement in requirements:
        name, _, wanted = requirement.partition("@")
        if name not in there:
            yield from _named(contract, path, [name], there.keys(), what)
        elif wanted and (version := _version_in(there[name])) and not satisfies(version, wanted):
            yield contract.problem(path, f"needs {what} {requirement}, but '{name}' is {version}")


def _version_in(path: FilePath) -> str:
    """The version a contract or policy file states; empty where it cannot be read, which its own check reports."""
    try:
        version = tables(read_text(path, path.name), path.name).get("version", "")
        return semantic_version(version) if isinstance(version, str) else ""
    except (FileInvalid, ValueError):
        return ""


def _prompt(contract: _Contract, template: str, file: str) -> Iterator[Problem]:
    used = names(template)
    for name in contract.persona.prompt.variables:
        if name not in used:
            hint = f"write {{{{ {name} }}}} in {file}, or remove it"
            yield contract.problem(("prompt", "variables"), f"the prompt never uses '{name}'", hint, "warning")
    for line in expressions(template):
        hint = "only {{ name }} is filled; the rest reaches the model as it stands"
        yield Problem(f"{file}:{line}", "this looks like a template expression", hint, "warning")
