"""Which models cost nothing, as far as their name and their table in greenroom.toml tell.

Invariant: a model of which nobody can tell counts as one that costs something, so that a ceiling of 0 spends nothing.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from greenroom.core.errors import FileInvalid
from greenroom.workspace.model_tables import Reached, reached
from greenroom.workspace.settings import Settings

_OWN_SERVERS = ("ollama", "ollama_chat", "hosted_vllm", "lm_studio", "llamafile")
"""Providers that are programs on somebody's own machine; litellm has no price for their models."""


def is_free(one: Reached) -> bool:
    """Whether a model is scripted, runs on this machine without a key, or has a table that says it costs 0."""
    name, how = one
    if name.startswith("scripted/"):
        return True
    if how.input_usd is not None or how.output_usd is not None:
        return how.input_usd == 0 and how.output_usd == 0
    provider = name.partition("/")[0]
    if provider not in _OWN_SERVERS or how.key:
        return False
    return _this_machine(how.api_base) if how.api_base else provider.startswith("ollama")


def free_by_name(settings: Settings, asked: str) -> bool:
    """Whether the model behind the name of a table or a full name is free; not where tables differ in how it is reached."""
    try:
        return is_free(reached(settings, asked))
    except FileInvalid:
        return False


def _this_machine(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
