"""OpenAI messages, Inspect samples, ADK eval sets, cassettes and chat logs as others write them."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.regression.interop import adk, inspect_samples
from greenroom.regression.interop.conversation import Call, Reply, Result, Turn
from greenroom.regression.interop.detect import read_source
from greenroom.regression.interop.yaml_text import dump_yaml
from tests.regression.interop.conversations import source, taped

LOOK = {"id": "x1", "type": "function", "function": {"name": "look", "arguments": '{"id": 1001}'}}
WHERE = {"role": "user", "content": "Where is it?"}


def lines(*entries: Any) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_openai_messages_with_calls_parts_and_what_has_no_place(tmp_path: Path) -> None:
    messages = [
        {"role": "developer", "content": "be kind"},
        {"role": "assistant", "content": "Hello!"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Where"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {"role": "user", "content": "is it?"},
        {"role": "assistant", "content": None, "tool_calls": [LOOK], "weight": 0},
        {"role": "tool", "tool_call_id": "x1", "content": '{"at": "sea"}'},
        {"role": "tool", "tool_call_id": "nobody", "content": "?"},
        {"role": "assistant", "content": "At sea."},
        {"role": "assistant", "content": "Sorry."},
        {"role": "narrator", "content": "?"},
        {"role": "user", "content": "Thanks"},
    ]
    found = source(tmp_path, "x.jsonl", lines({"messages": messages, "tools": [{}], "seed": 1}, {"messages": 3}))
    (one,) = found.conversations
    call = Call("look", {"id": 1001}, Result({"at": "sea"}))
    assert one.turns == (Turn("Where\n\nis it?", (Reply("", (call,)), Reply("At sea.\n\nSorry."))),)
    assert [loss.what for loss in found.losses] == [
        "'seed'",
        "the definitions of tools",
        "a system message",
        "a reply before the person said anything",
        "a part of a message that is image_url",
        "a message that follows another of the person",
        "'weight' of a message",
        "a tool's result",
        "a reply that follows another",
        "a message of no known role",
        "the last message of the person",
        "an entry",
    ]
    assert found.losses[0].where == "x.jsonl:1" and found.losses[-1].where == "x.jsonl:2"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", json.dumps([WHERE, {"role": "assistant", "content": "At sea."}])),
        ("x.json", json.dumps([{"messages": [WHERE, {"role": "assistant", "content": "At sea."}]}])),
        ("x.json", json.dumps({"messages": [WHERE, {"role": "assistant", "content": "At sea."}]}, indent=1)),
        ("x.jsonl", lines(WHERE, {"role": "assistant", "content": "At sea."})),
        ("x.txt", json.dumps({"messages": [WHERE, {"role": "assistant", "content": "At sea."}]})),
        ("x", json.dumps([[WHERE, {"role": "assistant", "content": "At sea."}]])),
        ("x.log", lines(WHERE, {"role": "assistant", "content": "At sea."})),
        ("x.yaml", dump_yaml({"messages": [WHERE, {"role": "assistant", "content": "At sea."}]})),
    ],
)
def test_messages_are_told_from_what_is_in_a_file(name: str, text: str, tmp_path: Path) -> None:
    found = source(tmp_path, name, text)
    assert found.format == "openai"
    assert [one.turns for one in found.conversations] == [(Turn("Where is it?", (Reply("At sea."),)),)]


def test_older_function_calls_are_calls(tmp_path: Path) -> None:
    messages = [
        WHERE,
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "not json"}},
        {"role": "function", "name": "look", "content": "sea"},
        {"role": "assistant", "content": "At sea."},
    ]
    found = source(tmp_path, "x.jsonl", lines({"messages": messages}, {"messages": messages}))
    assert found.conversations[0].turns[0].replies[0].calls == (Call("look", {}, Result("sea")),)
    assert found.losses[0].what == "the arguments of a call of look"


def test_samples_in_json_and_csv_with_targets(tmp_path: Path) -> None:
    samples = [
        {"input": "How long?", "target": ["30 days", "a month"], "id": 7, "choices": ["a"], "metadata": {"level": 1}},
        {"input": [WHERE, {"role": "assistant", "content": "At sea."}], "target": "A long\nguidance for a grader."},
        {"target": "x"},
    ]
    found = source(tmp_path, "x.json", json.dumps(samples))
    assert found.format == "inspect"
    first, second = found.conversations
    assert (first.name, first.recorded, second.recorded) == ("7", False, True)
    assert first.expectations == ({"turn": 1, "text": {"regex": "(?i)(?:30 days|a month)"}},)
    assert second.expectations == ()
    assert {loss.what for loss in found.losses} == {
        "'choices'",
        "metadata (level)",
        "how a target is scored",
        "a target",
        "an entry",
    }
    rows = 'input,target,id\n"How long, please?",30 days,q1\n'
    (one,) = source(tmp_path, "x.csv", rows).conversations
    assert (one.turns[0].user, one.name) == ("How long, please?", "q1")


def test_a_failed_call_is_an_error_in_a_sample_and_comes_back_as_one(tmp_path: Path) -> None:
    refused = Call("pay", {"sum": 1}, Result(error="No.", status="denied"))
    turns = (Turn("Pay", (Reply("", (refused,)), Reply("It was refused."))),)
    text, _ = inspect_samples.write([taped(turns)])
    assert source(tmp_path, "x.jsonl", text).conversations[0].turns == turns


_EVENTS = {
    "invocationEvents": [
        {
            "author": "a",
            "content": {
                "role": "model",
                "parts": [{"text": "Hm."}, {"functionCall": {"id": "1", "name": "look", "args": {"id": 1}}}],
            },
        },
        {
            "author": "a",
            "content": {
                "role": "user",
                "parts": [{"functionResponse": {"id": "1", "name": "look", "response": {"at": "sea"}}}],
            },
        },
    ]
}
_USES = {
    "tool_uses": [{"name": "look", "args": {"id": 1}}],
    "tool_responses": [{"name": "look", "response": {"at": "sea"}}],
    "intermediate_responses": [],
}


@pytest.mark.parametrize(("data", "said"), [(_EVENTS, "Hm."), (_USES, "")])
def test_eval_sets_in_both_spellings_and_both_forms_of_steps(data: Any, said: str, tmp_path: Path) -> None:
    invocation = {
        "invocationId": "i",
        "userContent": {"parts": [{"text": "Where?"}, {"inlineData": {}}]},
        "finalResponse": {"parts": [{"text": "At sea."}]},
        "intermediateData": data,
    }
    eval_set = {
        "evalSetId": "s",
        "evalCases": [
            {
                "evalId": "one",
                "conversation": [invocation],
                "sessionInput": {"appName": "a", "userId": "u", "state": {"x": 1}},
            },
            {"eval_id": "two", "conversation_scenario": {}},
        ],
    }
    found = source(tmp_path, "x.evalset.json", json.dumps(eval_set))
    assert found.format == "adk"
    (one,) = found.conversations
    call = Call("look", {"id": 1}, Result({"at": "sea"}))
    assert one.turns == (Turn("Where?", (Reply(said, (call,)), Reply("At sea."))),)
    wanted = [{"tool": "look", "args": {"id": 1}, "match": "exact"}]
    assert one.expectations == ({"turn": 1, "tools": {"calls": wanted, "order": "strict"}},)
    assert [loss.what for loss in found.losses] == [
        "the state a session begins with",
        "a part of a content that is inline_data",
        "how near a reply must come",
        "an eval case",
    ]


def test_a_failed_call_is_an_error_in_an_eval_set_and_comes_back_as_one(tmp_path: Path) -> None:
    failed = Call("pay", {}, Result(error="Broken.", status="failed"))
    turns = (Turn("Pay", (Reply("", (failed,)), Reply("It failed."))),)
    text, _ = adk.write([taped(turns)])
    assert source(tmp_path, "x.json", text).conversations[0].turns == turns


def exchange(messages: list[Any], body: str, path: str = "/v1/chat/completions") -> dict[str, Any]:
    request = {"method": "POST", "uri": f"https://x.example{path}", "headers": {"authorization": ["Bearer k"]}}
    return {
        "request": {**request, "body": json.dumps({"messages": messages})},
        "response": {"status": {"code": 200}, "body": {"string": body}},
    }


def answered(message: dict[str, Any], tokens: tuple[int, int] = (0, 0)) -> str:
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return json.dumps({"choices": [{"message": {"role": "assistant", **message}}], "usage": usage})


def test_a_cassette_s_calls_that_go_on_from_each_other_are_one_conversation(tmp_path: Path) -> None:
    called = {"content": None, "tool_calls": [LOOK]}
    before = [WHERE, {"role": "assistant", **called}, {"role": "tool", "tool_call_id": "x1", "content": "sea"}]
    stream = 'data: {"choices":[{"delta":{"content":"At "}}]}\n\ndata: {"choices":[{"delta":{"content":"sea."}}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\ndata: [DONE]\n'
    zipped = base64.b64encode(gzip.compress(answered({"content": "Other."}).encode())).decode()
    interactions = [
        exchange([WHERE], answered(called, (5, 1))),
        exchange(before, stream),
        exchange([{"role": "user", "content": "Else?"}], zipped),
        exchange([], "{}", "/v1/embeddings"),
        exchange([WHERE], "oops"),
    ]
    found = source(tmp_path, "x.yaml", dump_yaml({"version": 1, "interactions": interactions}))
    assert found.format == "vcr"
    first, second = found.conversations
    call = Call("look", {"id": 1001}, Result("sea"))
    assert first.turns == (Turn("Where is it?", (Reply("", (call,), tokens=(5, 1)), Reply("At sea.", tokens=(9, 2)))),)
    assert second.turns == (Turn("Else?", (Reply("Other."),)),)
    assert [loss.what for loss in found.losses] == ["a call of /v1/embeddings", "a call"]
    assert "Bearer" not in repr(found)


def test_a_zip_that_grows_beyond_bounds_is_no_body(tmp_path: Path) -> None:
    bomb = base64.b64encode(gzip.compress(b"[" * 40_000_000)).decode()
    found = source(tmp_path, "x.json", json.dumps({"interactions": [exchange([WHERE], bomb)]}))
    assert found.conversations == ()


LOG = """[12:30] Mara: Hi, where is
my parcel?
[12:31] Aria: Let me look.
Note: this takes a moment.
[12:32] Mara: OK
Still there?
2026-11-28 12:33 Aria: Yes.
---
Customer: bye
Agent: Bye!
Agent: Come again.
"""


def test_a_chat_log_knows_who_speaks(tmp_path: Path) -> None:
    found = source(tmp_path, "x.txt", LOG)
    assert found.format == "log"
    first, second = found.conversations
    assert first.turns == (
        Turn("Hi, where is\nmy parcel?", (Reply("Let me look.\nNote: this takes a moment."),)),
        Turn("OK\nStill there?", (Reply("Yes."),)),
    )
    assert second.turns == (Turn("bye", (Reply("Bye!\nCome again."),)),)
    assert second.where == "x.txt:9"
    assert [loss.what for loss in found.losses] == ["that mara is the person"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.jsonl", '{"messages": []}\n{"messages": [}\n', "x.jsonl:2: not JSON"),
        ("x.json", '{"eval_cases": [\n1,\n}', "x.json:3: not JSON"),
        ("x.json", "[" * 200_000, "x.json:1: nested too deeply"),
        ("x.json", '{"input": NaN}', "x.json:1: not JSON"),
        ("x.json", '{"input": ' + "9" * 5_000 + "}", "x.json:1: not JSON"),
        ("x.json", '{"what": 1}', "x.json: of no format"),
        ("x.json", "[]", "x.json: of no format"),
        ("x.json", "", "x.json: of no format"),
        ("x.json", "[" + "{}," * 60_000 + "{}]", "x.json [50000]: more than 50000 entries"),
        ("x.csv", 'input\n"never closed', "x.csv:2: not CSV"),
        ("x.txt", "just words\nand more", "x.txt: of no format"),
        ("x.yaml", "a: [", "x.yaml:2: not YAML"),
        ("x.yaml", "a: 1", "x.yaml: of no format"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(name: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileInvalid) as caught:
        source(tmp_path, name, text)
    assert caught.value.line().startswith(said)
    assert "\n" not in caught.value.line()


def test_bytes_that_are_no_text_and_files_too_large_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(FileInvalid, match=r"x\.json:2: not UTF-8"):
        read_source(tmp_path / "x.json")
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(16_000_001)
    with pytest.raises(FileInvalid, match="larger than 16 MB"):
        read_source(tmp_path / "big.json")
    with pytest.raises(FileInvalid, match="cannot be read"):
        read_source(tmp_path / "nowhere.json")


def test_a_format_that_was_said_must_be_the_one(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="does not look like Google ADK eval sets"):
        source(tmp_path, "x.json", '{"input": "x"}', "adk")
    with pytest.raises(FileInvalid, match="holds nothing"):
        source(tmp_path, "x.json", "[]", "openai")
