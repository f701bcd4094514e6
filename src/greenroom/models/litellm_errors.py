"""What a litellm exception really means. Its classes are unreliable, so words are read first, then status, then class.

Invariant: every exception becomes exactly one `ModelProblem`, and none of them carries a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from greenroom.models.problems import Code, ModelProblem, problem, quoted

_NO_KEY = re.compile(r"(?i)missing credentials|missing [\w ]*api[ _]key|api_key client option|api key not found")
_UNREACHED = re.compile(
    r"(?i)connection error|cannot connect|connection refused|connect call failed|connection attempts failed"
    r"|name or service not known|name resolution|nodename nor servname"
)
_DEEPEST = 8
"""How far down an exception's causes are looked at."""
_TOO_LONG = re.compile(r"(?i)context[ _](?:length|window|size)|maximum context|prompt is too long|too many tokens")
_NO_PROVIDER = re.compile(r"(?i)llm provider not provided|unmapped llm provider")
_STATUS: dict[int, Code] = {
    400: "model.bad_request",
    401: "model.auth",
    403: "model.auth",
    404: "model.unknown",
    408: "model.timeout",
    413: "model.context",
    422: "model.bad_request",
    429: "model.rate_limit",
}


def explained(error: BaseException, model: str, address: str = "", secrets: Iterable[str] = ()) -> ModelProblem:
    """The problem behind `error`. `address` is where the model was looked for, without credentials."""
    if _is(error, "MidStreamFallbackError"):
        inner = getattr(error, "original_exception", None)
        if not getattr(error, "is_pre_first_chunk", False):
            return problem("model.cut", model)
        if isinstance(inner, BaseException):
            return explained(inner, model, address, secrets)
    code = _code(error, str(error))
    return problem(code, model, _detail(code, error, address, secrets), retry_after_seconds=_retry_after(error))


def _code(error: BaseException, text: str) -> Code:
    if _NO_KEY.search(text):
        return "model.no_key"
    if _NO_PROVIDER.search(text):
        return "model.unknown"
    if _is(error, "Timeout") or isinstance(error, TimeoutError):
        return "model.timeout"
    if _broke_off(error):
        return "model.cut"
    if _UNREACHED.search(text):
        return "model.refused"
    status = getattr(error, "status_code", None)
    if _is(error, "ContextWindowExceededError") or (status in (400, 422) and _TOO_LONG.search(text)):
        return "model.context"
    if _is(error, "APIConnectionError"):
        return "model.cut"
    return _STATUS.get(status if isinstance(status, int) else 0, "model.server")


def _detail(code: Code, error: BaseException, address: str, secrets: Iterable[str]) -> str:
    match code:
        case "model.no_key":
            return "the provider's key in the environment"
        case "model.refused" | "model.unknown" | "model.auth":
            return f" at {address}" if address else ""
        case "model.server":
            status = getattr(error, "status_code", None)
            return f" (status {status})" if status else f" ({type(error).__name__})"
        case "model.bad_request":
            return f": {quoted(_vendor_words(error), secrets)}"
        case _:
            return ""


def _vendor_words(error: BaseException) -> str:
    """The provider's own sentence, without litellm's prefixes."""
    text = str(getattr(error, "message", "") or error)
    return re.sub(r"^(?:litellm\.\w+:\s*|\w+(?:Exception|Error)\s*-\s*)+", "", text)


def _is(error: BaseException, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(error).__mro__)


def _broke_off(error: BaseException) -> bool:
    """Whether a connection stood and then broke: some vendors' clients say "Connection error" of that too."""
    for _ in range(_DEEPEST):
        if _is(error, "ReadError") or _is(error, "RemoteProtocolError"):
            return True
        inner = error.__cause__ or error.__context__
        if inner is None:
            return False
        error = inner
    return False


def _retry_after(error: BaseException) -> float | None:
    """Seconds from a Retry-After header, if the provider sent a plain number."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    extra: Any = getattr(error, "litellm_response_headers", None) or {}
    said = str(headers.get("retry-after") or extra.get("retry-after") or "")
    return float(said) if re.fullmatch(r"\d{1,6}(?:\.\d+)?", said) else None
