"""What is shown of a request is what goes over the wire: held against what a server on loopback was really sent."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from greenroom.core.errors import ServiceUnavailable
from greenroom.core.messages import Message, ModelRequest
from greenroom.core.values import ToolCall, ToolSpec
from greenroom.models.curl import curl
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.litellm_raw import Secret, chat_form, wire_of

CALL = ToolCall(id="c1", tool="orders.get", arguments={"order_id": 1001})
REQUEST = ModelRequest(
    model="openai/gpt-4o-mini",
    messages=(
        Message(role="system", text="Be warm.", source="system"),
        Message(role="system", text="It's é 'quoted' \u202e!", source="voice"),
        Message(role="user", text="Where is it?", source="input"),
        Message(role="assistant", text="", source="tool", calls=(CALL,)),
        Message(role="tool", text='{"status": "sent"}', source="tool", call_id="c1"),
    ),
    tools=(ToolSpec(name="orders.get", description="Get.", parameters={"type": "object", "properties": {}}),),
    params={"temperature": 0.2},
)
Seen = list[tuple[str, dict[str, str], Any]]


@contextmanager
def listening() -> Iterator[tuple[str, Seen]]:
    """A server that keeps what it was sent, and wants nothing of it."""
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(data)))
            self.send_response(400)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-4o-mini",
        "ollama_chat/llama3.2",
        "anthropic/claude-3-5-sonnet-20240620",
    ],
)
def test_address_body_and_key_are_those_a_server_gets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "sk-open-sesame")

    async def ask(model: LitellmModel) -> None:
        with pytest.raises(ServiceUnavailable):
            await model.generate(REQUEST, lambda piece, reasoning: None, lambda problem: None)
        await model.aclose()

    with listening() as (address, seen):
        model = LitellmModel(name, api_base=address, key_variable="SHOP_KEY", timeout_seconds=20)
        shown = wire_of(model, REQUEST)
        assert not seen, "nothing is sent to show it"
        asyncio.run(ask(model))
        path, headers, body = seen[0]
    assert shown.body == body
    assert shown.url == f"{address}{path}"
    (key,) = [(header, value) for header, value in shown.headers.items() if isinstance(value, Secret)]
    assert headers[key[0].lower()] == f"{key[1].before}sk-open-sesame"
    assert "sesame" not in curl(shown)
    assert '"${SHOP_KEY}"' in curl(shown)


def test_without_an_address_of_ones_own_the_usual_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    shown = wire_of(LitellmModel("openai/gpt-4o-mini"), REQUEST)
    assert shown.url == "https://api.openai.com/v1/chat/completions"
    assert shown.headers["Authorization"] == Secret("OPENAI_API_KEY", "Bearer ")


def test_what_would_be_refused_is_one_line() -> None:
    with pytest.raises(ServiceUnavailable, match="temperature"):
        wire_of(LitellmModel("openai/gpt-5-mini"), REQUEST)
    with pytest.raises(ServiceUnavailable):
        wire_of(LitellmModel("nobody/knows"), REQUEST)


def test_a_scripted_model_has_no_address() -> None:
    shown = chat_form(REQUEST, "why")
    assert not shown.url
    assert [one["role"] for one in shown.body["messages"]] == ["system", "user", "assistant", "tool"]
