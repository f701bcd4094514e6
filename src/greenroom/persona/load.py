"""A persona read from its folder: the contract, its prompt filled, and the texts and digests that go into the log.

Invariant: what is returned is complete and well formed; every problem on the way is one error with its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from greenroom.core.canonical import clean_text, digest
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import line_of, parse, positions, suggest
from greenroom.persona.contract import Persona
from greenroom.persona.prompt import fill
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import read_written

CONTRACT_FILE = "persona.toml"


@dataclass(frozen=True, slots=True)
class LoadedPersona:
    """A persona ready to run.

    `prompt` is the system prompt with its variables filled. `texts` are what people wrote, by component: `persona` the
    TOML, `prompt` the template. `digest` and `prompt_digest` name those two texts. `file` is the contract as shown in
    errors, `folder` where it and its prompt lie.
    """

    persona: Persona
    prompt: str
    texts: dict[str, str]
    digest: str
    prompt_digest: str
    file: str
    folder: Path

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each text, by component."""
        return {"persona": self.digest, "prompt": self.prompt_digest}


def load_persona(workspace: Workspace, persona_id: str, version: str | None = None) -> LoadedPersona:
    """The persona `persona_id`: the contract under work, or the frozen copy of `version`.

    Raises:
        UsageError: no persona has that id, or it has no such version.
        FileInvalid: its contract or prompt is broken or missing; file, line and key path are named.
    """
    folder = _folder(workspace, persona_id, version)
    path = folder / CONTRACT_FILE
    file = workspace.shown(path)
    text = read_text(path, file)
    persona = parse(text, Persona, file)
    _require_same_name(persona, persona_id, version, text, file)
    template = _template(workspace, folder, persona, text, file)
    return LoadedPersona(
        persona=persona,
        prompt=fill(template, persona.prompt.variables, workspace.shown(folder / persona.prompt.file)),
        texts={"persona": text, "prompt": template},
        digest=digest(text),
        prompt_digest=digest(template),
        file=file,
        folder=folder,
    )


def list_personas(workspace: Workspace) -> tuple[str, ...]:
    """The ids of the workspace's personas, sorted; nothing is parsed."""
    return tuple(sorted(path.parent.name for path in workspace.personas.glob(f"*/{CONTRACT_FILE}")))


def list_versions(workspace: Workspace, persona_id: str) -> tuple[str, ...]:
    """The frozen versions of a persona, sorted as text; nothing is parsed."""
    if persona_id not in list_personas(workspace):
        return ()
    return tuple(
        sorted(path.parent.name for path in workspace.personas.glob(f"{persona_id}/versions/*/{CONTRACT_FILE}"))
    )


def read_text(path: Path, file: str) -> str:
    """The text of a file people write: UTF-8, with or without a byte order mark, any line ends.

    Raises:
        FileInvalid: missing, unreadable or not UTF-8.
    """
    try:
        return clean_text(read_written(path))
    except FileNotFoundError:
        raise FileInvalid("the file is missing", where=file, code="file.missing") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileInvalid("not UTF-8 text", where=f"{file}:{line}", hint="save it as UTF-8") from None
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=file) from None


def _folder(workspace: Workspace, persona_id: str, version: str | None) -> Path:
    known = list_personas(workspace)
    if persona_id not in known:
        hint = suggest(persona_id, list(known)) if known else f"there is none in {workspace.personas}"
        raise UsageError(f"no persona '{persona_id}'", hint=hint, code="persona.unknown")
    working = workspace.personas / persona_id
    if version is None:
        return working
    frozen = list_versions(workspace, persona_id)
    if version in frozen:
        return working / "versions" / version
    current = _working_version(workspace, working)
    if current == version:
        return working
    raise UsageError(
        f"persona '{persona_id}' has no version '{version}'",
        hint=suggest(version, [*frozen, current]),
        code="persona.unknown_version",
    )


def _working_version(workspace: Workspace, working: Path) -> str:
    path = working / CONTRACT_FILE
    file = workspace.shown(path)
    return parse(read_text(path, file), Persona, file).version


def _require_same_name(persona: Persona, persona_id: str, version: str | None, text: str, file: str) -> None:
    lines = positions(text)
    if persona.id != persona_id:
        raise FileInvalid(
            f"the id is '{persona.id}', but the folder is '{persona_id}'",
            where=f"{file}:{line_of(lines, ('id',))} id",
            hint="name both alike",
            code="persona.id",
        )
    if version is not None and persona.version != version:
        raise FileInvalid(
            f"the version is '{persona.version}', but the folder is '{version}'",
            where=f"{file}:{line_of(lines, ('version',))} version",
            hint="a frozen version is never edited; restore it from git",
            code="persona.version",
        )


def _template(workspace: Workspace, folder: Path, persona: Persona, text: str, file: str) -> str:
    path = folder / persona.prompt.file
    where = f"{file}:{line_of(positions(text), ('prompt', 'file'))} prompt.file"
    if not path.resolve().is_relative_to(workspace.root.resolve()):
        raise FileInvalid(f"'{persona.prompt.file}' leads out of the workspace", where=where, code="prompt.outside")
    if not path.is_file():
        hint = f"write {workspace.shown(path)}"
        raise FileInvalid(
            f"the prompt file '{persona.prompt.file}' is missing", where=where, hint=hint, code="prompt.missing"
        )
    return read_text(path, workspace.shown(path))
