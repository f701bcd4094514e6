"""Finding local servers: real servers on loopback that behave well, badly and not at all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from greenroom.models.discover import LocalModel, discover


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[int]:
    """A server that answers each path with JSON, or with raw bytes, or never (None)."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path not in answers:
                self.send_error(404)
                return
            answer = answers[self.path]
            if answer is None:
                stopping.wait()
                return
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that stops listening is what some of these tests are about."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_answers_is_listed_with_what_it_can_do() -> None:
    tags = {"models": [{"name": "llama3.2:3b"}, {"name": "qwen3"}]}
    with (
        serving({"/api/tags": tags, "/api/show": {"capabilities": ["completion", "tools"]}}) as ollama,
        serving({"/v1/models": {"object": "list", "data": [{"id": "tiny.gguf"}]}}) as llama,
        serving({}) as nothing,
    ):
        found = asyncio.run(
            discover({"ollama": ollama, "llama.cpp": llama, "vllm": nothing, "lm-studio": 1}, timeout_seconds=5)
        )
    assert [server.kind for server in found] == ["ollama", "llama.cpp"]
    assert found[0].api_base == f"http://127.0.0.1:{ollama}"
    assert found[0].models[0] == LocalModel(name="ollama_chat/llama3.2:3b", abilities=("completion", "tools"))
    assert found[1].api_base == f"http://127.0.0.1:{llama}/v1"
    assert [model.name for model in found[1].models] == ["hosted_vllm/tiny.gguf"]


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>not a model server</html>",
        b"[" * 100_000,
        {"data": "text"},
        [],
        b"x" * 3_000_000,
        None,
        b"\xff\xfe",
        {"data": {"a": 1}},
    ],
)
def test_what_makes_no_sense_is_not_listed(answer: Any) -> None:
    with serving({"/v1/models": answer}) as port:
        assert asyncio.run(discover({"vllm": port}, timeout_seconds=0.3)) == ()


def test_strange_entries_are_left_out() -> None:
    entries = [{"id": "good"}, {"id": 7}, "text", {}, {"id": ""}, {"id": "x\ud800y"}]
    with serving({"/v1/models": {"data": entries}}) as port:
        (server,) = asyncio.run(discover({"vllm": port}, timeout_seconds=5))
    assert [model.name for model in server.models] == ["hosted_vllm/good", "hosted_vllm/x\ufffdy"]


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving({"/v1/models": {"data": []}}) as port:
        assert len(asyncio.run(discover({"vllm": port}, timeout_seconds=5))) == 1
