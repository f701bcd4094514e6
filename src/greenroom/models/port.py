"""What the engine needs of a language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from greenroom.core.messages import ModelReply, ModelRequest

OnText = Callable[[str, bool], None]
"""Called with each piece of streamed text; the flag says it is reasoning."""


@dataclass(frozen=True, slots=True)
class AttemptProblem:
    """One failed attempt: which model, the how-manieth try (from 1), what happened, and what happens next.

    `problem` is the stable code (`model.rate_limit`), `message` and `hint` are for people. `retry_in_seconds` is None
    when this model is not asked again; a fallback may still follow.
    """

    model: str
    attempt: int
    problem: str
    hint: str = ""
    retry_in_seconds: float | None = None
    message: str = ""


OnFailure = Callable[[AttemptProblem], None]


class Model(Protocol):
    """A model by its full name, e.g. `scripted/helpdesk` or `ollama_chat/llama3.2`."""

    @property
    def name(self) -> str: ...

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The whole reply; pieces go to `on_text` as they arrive, failed attempts to `on_failure`.

        Raises:
            ServiceUnavailable: no attempt and no fallback succeeded. One line, with a hint.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
