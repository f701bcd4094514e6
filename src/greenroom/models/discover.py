"""Finds model servers on this machine by asking their usual ports what they have.

Invariant: only loopback addresses are asked, for a short time, and no more than a megabyte is read from any of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from greenroom.core.canonical import clean_text
from greenroom.core.values import Frozen, Json

if TYPE_CHECKING:
    import httpx

Kind = Literal["ollama", "llama.cpp", "lm-studio", "vllm"]
PORTS: dict[Kind, int] = {"ollama": 11434, "llama.cpp": 8080, "lm-studio": 1234, "vllm": 8000}
_MOST_BYTES = 1_000_000
_MOST_MODELS = 500


class LocalModel(Frozen):
    """A model a local server offers. `name` goes into `persona.toml`; `abilities` are words like `tools`, if it tells."""

    name: str
    abilities: tuple[str, ...] = ()


class LocalServer(Frozen):
    """A server that answered. `api_base` goes into `greenroom.toml` beside the model."""

    kind: Kind
    api_base: str
    models: tuple[LocalModel, ...] = ()


async def discover(
    ports: Mapping[Kind, int] = PORTS,
    *,
    host: Literal["127.0.0.1", "localhost", "::1"] = "127.0.0.1",
    timeout_seconds: float = 0.4,
) -> tuple[LocalServer, ...]:
    """The servers that answer within the time, in the order of `ports`. One that does not is simply not listed."""
    import httpx

    # No proxy settings from the environment: a loopback address must not leave the machine.
    async with (
        httpx.AsyncClient(timeout=timeout_seconds, trust_env=False, follow_redirects=False) as client,
        asyncio.TaskGroup() as group,
    ):
        shown = f"[{host}]" if ":" in host else host
        tasks = [group.create_task(_ask(client, kind, f"http://{shown}:{port}")) for kind, port in ports.items()]
    return tuple(server for task in tasks if (server := task.result()) is not None)


async def _ask(client: httpx.AsyncClient, kind: Kind, address: str) -> LocalServer | None:
    if kind == "ollama":
        listed = _items(await _json(client, f"{address}/api/tags"), "models")
        if listed is None:
            return None
        names = _names(listed, "name")
        found = [
            LocalModel(name=f"ollama_chat/{name}", abilities=await _abilities(client, address, name)) for name in names
        ]
        return LocalServer(kind=kind, api_base=address, models=tuple(found))
    listed = _items(await _json(client, f"{address}/v1/models"), "data")
    if listed is None:
        return None
    # hosted_vllm is litellm's lightest path to anything that speaks the OpenAI wire format.
    models = tuple(LocalModel(name=f"hosted_vllm/{name}") for name in _names(listed, "id"))
    return LocalServer(kind=kind, api_base=f"{address}/v1", models=models)


async def _abilities(client: httpx.AsyncClient, address: str, model: str) -> tuple[str, ...]:
    said = await _json(client, f"{address}/api/show", {"model": model})
    listed = _items(said, "capabilities") or []
    return tuple(clean_text(word)[:40] for word in listed[:20] if isinstance(word, str))


async def _json(client: httpx.AsyncClient, url: str, body: dict[str, str] | None = None) -> Json:
    """The JSON at `url`, or None for anything else: refused, slow, too big, not JSON."""
    import httpx

    try:
        async with client.stream("POST" if body else "GET", url, json=body) as response:
            if response.status_code != 200:
                return None
            text = bytearray()
            async for piece in response.aiter_bytes():
                text += piece
                if len(text) > _MOST_BYTES:
                    return None
        return json.loads(bytes(text))
    except (httpx.HTTPError, ValueError, RecursionError):
        return None


def _items(value: Json, key: str) -> list[Json] | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else None


def _names(items: list[Json], key: str) -> list[str]:
    names = [item.get(key) for item in items[:_MOST_MODELS] if isinstance(item, dict)]
    return [clean_text(name)[:200] for name in names if isinstance(name, str) and name]
