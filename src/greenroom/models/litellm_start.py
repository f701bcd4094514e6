"""Starts litellm once, quiet and offline; the only file that imports it and the only one here that reads the environment.

Invariant: however it is started, litellm fetches no price list, loads no `.env`, prints nothing and retries nothing.
The import costs some two seconds and 160 MB, so nothing may start it before a model is really asked.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
import warnings
from typing import Any

_SWITCHES = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else the import fetches the price list from the network
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",  # else it loads a .env from somewhere above
    "LITELLM_LOG": "ERROR",
    "REPEATED_STREAMING_CHUNK_LIMIT": "100000",  # its guard mistakes a long ruled line for a loop
}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")

KEYS: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "azure": ("AZURE_API_KEY", "AZURE_AD_TOKEN"),
    "mistral": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY", "OR_API_KEY"),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "cohere_chat": ("COHERE_API_KEY", "CO_API_KEY"),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN", "TOGETHERAI_KEY"),
    "perplexity": ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY"),
    "cerebras": ("CEREBRAS_API_KEY",),
    "huggingface": ("HF_TOKEN", "HUGGINGFACE_API_KEY"),
    "nvidia_nim": ("NVIDIA_NIM_API_KEY",),
}
"""Which variables, any one of which will do, hold the key of a provider."""

_LEFT_BEHIND = r"coroutine '[\w.]+\.(async_|acompletion)\w*' was never awaited"
"""What Python says, wherever it is then, of a request that litellm made in a thread and that timed out before it was sent."""

_REVIVING = ("AsyncHTTPHandler", "HTTPHandler")
"""Litellm's own handlers, which replace a closed client when they are used."""

_lock = threading.Lock()
_module: list[Any] = []
_holders: list[None] = []


def start() -> Any:
    """The litellm module, started on the first call. Thread-safe; later calls cost nothing."""
    if not _module:
        with _lock:
            if not _module:
                _module.append(_started())
    # Its use of deprecated names would be printed over the screen, or raised in the middle of a stream where warnings
    # are errors. Set at each use, because whoever saves and restores warning filters would lose it.
    warnings.filterwarnings("ignore", module=r"(litellm|openai)(\.|$)")
    warnings.filterwarnings("ignore", message=_LEFT_BEHIND, category=RuntimeWarning)
    return _module[0]


def started() -> bool:
    """Whether `start` has already been paid for."""
    return bool(_module)


def hold() -> None:
    """Count one more user of litellm's shared connections."""
    with _lock:
        _holders.append(None)


async def release() -> None:
    """Count one user less; after the last one close the connections and forget the clients that cannot be used again.

    Litellm keeps its clients by the id of the event loop and does not forget closed ones, so that a later loop with
    the same id would be given a dead client of a vendor's kit. Its own handlers open anew when they are asked, and
    have to stay listed, because some are held elsewhere too and would otherwise never be closed again.
    """
    with _lock:
        _holders.pop()
        last = not _holders
    if last and _module:
        with contextlib.suppress(Exception):  # closing is a courtesy; there is nothing to do about a failure
            await _module[0].close_litellm_async_clients()
        clients = _module[0].in_memory_llm_clients_cache
        for key in [key for key, client in clients.cache_dict.items() if type(client).__name__ not in _REVIVING]:
            clients.delete_cache(key)


def warm() -> threading.Thread:
    """Start litellm in a background thread, so that the first question need not wait; returns the running thread."""
    thread = threading.Thread(target=_warm_quietly, name="litellm-start", daemon=True)
    thread.start()
    return thread


def secret(variable: str) -> str:
    """The value of an environment variable that holds a key, or ''."""
    return os.environ.get(variable, "").strip()


def key_problem(provider: str) -> str:
    """`OPENAI_API_KEY`, or `A or B`, when the provider needs a key and none of its variables is set; else ''."""
    variables = KEYS.get(provider, ())
    return "" if not variables or any(map(secret, variables)) else " or ".join(variables)


def known_secrets(extra: str = "") -> tuple[str, ...]:
    """Every key now in the environment that a provider might quote back at us."""
    names = {name for variables in KEYS.values() for name in variables} | ({extra} if extra else set())
    return tuple(value for name in sorted(names) if (value := secret(name)))


def _warm_quietly() -> None:
    try:
        start()
    except ImportError:
        return  # the first question will meet the same error and can say it to a person


def _started() -> Any:
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.set_verbose = False
    litellm.telemetry = False
    litellm.num_retries = 0
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
    return litellm
