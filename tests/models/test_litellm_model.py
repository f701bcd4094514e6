"""The litellm adapter against a real server: what arrives, what is sent, and how each failure is told."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import warnings
from typing import Any

import pytest

from greenroom.core.canonical import canonical
from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.core.messages import Message, ModelReply, ModelRequest
from greenroom.core.values import ToolCall, ToolSpec
from greenroom.models import litellm_start
from greenroom.models.litellm_model import LitellmModel
from tests.models.loopback import BaseUrl, Reply, calls, failure, loopback, text

NAME = "openai/gpt-4o-mini"
REFUND = ToolSpec(name="orders.refund", description="Refund.", parameters={"type": "object", "properties": {}})
GET = ToolSpec(name="orders.get", description="Get.", parameters={"type": "object", "properties": {}})
HELLO = ModelRequest(model=NAME, messages=(Message(role="user", text="Hello?"),), tools=(REFUND, GET))


def ask(
    base_url: str, request: ModelRequest = HELLO, *, name: str = NAME, timeout_seconds: float = 20.0, **more: Any
) -> tuple[ModelReply, list[tuple[str, bool]]]:
    pieces: list[tuple[str, bool]] = []

    async def go() -> ModelReply:
        model = LitellmModel(name, api_base=base_url, timeout_seconds=timeout_seconds, **more)
        try:
            return await model.generate(
                request, lambda piece, reasoning: pieces.append((piece, reasoning)), lambda _: None
            )
        finally:
            await model.aclose()

    return asyncio.run(go()), pieces


def refused_by(
    reply: Reply, *, timeout_seconds: float = 20.0, name: str = NAME, **more: Any
) -> tuple[ServiceUnavailable, BaseUrl]:
    """The error for `reply`; whatever it is, exactly one request was made and the line is one line."""
    with loopback([reply]) as base_url:
        with pytest.raises(ServiceUnavailable) as caught:
            ask(base_url, name=name, timeout_seconds=timeout_seconds, **more)
        assert len(base_url.requests) == 1
        assert "\n" not in caught.value.line()
        assert caught.value.hint
        return caught.value, base_url


@pytest.mark.parametrize("name", [NAME, "hosted_vllm/some-model"])
def test_text_reasoning_and_usage_arrive_in_pieces_and_whole(name: str) -> None:
    with loopback([text("Hello, I am Aria.", reasoning="A greeting.")]) as base_url:
        reply, pieces = ask(base_url, name=name)
        assert len(base_url.requests) == 1
    assert reply.text == "Hello, I am Aria."
    assert reply.reasoning == "A greeting."
    assert reply.finish == "stop"
    assert reply.model == name
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert "".join(piece for piece, reasoning in pieces if not reasoning) == reply.text
    assert "".join(piece for piece, reasoning in pieces if reasoning) == reply.reasoning
    assert len(pieces) > 3


def test_a_listed_model_has_a_price_and_an_unlisted_one_costs_nothing() -> None:
    with loopback([text("Hi.", usage=(1000, 1000))]) as base_url:
        assert ask(base_url)[0].usage.micro_usd == 750  # 0.15 and 0.60 USD per million
        assert ask(base_url, name="hosted_vllm/nobody-knows-it")[0].usage.micro_usd == 0


def test_a_declared_price_counts_for_a_model_that_the_list_does_not_know() -> None:
    with loopback([text("Hi.", usage=(1000, 500))]) as base_url:
        assert ask(base_url, name="hosted_vllm/nobody-knows-it", price=(10.0, 30.0))[0].usage.micro_usd == 25_000
        assert ask(base_url, price=(0.0, 0.0))[0].usage.micro_usd == 450, "the list is believed before a table"


def test_tokens_are_estimated_when_the_server_does_not_count() -> None:
    with loopback([text("x" * 400, usage=None)]) as base_url:
        reply, _ = ask(base_url, name="hosted_vllm/m")
    assert reply.usage.output_tokens > 0


@pytest.mark.parametrize("usage", [(2**63, 2**64), (10**30, 7), (-5, 7), (7, -(10**30))])
def test_a_count_that_is_no_count_is_neither_believed_nor_breaks_a_log(usage: tuple[int, int]) -> None:
    with loopback([text("Hi.", usage=usage)]) as base_url:
        used = ask(base_url)[0].usage
    assert all(0 < count <= 10**12 for count in (used.input_tokens, used.output_tokens))
    assert 0 <= used.micro_usd <= 10**12
    assert canonical(used.model_dump(mode="json"))


def test_parallel_tool_calls_in_fragments_come_back_under_our_names() -> None:
    wanted = calls(
        ("orders__get", '{"order_id": 1001}'),
        ("orders__refund", '{"order_id": 1001, "amount": 90.5}'),
        words="One moment.",
    )
    with loopback([wanted]) as base_url:
        reply, _ = ask(base_url)
        sent = [tool["function"]["name"] for tool in base_url.requests[0][1]["tools"]]
    assert sent == ["orders__refund", "orders__get"]
    assert reply.text == "One moment."
    assert reply.finish == "calls"
    assert [(call.tool, call.arguments, call.problem) for call in reply.calls] == [
        ("orders.get", {"order_id": 1001}, ""),
        ("orders.refund", {"order_id": 1001, "amount": 90.5}, ""),
    ]
    assert [call.id for call in reply.calls] == ["", ""]
    assert reply.calls[0].vendor_id == "call_x0"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ('{"order_id": 10', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('{"amount": NaN}', "not JSON numbers"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested deeper"),
        ('{"n": ' + "9" * 30 + "}", "beyond 2**53"),
    ],
)
def test_arguments_that_cannot_be_read_are_a_problem_of_the_call(arguments: str, says: str) -> None:
    with loopback([calls(("orders__refund", arguments))]) as base_url:
        reply, _ = ask(base_url)
    assert reply.calls[0].tool == "orders.refund"
    assert reply.calls[0].arguments == {}
    assert says in reply.calls[0].problem


def test_lone_surrogates_from_a_model_are_replaced() -> None:
    with loopback([Reply(deltas=({"content": "a\ud800b"},))]) as base_url:
        reply, pieces = ask(base_url)
    assert reply.text.encode()
    assert all(piece.encode() for piece, _ in pieces)


def test_a_conversation_goes_out_in_the_wire_form_with_ids_used_once() -> None:
    call = ToolCall(id="c1", tool="orders.get", arguments={"order_id": 7})
    history = (
        Message(role="system", text="You are Aria.", source="system"),
        Message(role="system", text="Passages", source="passages"),
        Message(role="user", text="first"),
        Message(role="assistant", text="", calls=(call,)),
        Message(role="tool", text='{"total": 3}', call_id="c1"),
        Message(role="assistant", text="It is 3."),
        Message(role="user", text="second"),
        Message(role="assistant", text="Again.", calls=(call,)),
        Message(role="tool", text='{"total": 4}', call_id="c1"),
    )
    with loopback([text("Done.")]) as base_url:
        ask(base_url, HELLO.model_copy(update={"messages": history, "params": {"temperature": 0.2}}))
        headers, body = base_url.requests[0]
    assert body["messages"][0] == {"role": "system", "content": "You are Aria.\n\nPassages"}
    assert [message["role"] for message in body["messages"]].count("system") == 1
    assert json.loads(body["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"order_id": 7}
    assert body["messages"][3]["tool_call_id"] == body["messages"][2]["tool_calls"][0]["id"]
    assert body["messages"][7]["tool_call_id"] != body["messages"][3]["tool_call_id"]
    assert body["temperature"] == 0.2
    assert body["stream_options"] == {"include_usage": True}
    assert "not-needed" in headers["authorization"]


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "model.bad_request", False),
        (401, "model.auth", False),
        (403, "model.auth", False),
        (404, "model.unknown", False),
        (429, "model.rate_limit", True),
        (500, "model.server", True),
        (503, "model.server", True),
    ],
)
@pytest.mark.parametrize("name", [NAME, "hosted_vllm/m"])
def test_each_status_is_one_request_and_one_clear_line(name: str, status: int, code: str, retryable: bool) -> None:
    error, _ = refused_by(failure(status, "secret words sk-abcdef1234567890 of the vendor"), name=name)
    assert error.code == code
    assert error.retryable is retryable
    assert "sk-abcdef" not in error.line()
    assert name in error.line()


def test_a_key_a_provider_quotes_back_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "very-private-phrase")
    error, base_url = refused_by(failure(400, "bad header very-private-phrase"), key_variable="MY_SERVER_KEY")
    assert base_url.requests[0][0]["authorization"] == "Bearer very-private-phrase"
    assert "very-private-phrase" not in repr(error) + error.line()
    assert error.__cause__ is None


def test_the_key_of_a_provider_is_not_sent_to_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real-key-of-the-person")
    with loopback([text("Hi.")]) as base_url:
        ask(base_url)
        assert "sk-real-key" not in json.dumps(base_url.requests[0])


def test_too_long_a_prompt_is_told_apart_from_other_bad_requests() -> None:
    error, _ = refused_by(
        failure(400, "This model's maximum context length is 10 tokens.", error_code="context_length_exceeded")
    )
    assert error.code == "model.context"


def test_retry_after_is_kept() -> None:
    error, _ = refused_by(failure(429, retry_after="3"))
    assert getattr(error, "retry_after_seconds", None) == 3.0


@pytest.mark.parametrize("name", [NAME, "hosted_vllm/m"])
def test_a_cut_stream_is_told_as_such(name: str) -> None:
    error, _ = refused_by(text("Half an ans", cut=True), name=name)
    assert error.code == "model.cut"
    assert error.retryable


@pytest.mark.parametrize("name", [NAME, "hosted_vllm/m"])
def test_a_stream_that_ends_without_a_finish_reason_is_a_cut(name: str) -> None:
    error, _ = refused_by(text("Half an ans", silent_end=True), name=name)
    assert error.code == "model.cut"


@pytest.mark.parametrize("name", [NAME, "hosted_vllm/m"])
def test_a_connection_closed_before_the_first_piece_is_a_cut(name: str) -> None:
    error, _ = refused_by(Reply(cut=True), name=name)
    assert error.code == "model.cut"


@pytest.mark.parametrize("deltas", [(), ({"content": "Half"},)])
def test_silence_ends_at_the_time_limit(deltas: tuple[dict[str, Any], ...]) -> None:
    error, _ = refused_by(Reply(deltas=deltas, hang=True), timeout_seconds=0.3)
    assert error.code == "model.timeout"
    assert "0.3 s" in error.line()


@pytest.mark.parametrize("name", [NAME, "hosted_vllm/m", "ollama_chat/m", "anthropic/claude-sonnet-4-5"])
def test_a_refused_connection_names_the_address(name: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServiceUnavailable) as caught:
        ask(f"http://127.0.0.1:{port}/v1?token=private", name=name)
    assert caught.value.code == "model.refused"
    assert f"127.0.0.1:{port}" in caught.value.line()
    assert "private" not in caught.value.line()


def test_an_address_with_a_password_is_refused_at_once() -> None:
    with pytest.raises(FileInvalid) as caught:
        LitellmModel(NAME, api_base="http://person:hunter22@127.0.0.1:1/v1")
    assert "hunter22" not in caught.value.line()


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        (NAME, "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("gemini/x", "GEMINI_API_KEY"),
    ],
)
def test_a_missing_key_names_its_variable(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(other, raising=False)
    model = LitellmModel(name)
    with pytest.raises(ServiceUnavailable) as caught:
        asyncio.run(model.generate(HELLO, lambda *_: None, lambda _: None))
    assert caught.value.code == "model.no_key"
    assert variable in caught.value.line()


def test_an_unknown_provider_is_an_unknown_model(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ServiceUnavailable) as caught:
        asyncio.run(LitellmModel("nosuch/thing").generate(HELLO, lambda *_: None, lambda _: None))
    assert caught.value.code == "model.unknown"
    shown = capfd.readouterr()
    assert shown.out + shown.err == ""


def test_a_persona_cannot_set_an_address_or_a_key() -> None:
    request = HELLO.model_copy(update={"params": {"api_base": "http://elsewhere.test"}})
    with loopback([text("Hi.")]) as base_url:
        with pytest.raises(FileInvalid, match="api_base"):
            ask(base_url, request)
        assert base_url.requests == []


def test_cancelling_in_the_middle_leaves_a_model_that_still_works() -> None:
    async def go(base_url: str) -> str:
        model = LitellmModel(NAME, api_base=base_url, timeout_seconds=20)
        seen = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(model.generate(HELLO, lambda *_: seen.set(), lambda _: None))
            await seen.wait()
            task.cancel()
        reply = await model.generate(HELLO, lambda *_: None, lambda _: None)
        await model.aclose()
        return reply.text

    with loopback([text("Half", hang=True), text("Whole.")]) as base_url:
        assert asyncio.run(go(base_url)) == "Whole."
        assert len(base_url.requests) == 2


def test_a_broken_litellm_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("No module named 'openai'")

    monkeypatch.setattr(litellm_start, "started", lambda: False)
    monkeypatch.setattr(litellm_start, "start", broken)
    with pytest.raises(ServiceUnavailable) as caught:
        ask("http://127.0.0.1:1/v1")
    assert caught.value.code == "model.start"
    assert "openai" in caught.value.line()


def test_importing_the_adapter_imports_no_litellm() -> None:
    code = "import sys, greenroom.models.litellm_model; print([m for m in ('litellm','openai','httpx','aiohttp') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_starting_is_quiet_and_needs_no_network() -> None:
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise SystemExit('the network was asked for ' + repr(a))\n"
        "socket.getaddrinfo = no; socket.socket.connect = no\n"
        "import os; os.environ.pop('LITELLM_LOCAL_MODEL_COST_MAP', None)\n"
        "from greenroom.models import litellm_start\n"
        "litellm_start.warm().join()\n"
        "m = litellm_start.start()\n"
        "assert litellm_start.started() and m is litellm_start.start()\n"
        "assert m.suppress_debug_info and m.get_model_info('gpt-4o-mini')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class OpenAIChatCompletion:
    async def async_streaming(self) -> None:
        """As the one of this name that litellm leaves behind."""

    async def another(self) -> None:
        """One of our own would be told."""


def test_a_request_that_timed_out_before_it_was_sent_is_nothing_to_tell_a_person_of() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        litellm_start.start()
        left = [OpenAIChatCompletion().async_streaming(), OpenAIChatCompletion().another()]
        del left
        gc.collect()
    assert [str(one.message).split("'")[1].rpartition(".")[2] for one in told] == ["another"]
