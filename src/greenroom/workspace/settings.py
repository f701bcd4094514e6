"""What a workspace is set to (schema workspace/1), and the one place that reads the environment.

Invariant: a setting is declared once, here, and `explain` can say of each where its value came from.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.core.toml_text import Path, dotted, line_of, parse, positions, tables
from greenroom.core.values import Frozen, Json
from greenroom.workspace.layout import SETTINGS_FILE, Workspace
from greenroom.workspace.own_file import read_written

VARIABLES = {
    "GREENROOM_PERSONA": "the persona to run, in place of greenroom.toml's",
    "GREENROOM_CHROMA": "the address of a Chroma server, in place of greenroom.toml's",
    "NO_COLOR": "no colour when set to anything (no-color.org)",
    "VISUAL": "the editor that ctrl+x ctrl+e opens",
    "EDITOR": "the editor when VISUAL is not set",
    "CI": "set by build servers; recordings are never accepted there",
    "GITHUB_ACTIONS": "set by GitHub, as CI: also, failures of fixtures are annotated at the tape's line",
    "GITLAB_CI": "set by GitLab, as CI",
    "BUILDKITE": "set by Buildkite, as CI",
    "JENKINS_URL": "set by Jenkins, as CI",
    "TF_BUILD": "set by Azure Pipelines, as CI",
    "TEAMCITY_VERSION": "set by TeamCity, as CI",
}
"""Every environment variable that is read, but for secrets, which greenroom.toml names."""

_BUILD_SERVERS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION")
_PLAIN_NO = ("", "0", "false", "no")

_OVERRIDES: dict[Path, str] = {("persona",): "GREENROOM_PERSONA", ("store", "chroma"): "GREENROOM_CHROMA"}

Name = Annotated[str, Field(min_length=1, max_length=64)]
Environment = Mapping[str, str]


def _http(address: str) -> str:
    if address and not address.startswith(("http://", "https://")):
        raise ValueError(f"'{address}' must begin with http:// or https://")
    return address


def _plain_glob(glob: str) -> str:
    if glob.startswith("/") or "\\" in glob or ".." in glob.split("/"):
        raise ValueError(f"'{glob}' must stay inside the knowledge folder")
    return glob


def _variable_name(text: str) -> str:
    """The value is not shown: what stands here by mistake is most often the secret itself."""
    if re.fullmatch(r"([A-Z][A-Z0-9_]*)?", text) is None:
        raise ValueError("must be the name of an environment variable; the secret itself never stands in a file")
    return text


def _public_key(text: str) -> str:
    try:
        size = len(b64decode(text, validate=True))
    except ValueError:
        size = 0
    if size != 32:
        raise ValueError(f"'{text}' is not a public key (32 bytes in base64)")
    return text


Address = Annotated[str, AfterValidator(_http)]
Variable = Annotated[str, AfterValidator(_variable_name)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
Glob = Annotated[str, AfterValidator(_plain_glob)]


class KnowledgeSettings(Frozen):
    """Which documents make up each collection, as globs in the knowledge folder, and how they are embedded."""

    collections: dict[Name, tuple[Glob, ...]] = Field(default_factory=dict)
    embedder: Literal["ngrams"] = "ngrams"


class Segment(Frozen):
    """One memory segment: how private it is, how long it is kept, and which personas may read and write it.

    `retention_days` None keeps a memory until someone forgets it. `*` stands for every persona.
    """

    sensitivity: Literal["public", "internal", "personal", "secret"] = "personal"
    retention_days: int | None = Field(default=None, ge=1)
    read: tuple[Name, ...] = ("*",)
    write: tuple[Name, ...] = ("*",)


def _segments() -> dict[str, Segment]:
    return {"session": Segment(sensitivity="personal", retention_days=30)}


class MemorySettings(Frozen):
    """The memory segments there are. Without a declaration there is `session`, kept for 30 days."""

    segments: dict[Name, Segment] = Field(default_factory=_segments)


class ModelSettings(Frozen):
    """How to reach one model, filed under its alias or its full name.

    `use` is the full litellm name behind an alias. `key` names the environment variable that holds the secret; the
    secret itself never stands in a file. Prices are US dollars for a million tokens, for models litellm does not know.
    """

    use: str = ""
    api_base: Address = ""
    key: Variable = ""
    timeout: float = Field(default=60.0, gt=0)
    context_tokens: int | None = Field(default=None, ge=1)
    input_usd: float | None = Field(default=None, ge=0)
    output_usd: float | None = Field(default=None, ge=0)

    @property
    def price(self) -> tuple[float, float] | None:
        """What a million tokens cost in US dollars, input and output; None where nothing is declared."""
        if self.input_usd is None and self.output_usd is None:
            return None
        return self.input_usd or 0.0, self.output_usd or 0.0


class ServerSettings(Frozen):
    """A tool server: a command to start, or an address to call. `secrets` names the variables it is given."""

    command: tuple[str, ...] = ()
    url: Address = ""
    secrets: tuple[str, ...] = ()


class StoreSettings(Frozen):
    """Where passages and memories are kept. `chroma` is a Chroma server; empty keeps the index in the workspace."""

    chroma: Address = ""


class Ceilings(Frozen):
    """What no persona of this workspace may exceed in a turn; None leaves the persona's own limit."""

    tool_calls: int | None = Field(default=None, ge=0)
    replies: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)


class Retention(Frozen):
    """For how long what runs leave behind is kept, in days; None keeps it until someone removes it."""

    sessions_days: int | None = Field(default=None, ge=1)


class AuditSettings(Frozen):
    """Who signs the ledger.

    `key` names the environment variable that holds the private key, which never stands in a file; where it is not set,
    nothing is signed. `public` are the keys whose signatures count: one text, or a list with former keys behind.
    """

    key: Variable = ""
    public: Annotated[
        tuple[PublicKey, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
    ] = ()


class Settings(Frozen):
    """The whole of greenroom.toml."""

    schema_: Literal["workspace/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    name: str = ""
    persona: str = ""
    knowledge: KnowledgeSettings = KnowledgeSettings()
    memory: MemorySettings = MemorySettings()
    models: dict[Name, ModelSettings] = Field(default_factory=dict)
    servers: dict[Name, ServerSettings] = Field(default_factory=dict)
    store: StoreSettings = StoreSettings()
    limits: Ceilings = Ceilings()
    retention: Retention = Retention()
    audit: AuditSettings = AuditSettings()

    def model(self, name: str) -> ModelSettings:
        """How to reach a model by alias or full name; the defaults where nothing is declared."""
        return self.models.get(name, ModelSettings())

    def model_name(self, name: str) -> str:
        """The full name behind an alias; any other name is full already."""
        return self.model(name).use or name


class Explained(NamedTuple):
    """One setting: its key path, its value and where that came from (`greenroom.toml:7`, a variable, or `default`)."""

    key: str
    value: Json
    source: str


def load_settings(workspace: Workspace, environment: Environment | None = None) -> Settings:
    """The workspace's settings, with the overrides of the environment (the process's own when None) applied.

    Raises:
        FileInvalid: greenroom.toml is missing, broken or says something unknown; file, line and key path are named.
    """
    settings = parse(_text(workspace), Settings, SETTINGS_FILE)
    values: dict[str, Json] = settings.model_dump(by_alias=True)
    overridden = False
    for path, name in _OVERRIDES.items():
        if value := variable(name, environment):
            _put(values, path, value)
            overridden = True
    if not overridden:
        return settings
    try:
        return Settings.model_validate(values)
    except ValueError:
        raise FileInvalid(
            "has an unusable value", where=" or ".join(_OVERRIDES.values()), code="settings.variable"
        ) from None


def explain(workspace: Workspace, environment: Environment | None = None) -> tuple[Explained, ...]:
    """Every setting with its value and source, in the order they are declared.

    Raises:
        FileInvalid: as `load_settings`.
    """
    settings = load_settings(workspace, environment)
    text = _text(workspace)
    stated, lines = tables(text, SETTINGS_FILE), positions(text)
    return tuple(
        Explained(dotted(path), value, _source(path, stated, lines, environment))
        for path, value in _leaves(settings, ())
    )


def build_server() -> str:
    """The variable by which a build server is known, '' where none has set one."""
    return next((name for name in _BUILD_SERVERS if variable(name).strip().lower() not in _PLAIN_NO), "")


def variable(name: str, environment: Environment | None = None) -> str:
    """The value of a declared environment variable, or ''.

    Raises:
        KeyError: the variable is not declared in `VARIABLES`; declare it there, with its meaning.
    """
    if name not in VARIABLES:
        raise KeyError(name)
    return (os.environ if environment is None else environment).get(name, "")


def secret(name: str, environment: Environment | None = None) -> str:
    """The secret in the environment variable that a file names. It is handed on, never logged.

    Raises:
        ServiceUnavailable: the variable is not set or empty.
    """
    if value := secret_if_set(name, environment):
        return value
    raise ServiceUnavailable(f"the secret {name} is not set", hint=f"export {name}=...", code="secret.missing")


def secret_if_set(name: str, environment: Environment | None = None) -> str:
    """The same where doing without is fine: '' if the variable is not set, or none is named."""
    return (os.environ if environment is None else environment).get(name, "")


def _text(workspace: Workspace) -> str:
    try:
        return read_written(workspace.settings_file)
    except FileNotFoundError:
        hint = "make a workspace: greenroom init PATH"
        raise FileInvalid("the file is missing", where=SETTINGS_FILE, hint=hint, code="file.missing") from None
    except UnicodeDecodeError:
        raise FileInvalid("not UTF-8 text", where=SETTINGS_FILE, hint="save it as UTF-8") from None
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=SETTINGS_FILE) from None


def _put(values: dict[str, Json], path: Path, value: str) -> None:
    *parents, last = path
    for parent in parents:
        values = values[str(parent)]
    values[str(last)] = value


def _source(path: Path, stated: Json, lines: dict[Path, int], environment: Environment | None) -> str:
    override = _OVERRIDES.get(path)
    if override and variable(override, environment):
        return override
    for key in path:
        if not isinstance(stated, dict) or key not in stated:
            return "default"
        stated = stated[key]
    return f"{SETTINGS_FILE}:{line_of(lines, path)}"


def _leaves(model: BaseModel, path: Path) -> Iterator[tuple[Path, Json]]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        here = (*path, info.alias or name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, here)
        elif isinstance(value, dict) and value:
            yield from _entries(value, here)
        else:
            yield here, value


def _entries(table: Mapping[str, Json], path: Path) -> Iterator[tuple[Path, Json]]:
    for key, item in table.items():
        if isinstance(item, BaseModel):
            yield from _leaves(item, (*path, key))
        else:
            yield (*path, key), item
