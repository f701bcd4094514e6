"""Whether a person has allowed this workspace to run its code and to talk to the hosts it names (DESIGN section 17).

Invariant: trust is given to a digest. A changed tool file, server command or host is a digest nobody trusted.
Known limit: what a trusted tool itself imports or reads from elsewhere is not part of the digest.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import orjson
from pydantic import Field, ValidationError

from greenroom.core.canonical import clean_json, digest
from greenroom.core.errors import DiskFailed, FileInvalid, UsageError
from greenroom.core.values import Frozen
from greenroom.workspace.layout import Workspace
from greenroom.workspace.own_file import open_regular, read_own
from greenroom.workspace.settings import Settings, load_settings

_CODE = {".py", ".pyd", ".so", ".toml"}


@dataclass(frozen=True, slots=True)
class Described:
    """What a person is asked to trust.

    `tools` are the files that would be imported or read as tools, from the root; `commands` the servers that would be
    started, as `name: words`; `hosts` those that text or secrets could be sent to, as `host:port`; `secrets` the names
    of environment variables that would be handed on. `digest` covers all of it, the content of the files included.
    """

    tools: tuple[str, ...]
    commands: tuple[str, ...]
    hosts: tuple[str, ...]
    secrets: tuple[str, ...]
    digest: str

    @property
    def harmless(self) -> bool:
        """Whether there is nothing to trust: no code, no server, no host."""
        return not (self.tools or self.commands or self.hosts or self.secrets)


class _Trusted(Frozen):
    """The file of what was trusted: the digest of each workspace, by its resolved root."""

    schema_: Literal["trust/1"] = Field(default="trust/1", alias="schema")
    workspaces: dict[str, str] = Field(default_factory=dict)


def describe(workspace: Workspace) -> Described:
    """What the workspace would run and reach, and the digest to trust.

    Raises:
        FileInvalid: greenroom.toml is broken.
    """
    settings = load_settings(workspace)
    files = _tool_files(workspace)
    covered = {
        "files": files,
        "servers": {name: one.model_dump(mode="json") for name, one in settings.servers.items()},
        "models": {name: [one.use, one.api_base, one.key] for name, one in settings.models.items()},
        "chroma": settings.store.chroma,
    }
    return Described(
        tools=tuple(files),
        commands=tuple(f"{name}: {' '.join(one.command)}" for name, one in settings.servers.items() if one.command),
        hosts=tuple(sorted({_host(address) for address in _addresses(settings)})),
        secrets=tuple(sorted(_secrets(settings))),
        digest=digest(clean_json(covered)),
    )


def is_trusted(workspace: Workspace) -> bool:
    """Whether a person trusted exactly what is there now, or there is nothing to trust.

    Raises:
        FileInvalid: greenroom.toml is broken.
    """
    described = describe(workspace)
    return described.harmless or _read().workspaces.get(_key(workspace)) == described.digest


def must_be_trusted(workspace: Workspace, trusted: bool | None = None) -> None:
    """Go on only in a trusted workspace; `trusted` is what a caller knows already.

    Raises:
        UsageError: a person has not trusted what the workspace is now.
    """
    if not (is_trusted(workspace) if trusted is None else trusted):
        changed = _key(workspace) in _read().workspaces
        raise UsageError(
            "this workspace is not trusted any more: it changed since it was, so none of its code runs"
            if changed
            else "this workspace is not trusted yet, so none of its code runs",
            hint="look at it with `greenroom trust --show`, then `greenroom trust`; a build server runs `greenroom trust` "
            "after it checked out what was reviewed, or plain pytest, which replays fixtures without it",
            code="trust.missing",
        )


def trust(workspace: Workspace) -> Described:
    """Trust what is there now, until it changes; returns what was trusted.

    Raises:
        FileInvalid: greenroom.toml is broken.
        DiskFailed: the decision could not be kept.
    """
    described = describe(workspace)
    _change(lambda trusted: {**trusted, _key(workspace): described.digest})
    return described


def distrust(workspace: Workspace) -> None:
    """Take trust back; the workspace opens read-only until it is trusted again.

    Raises:
        DiskFailed: the decision could not be kept.
    """
    _change(lambda trusted: {root: given for root, given in trusted.items() if root != _key(workspace)})


def trust_file() -> Path:
    """Where decisions are kept: the user's own config folder, never the workspace, which could bring its own."""
    from platformdirs import user_config_path

    return user_config_path("greenroom", appauthor=False) / "trust.json"


def _tool_files(workspace: Workspace) -> dict[str, str]:
    """The SHA-256 of each file that could run, by its path from the root."""
    found = sorted(path for path in workspace.tools.rglob("*") if path.suffix in _CODE and _is_there(path))
    return {workspace.shown(path): _sha256(path, workspace.shown(path)) for path in found}


def _is_there(path: Path) -> bool:
    """Whether there is something to read; a pipe is there, too, and is refused when it is read, not passed over."""
    return path.exists() and not path.is_dir()


def _sha256(path: Path, file: str) -> str:
    try:
        with os.fdopen(open_regular(path), "rb") as opened:  # code may be large: it is not held as a whole
            return file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=file) from None


def _addresses(settings: Settings) -> tuple[str, ...]:
    models = (model.api_base for model in settings.models.values())
    servers = (server.url for server in settings.servers.values())
    return tuple(address for address in (*models, *servers, settings.store.chroma) if address)


def _secrets(settings: Settings) -> set[str]:
    models = {model.key for model in settings.models.values() if model.key}
    return models.union(*(server.secrets for server in settings.servers.values()))


def _host(address: str) -> str:
    """`host:port` of an address. What stands before an `@` is a user name, however much it looks like a host."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.hostname}:{port}"


def _key(workspace: Workspace) -> str:
    return str(workspace.root.resolve())


def _read() -> _Trusted:
    """What was trusted; nothing when the file is missing or damaged, because doubt must not run code."""
    try:
        return _Trusted.model_validate_json(read_own(trust_file()))
    except (OSError, ValidationError):
        return _Trusted()


def _change(change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Rewrite the file whole, under a lock, so that two processes never lose each other's decision."""
    import filelock

    path = trust_file()
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            trusted = _Trusted(workspaces=change(_read().workspaces))
            fresh.touch(mode=0o600)
            fresh.write_bytes(orjson.dumps(trusted.model_dump(by_alias=True), option=orjson.OPT_INDENT_2) + b"\n")
            fresh.replace(path)
    except OSError as error:
        raise DiskFailed(f"cannot write {path}: {error.strerror}", hint="trust was not changed") from error
