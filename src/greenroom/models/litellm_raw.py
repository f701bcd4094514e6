"""A request as it would go over the wire to a model: address, headers and body, as litellm makes them of it.

Invariant: nothing is sent, and no key is in it: where one belongs stands the name of the variable that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from greenroom.core.messages import ModelRequest
from greenroom.models import litellm_start
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.litellm_wire import check_params, wire_messages, wire_tools
from greenroom.models.problems import problem, quoted

_FINISHED = re.compile(r"(completions|/chat|/generate|/messages|converse(-stream)?|:\w+)$")
_LEFT_OUT = ("host", "content-length")


@dataclass(frozen=True, slots=True)
class Secret:
    """In a header: the value of the environment variable `name`, behind `before`."""

    name: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """`url` is empty where nothing is sent over a wire, and `note` says what the body is then."""

    body: Mapping[str, Any]
    url: str = ""
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    note: str = ""


def chat_form(request: ModelRequest, note: str) -> Wire:
    """The request as a chat model would be given it, for a model that no wire leads to."""
    body: dict[str, Any] = {"model": request.model, "messages": wire_messages(request.messages), **request.params}
    if request.tools:
        body["tools"] = wire_tools(request.tools)
    return Wire(body, note=note)


def wire_of(model: LitellmModel, request: ModelRequest) -> Wire:
    """What `model.generate(request)` would send. Loads litellm, which takes some two seconds the first time.

    Raises:
        ServiceUnavailable: litellm does not know the model, or refuses the request before it is sent.
        FileInvalid: a parameter that a persona may not set.
    """
    check_params(request.params)
    try:
        litellm = litellm_start.start()
    except ImportError as error:
        raise problem("model.start", model.name, f": {quoted(str(error))}") from None
    arguments = model.arguments(request)
    key = arguments.pop("api_key", None)
    raw = litellm.utils.return_raw_request(litellm.types.utils.CallTypes.completion, arguments)
    if not raw.get("raw_request_body"):
        raise problem("model.bad_request", model.name, f": {quoted(str(raw.get('error') or ''))}")
    body = dict(raw["raw_request_body"])
    body |= body.pop("extra_body", None) or {}
    url = str(raw["raw_request_api_base"] or "")
    if urlsplit(url).path.endswith("/v1/messages"):
        body["stream"] = True  # set between what litellm shows and what it sends
    if "messages" in body and not _FINISHED.search(urlsplit(url).path):
        url = f"{url.rstrip('/')}/chat/completions"
    return Wire(body, url, _headers(raw.get("raw_request_headers") or {}, model, key))


def _headers(shown: Mapping[str, Any], model: LitellmModel, key: object) -> dict[str, str | Secret]:
    """The headers with what litellm masks in them named by its variable."""
    found: dict[str, str | Secret] = {}
    for name, value in shown.items():
        if value is None or name.lower() in _LEFT_OUT:
            continue
        header = name.replace("_", "-")
        if "****" not in str(value):
            found[header] = str(value)
        elif variable := model.key_variable:
            found[header] = Secret(variable, "Bearer " if header.lower() == "authorization" else "")
        elif key is not None:
            found[header] = f"Bearer {key}" if header.lower() == "authorization" else str(key)
    if all(name.lower() != "content-type" for name in found):
        found["Content-Type"] = "application/json"
    return found
