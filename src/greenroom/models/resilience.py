"""Asks a model again where that is safe, then the models behind it, and reports every attempt that failed.

Invariant: once a person has seen a piece of an answer, nobody is asked again inside the same `generate`: a second
answer after half of a first one would be shown as one text. The error goes up, the turn stays resumable, and the
resumed step starts with a clean screen. A circuit breaker and a rate limit of our own are left to a later issue.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Sequence

from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.messages import ModelReply, ModelRequest
from greenroom.models.port import AttemptProblem, Model, OnFailure, OnText
from greenroom.models.problems import problem

Sleep = Callable[[float], Awaitable[None]]


class ResilientModel:
    """A `Model` made of several: the first is meant, the others are fallbacks in order.

    Args:
        models: at least one.
        retries: how often one model is asked again after a retryable problem.
        clock: for the time limit of a whole reply.
        timeout_seconds: the longest one attempt may take in all; None leaves it to the model's own limits.
        first_wait_seconds: the wait before the first retry; each further one doubles it up to `longest_wait_seconds`.
        longest_wait_seconds: also the longest Retry-After that is waited for; a longer one ends the retries.
        sleep: how to wait; tests pass one that does not.
    """

    def __init__(
        self,
        models: Sequence[Model],
        *,
        retries: int = 2,
        clock: Clock | None = None,
        timeout_seconds: float | None = None,
        first_wait_seconds: float = 0.5,
        longest_wait_seconds: float = 8.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if not models:
            raise ValueError("at least one model is needed")
        self._models = tuple(models)
        self._retries = retries
        self._clock = clock or SystemClock()
        self._timeout = timeout_seconds
        self._first_wait = first_wait_seconds
        self._longest_wait = longest_wait_seconds
        self._sleep = sleep

    @property
    def name(self) -> str:
        """The name of the model that is meant; a reply carries the name of the one that answered."""
        return self._models[0].name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The first whole reply of any model.

        Raises:
            ServiceUnavailable: all attempts failed, or a reply broke off after text was shown.
        """
        errors: list[ServiceUnavailable] = []
        for model in self._models:
            reply = await self._ask(model, request, on_text, on_failure, errors)
            if reply is not None:
                return reply
        raise self._summed(errors)

    async def aclose(self) -> None:
        """Close every model, the rest too if one of them fails to."""
        async with contextlib.AsyncExitStack() as stack:
            for model in self._models:
                stack.push_async_callback(model.aclose)

    async def _ask(
        self,
        model: Model,
        request: ModelRequest,
        on_text: OnText,
        on_failure: OnFailure,
        errors: list[ServiceUnavailable],
    ) -> ModelReply | None:
        """One model with its retries; None when the next one should be asked."""
        for attempt in range(1, self._retries + 2):
            shown = _Shown(on_text)
            try:
                return await self._attempt(model, request, shown, on_failure)
            except ServiceUnavailable as error:
                wait = None if shown.anything else self._wait(model, attempt, error)
                on_failure(AttemptProblem(model.name, attempt, error.code, error.hint, wait, error.message))
                if shown.anything:
                    raise
                if wait is None:
                    errors.append(error)
                    return None
            await self._sleep(wait)
        return None

    async def _attempt(self, model: Model, request: ModelRequest, shown: _Shown, on_failure: OnFailure) -> ModelReply:
        started = self._clock.monotonic()
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await model.generate(request, shown, on_failure)
        except TimeoutError:
            if not limit.expired():
                raise
            seconds = max(self._timeout or 0.0, self._clock.monotonic() - started)
            raise problem("model.timeout", model.name, f" within {seconds:.3g} s") from None

    def _wait(self, model: Model, attempt: int, error: ServiceUnavailable) -> float | None:
        """Seconds until the next try of this model, or None if there is none.

        The wait doubles and is shortened by up to half. The share comes from a digest, so that many workbenches that
        failed together spread out, yet a test sees the same wait each time.
        """
        if not error.retryable or attempt > self._retries:
            return None
        asked: float | None = getattr(error, "retry_after_seconds", None)
        if asked is not None:
            return asked if asked <= self._longest_wait else None
        full = min(self._longest_wait, self._first_wait * 2.0 ** (attempt - 1))
        share: float = hashlib.sha256(f"{model.name} {attempt} {error.message}".encode()).digest()[0] / 255
        return full * (1 - share / 2)

    def _summed(self, errors: list[ServiceUnavailable]) -> ServiceUnavailable:
        """One error for all: the first model's, with what became of the fallbacks."""
        first = errors[0]
        if len(errors) == 1:
            return first
        others = "; ".join(error.message for error in errors[1:])
        retryable = any(error.retryable for error in errors)
        return ServiceUnavailable(f"{first.message}; {others}", hint=first.hint, code=first.code, retryable=retryable)


class _Shown:
    """Passes text on and remembers whether there was any of the answer; reasoning may be seen twice, it is only looked at."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self.anything = False

    def __call__(self, text: str, reasoning: bool) -> None:
        self.anything = self.anything or (bool(text) and not reasoning)
        self._on_text(text, reasoning)
