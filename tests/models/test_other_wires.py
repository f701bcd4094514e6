"""Ollama's and Anthropic's own wire forms: a whole reply must not be taken for a cut one, and nothing is left open."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.messages import Message, ModelReply, ModelRequest
from greenroom.core.values import ToolSpec
from greenroom.models.litellm_model import LitellmModel

ADD = ToolSpec(
    name="sums.add", description="Add.", parameters={"type": "object", "properties": {"a": {"type": "integer"}}}
)


def ollama(tools: bool) -> Iterator[bytes]:
    said: list[dict[str, Any]] = [{"content": "Hel"}, {"content": "lo"}]
    if tools:
        said.append({"content": "", "tool_calls": [{"function": {"name": "sums__add", "arguments": {"a": 1}}}]})
    for message in said:
        yield json.dumps({"model": "m", "message": {"role": "assistant", **message}, "done": False}).encode() + b"\n"
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 9}
    yield json.dumps({"model": "m", "message": {"role": "assistant", "content": ""}, **end}).encode() + b"\n"


def anthropic(tools: bool) -> Iterator[bytes]:
    start = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "c"}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**start, "usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
    ]
    if tools:
        block = {"type": "tool_use", "id": "tu1", "name": "sums__add", "input": {}}
        events.append({"type": "content_block_start", "index": 1, "content_block": block})
        events += [
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in ('{"a":', " 1}")
        ]
        events.append({"type": "content_block_stop", "index": 1})
    reason = "tool_use" if tools else "end_turn"
    events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}})
    for event in [*events, {"type": "message_stop"}]:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        speak = {"/api/chat": ollama, "/v1/messages": anthropic}.get(self.path)
        if speak is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson" if speak is ollama else "text/event-stream")
        self.end_headers()
        for piece in speak(bool(body.get("tools"))):
            self.wfile.write(piece)


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["ollama_chat/m", "anthropic/claude-sonnet-4-5"])
@pytest.mark.parametrize("tools", [(), (ADD,)])
def test_a_whole_reply_is_whole(address: str, name: str, tools: tuple[ToolSpec, ...]) -> None:
    async def go() -> ModelReply:
        model = LitellmModel(name, api_base=address, timeout_seconds=20)
        messages = (Message(role="system", text="Be brief."), Message(role="user", text="Hello?"))
        try:
            return await model.generate(
                ModelRequest(model=name, messages=messages, tools=tools), lambda *_: None, lambda _: None
            )
        finally:
            await model.aclose()

    reply = asyncio.run(go())
    assert reply.text == "Hello"
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 9)
    assert [(call.tool, call.arguments) for call in reply.calls] == ([("sums.add", {"a": 1})] if tools else [])
    assert reply.finish == ("calls" if tools else "stop")


def test_several_loops_on_one_server_leave_nothing_open_and_print_nothing(address: str) -> None:
    code = f"""
import asyncio, gc
from greenroom.core.messages import Message, ModelRequest
from greenroom.models.litellm_model import LitellmModel
from tests.models.loopback import loopback, text

async def go(name, base):
    model = LitellmModel(name, api_base=base, timeout_seconds=20)
    request = ModelRequest(model=name, messages=(Message(role="user", text="x"),))
    assert (await model.generate(request, lambda *_: None, lambda _: None)).text == "Hello"
    await model.aclose()

with loopback([text("Hello")]) as base:
    for _ in range(2):
        for name in ("openai/gpt-4o-mini", "hosted_vllm/m"):
            asyncio.run(go(name, base))
        for name in ("ollama_chat/m", "anthropic/claude-sonnet-4-5"):
            asyncio.run(go(name, {address!r}))
import aiohttp
assert not [o for o in gc.get_objects() if isinstance(o, aiohttp.ClientSession) and not o.closed]
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, check=False, cwd=root
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
