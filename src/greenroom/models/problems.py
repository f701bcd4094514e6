"""The ways a model can be out of reach, each with one code, one line and one hint, whoever found it out.

Invariant: a problem never quotes a key; vendor words appear only after `quoted` has masked and shortened them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from greenroom.core.errors import ServiceUnavailable
from greenroom.core.inert import inert_line

Code = Literal[
    "model.no_key",
    "model.refused",
    "model.rate_limit",
    "model.cut",
    "model.unknown",
    "model.timeout",
    "model.context",
    "model.auth",
    "model.server",
    "model.bad_request",
    "model.script",
    "model.start",
]


class ModelProblem(ServiceUnavailable):
    """A model cannot be used now. `retry_after_seconds` is what the provider asked for, if it did."""

    def __init__(
        self, message: str, *, hint: str, code: str, retryable: bool, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code, retryable=retryable)
        self.retry_after_seconds = retry_after_seconds


class _Kind(NamedTuple):
    says: str
    hint: str
    retryable: bool


_KINDS: dict[Code, _Kind] = {
    "model.no_key": _Kind("no key for {model}", "set {detail}, or use another model", False),
    "model.refused": _Kind("{model}: nothing answers{detail}", "is the server running? check its address", True),
    "model.rate_limit": _Kind(
        "{model}: the provider says too many requests{detail}", "wait a little, then resume", True
    ),
    "model.cut": _Kind("{model}: the reply broke off{detail}", "resume the turn to ask again", True),
    "model.unknown": _Kind("{model}: no such model{detail}", "`greenroom model list` shows what can be used", False),
    "model.timeout": _Kind("{model}: no answer{detail}", "resume to ask again, or raise the time limit", True),
    "model.context": _Kind(
        "{model}: the prompt is too long for it{detail}", "lower top_k, or use another model", False
    ),
    "model.auth": _Kind("{model}: the provider refused the key{detail}", "check the key and what it may use", False),
    "model.server": _Kind("{model}: the provider failed{detail}", "its fault; resume to ask again", True),
    "model.bad_request": _Kind("{model}: the provider refused the request{detail}", "check the model's params", False),
    "model.start": _Kind(
        "{model}: litellm cannot be loaded{detail}", "`pip install --upgrade greenroom` repairs it", False
    ),
    "model.script": _Kind("{model}: {detail}", "correct the script", False),
}


def problem(code: Code, model: str, detail: str = "", *, retry_after_seconds: float | None = None) -> ModelProblem:
    """The error for `code`. `detail` is put where the line has room for it: an address, a time, a quotation."""
    kind = _KINDS[code]
    fields = {"model": inert_line(model, 120), "detail": detail}
    message, hint = kind.says.format(**fields), kind.hint.format(**fields)
    return ModelProblem(
        message, hint=hint, code=code, retryable=kind.retryable, retry_after_seconds=retry_after_seconds
    )


_SECRET = re.compile(r"(?i)\b(?:sk|pk|rk|gsk|xai|hf|ghp|AIza|Bearer|key)[-_ ]?[A-Za-z0-9_*.\-]{6,}")


def quoted(text: str, secrets: Iterable[str] = (), limit: int = 160) -> str:
    """Vendor words fit to show: keys and known `secrets` masked, one line, at most `limit` characters."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "‹key›")
    from greenroom.detectors.masks import Masks, mask_all

    masked = str(mask_all(_SECRET.sub("‹key›", text[:2000]), _private, Masks()))
    # Without numbers, because those of a session's masks are not known here.
    return inert_line(re.sub(r"#\d+›", "›", masked), limit)


def _private(detector: str) -> bool:
    return detector.startswith("secret.") or detector in ("personal.card", "personal.iban")
