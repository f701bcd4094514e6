"""A real HTTP server on loopback that speaks the OpenAI chat wire format with server-sent events, for adapter tests.

    with loopback([text("Hello.")]) as base_url:
        LitellmModel("openai/gpt-4o-mini", api_base=base_url)

Replies are used in order and the last one repeats; `base_url.requests` holds every chat request that arrived, so that
a test can count them. Like the real service it answers 400 to a tool name outside `[a-zA-Z0-9_-]{1,64}`, to a tool
result without its call, and to a call id used twice.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")


@dataclass(frozen=True)
class Reply:
    """What the server does with one request: stream `deltas`, or answer `status` with an error body.

    `cut` closes the connection after the deltas, `silent_end` ends the stream properly but
    without a finish reason or [DONE], as a proxy in between may, `hang` says
    nothing until the server stops, after the deltas.
    """

    deltas: tuple[dict[str, Any], ...] = ()
    finish: str = "stop"
    usage: tuple[int, int] | None = (11, 7)
    status: int = 200
    message: str = ""
    error_code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silent_end: bool = False
    hang: bool = False


def text(words: str, *, reasoning: str = "", size: int = 4, **more: Any) -> Reply:
    """A reply streamed in pieces of `size` characters."""
    thought = [{"reasoning_content": reasoning}] if reasoning else []
    pieces = [{"content": words[start : start + size]} for start in range(0, len(words), size)]
    return Reply(deltas=(*thought, *pieces), **more)


def calls(*wanted: tuple[str, str], words: str = "", size: int = 5, **more: Any) -> Reply:
    """Parallel tool calls, (name, arguments as text), their argument fragments interleaved as real services may."""
    deltas: list[dict[str, Any]] = [{"content": words}] if words else []
    for index, (name, _) in enumerate(wanted):
        function = {"name": name, "arguments": ""}
        deltas.append(
            {"tool_calls": [{"index": index, "id": f"call_x{index}", "type": "function", "function": function}]}
        )
    longest = max((len(arguments) for _, arguments in wanted), default=0)
    for start in range(0, longest, size):
        for index, (_, arguments) in enumerate(wanted):
            if piece := arguments[start : start + size]:
                deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    return Reply(deltas=tuple(deltas), finish="tool_calls", **more)


def failure(status: int, message: str = "", *, error_code: str = "", **headers: str) -> Reply:
    """An error answer; underscores in header names stand for dashes."""
    return Reply(
        status=status,
        message=message or f"sham failure {status}",
        error_code=error_code,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


class BaseUrl(str):
    """The address to give to a client, and what arrived there: (headers, body) of each chat request."""

    __slots__ = ("requests",)
    requests: list[tuple[dict[str, str], dict[str, Any]]]


@contextmanager
def loopback(script: Sequence[Reply]) -> Iterator[BaseUrl]:
    """A running server; it is stopped, and everything that hangs let go, at the end."""
    stopping = threading.Event()
    requests: list[tuple[dict[str, str], dict[str, Any]]] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

        def do_POST(self) -> None:  # the name is the base class's
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
            if not self.path.endswith("/chat/completions"):
                return _answer(self, failure(404, f"no route {self.path}"))
            with lock:
                reply = script[min(len(requests), len(script) - 1)]
                requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if complaint := _complaint(body):
                reply = failure(400, complaint)
            if reply.status != 200:
                return _answer(self, reply)
            return _stream(self, reply, stopping)

    server = _QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    address = BaseUrl(f"http://127.0.0.1:{server.server_address[1]}/v1")
    address.requests = requests
    try:
        yield address
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is part of many tests, and not worth a traceback."""


def _complaint(body: dict[str, Any]) -> str:
    """What a strict service would refuse about a request, or ''."""
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    known: set[str] = set()
    for message in body["messages"]:
        for call in message.get("tool_calls") or []:
            names.append(call["function"]["name"])
            if call["id"] in known:
                return f"duplicate tool call id {call['id']}"
            known.add(call["id"])
        if message["role"] == "tool" and message["tool_call_id"] not in known:
            return "a tool message must follow its tool call"
    bad = [name for name in names if not _NAME.match(name)]
    return f"Invalid function name {bad[0]!r}: string does not match pattern" if bad else ""


def _answer(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = json.dumps({"error": {"message": reply.message, "type": "sham", "code": reply.error_code or None}}).encode()
    handler.send_response(reply.status)
    for name, value in {"content-type": "application/json", "content-length": str(len(body)), **reply.headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _stream(handler: BaseHTTPRequestHandler, reply: Reply, stopping: threading.Event) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for delta in reply.deltas:
        _event(handler, _chunk(delta, None))
    if reply.hang:
        stopping.wait()
    if reply.hang or reply.cut:
        handler.close_connection = True
        return
    if reply.silent_end:
        handler.wfile.write(b"0\r\n\r\n")
        return
    _event(handler, _chunk({}, reply.finish))
    if reply.usage:
        counts = {
            "prompt_tokens": reply.usage[0],
            "completion_tokens": reply.usage[1],
            "total_tokens": sum(reply.usage),
        }
        _event(handler, {**_chunk({}, None), "choices": [], "usage": counts})
    _event(handler, None)
    handler.wfile.write(b"0\r\n\r\n")


def _chunk(delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "sham", "object": "chat.completion.chunk", "created": 1, "model": "sham", "choices": [choice]}


def _event(handler: BaseHTTPRequestHandler, value: dict[str, Any] | None) -> None:
    data = b"data: " + (json.dumps(value).encode() if value is not None else b"[DONE]") + b"\n\n"
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
    handler.wfile.flush()
