"""Any model litellm can reach, streamed: text, reasoning, tool calls, usage and price, behind our own errors.

Invariant: one call of `generate` is one request on the wire; it ends in a whole reply or in one `ModelProblem`.
Retrying and falling back belong to `resilience.py`. Importing this module does not import litellm.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

from greenroom.core.errors import FileInvalid
from greenroom.core.messages import ModelReply, ModelRequest, estimated_tokens
from greenroom.core.values import Usage
from greenroom.models import litellm_start
from greenroom.models.litellm_errors import explained
from greenroom.models.litellm_reply import ReplyParts
from greenroom.models.litellm_wire import ToolNames, check_params, wire_messages, wire_tools
from greenroom.models.port import OnFailure, OnText
from greenroom.models.prices import Declared, micro_usd
from greenroom.models.problems import ModelProblem, problem, quoted

_NO_KEY_NEEDED = "not-needed"
_GRACE = 5.0
"""Seconds litellm's own time limit is later than ours, because its errors about time come in many disguises."""


class LitellmModel:
    """A `Model` by its litellm name, such as `openai/gpt-5-mini` or `ollama_chat/llama3.2`.

    Args:
        name: provider and model.
        api_base: address of a server of one's own. No key from the environment is sent there unless `key_variable`
            names it, so that a workspace file cannot send a key somewhere else unnoticed.
        key_variable: the environment variable that holds the key, if it is not the provider's usual one.
        timeout_seconds: the longest silence allowed, before the first piece and between pieces.
        price: what a million tokens cost, for a model that litellm's list has no price of.

    Raises:
        FileInvalid: an address with a user name or password in it.
    """

    def __init__(
        self,
        name: str,
        *,
        api_base: str | None = None,
        key_variable: str = "",
        timeout_seconds: float = 60.0,
        price: Declared | None = None,
    ) -> None:
        self._name = name
        if api_base and "@" in api_base.partition("://")[2].partition("/")[0]:
            raise FileInvalid(
                f"the address of {name} holds a user name or password",
                hint="put the key into an environment variable and name it",
                code="model.address",
            )
        self._api_base = api_base
        self._key_variable = key_variable
        self._timeout = timeout_seconds
        self._price = price
        self._holding = False

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The whole reply. A single attempt has nothing to report to `on_failure`; it raises.

        Raises:
            ServiceUnavailable: with a `model.*` code, one line and a hint.
            FileInvalid: a parameter a persona may not set, or two tools with one wire name.
        """
        check_params(request.params)
        names = ToolNames(spec.name for spec in request.tools)
        self._check_key(self._provider_in_name())
        litellm = await self._start()
        parts = ReplyParts(names, litellm_start.known_secrets(self._key_variable))
        try:
            await self._read(litellm, request, parts, on_text)
        except ModelProblem:
            raise
        except Exception as error:  # noqa: BLE001  litellm raises any class; explained() sorts them
            raise self._explained(error) from None
        return parts.reply(self._name, self._usage(litellm, request, parts))

    async def warm(self) -> None:
        """Load litellm ahead of the first request, whose time is then the model's own; `generate` says what is wrong."""
        with contextlib.suppress(ModelProblem):
            self._check_key(self._provider_in_name())
            await self._start()

    async def aclose(self) -> None:
        """Let go of the shared connections; asking again opens new ones."""
        if self._holding:
            self._holding = False
            await litellm_start.release()

    async def _start(self) -> Any:
        try:
            # Some two seconds the first time, in a thread so that nothing else stands still.
            litellm = litellm_start.start() if litellm_start.started() else await asyncio.to_thread(litellm_start.start)
        except ImportError as error:
            raise problem("model.start", self._name, f": {quoted(str(error))}") from None
        try:
            _, provider, _, _ = litellm.get_llm_provider(self._name)
        except Exception:  # noqa: BLE001  a vendor class; its only reason is a name without a known provider
            raise problem("model.unknown", self._name) from None
        self._check_key(provider)
        if not self._holding:
            self._holding = True
            litellm_start.hold()
        return litellm

    def _provider_in_name(self) -> str:
        return self._name.partition("/")[0] if "/" in self._name else ""

    def _check_key(self, provider: str) -> None:
        """Ask for the key before asking the provider: litellm calls a missing one an internal server error."""
        if self._key_variable:
            missing = "" if litellm_start.secret(self._key_variable) else self._key_variable
        else:
            missing = "" if self._api_base else litellm_start.key_problem(provider)
        if missing:
            raise problem("model.no_key", self._name, missing)

    async def _read(self, litellm: Any, request: ModelRequest, parts: ReplyParts, on_text: OnText) -> None:
        """Send the request and take chunks to the very end: usage comes after the finish reason."""
        async with asyncio.timeout(self._timeout):
            stream = await litellm.acompletion(**self.arguments(request))
        try:
            while True:
                async with asyncio.timeout(self._timeout):
                    chunk = await anext(stream, None)
                text, reasoning = parts.rest() if chunk is None else parts.add(chunk)
                if reasoning:
                    on_text(reasoning, True)
                if text:
                    on_text(text, False)
                if chunk is None:
                    break
            # Litellm makes up a finish reason when a stream just ends; whether one was received, its wrapper knows.
            if not parts.finished or getattr(stream, "received_finish_reason", "") is None:
                raise problem("model.cut", self._name)
        finally:
            with contextlib.suppress(Exception):  # the reply or its error is already known
                await stream.aclose()

    @property
    def key_variable(self) -> str:
        """The variable that holds the key which is sent; '' where none of the person's own goes out."""
        if self._key_variable or self._api_base:
            return self._key_variable
        usual = litellm_start.KEYS.get(self._provider_in_name(), ())
        return next((name for name in usual if litellm_start.secret(name)), usual[0] if usual else "")

    def arguments(self, request: ModelRequest) -> dict[str, Any]:
        """What litellm is called with; a key of the person's own is among it."""
        arguments: dict[str, Any] = {
            **request.params,
            "model": self._name,
            "messages": wire_messages(request.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "timeout": self._timeout + _GRACE,
            "num_retries": 0,
            "max_retries": 0,
            "_skip_mcp_handler": True,
        }
        if request.tools:
            arguments["tools"] = wire_tools(request.tools)
        if self._api_base:
            arguments["api_base"] = self._api_base
        if self._key_variable:
            arguments["api_key"] = litellm_start.secret(self._key_variable)
        elif self._api_base:
            arguments["api_key"] = _NO_KEY_NEEDED
        return arguments

    def _explained(self, error: Exception) -> ModelProblem:
        if isinstance(error, TimeoutError):
            return problem("model.timeout", self._name, f" for {self._timeout:g} s")
        secrets = litellm_start.known_secrets(self._key_variable)
        return explained(error, self._name, _address(self._api_base), secrets)

    def _usage(self, litellm: Any, request: ModelRequest, parts: ReplyParts) -> Usage:
        """What the provider counted; where it does not count, four characters are taken for a token."""
        asked = sum(len(message.text) for message in request.messages)
        tokens = parts.tokens or (estimated_tokens(asked), estimated_tokens(parts.written))
        price = micro_usd(litellm, self._name, tokens, parts.cost_usd, self._price)
        return Usage(input_tokens=tokens[0], output_tokens=tokens[1], micro_usd=price)


def _address(api_base: str | None) -> str:
    """`http://host:port` of an address; user names, passwords, paths and queries are left out."""
    if not api_base:
        return ""
    try:
        parts = urlsplit(api_base)
        return f"{parts.scheme}://{parts.hostname or '?'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "an address that cannot be read"
