"""`session prompt`: the exact request of any call, what was left out, a diff, and what goes over the wire."""

import json
from typing import Any

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run


def data(run: Run) -> dict[str, Any]:
    found = run.json()
    assert isinstance(found, dict)
    return found


def test_each_call_of_a_session_can_be_looked_at(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "where is my order 1001?") == 0
    assert run("session", "prompt", "last") == 0
    assert run.out.startswith("turn 1, call 2: ")
    assert "as sent" in run.out.splitlines()[0]
    assert "counted by scripted/helpdesk" in run.out.splitlines()[0]
    assert "-- tool · tool" in run.out
    assert "-- not sent" in run.out
    assert run("session", "prompt", "last", "--call", "1", "--json") == 0
    found = data(run)
    assert found["exact"] is True
    assert [one["source"] for one in found["request"]["messages"]] == ["system", "voice", "passages", "input"]
    assert found["tokens"]["counted"] > 0
    assert {one["kind"] for one in found["left_out"]} == {"passage"}
    assert run("session", "prompt", "last", "--turn", "2") == 2
    assert run("session", "prompt", "last", "--call", "3") == 2


def test_it_is_set_against_the_call_before_and_against_the_disk(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "where is my order 1001?") == 0
    assert run("session", "prompt", "last", "--call", "1", "--diff", "previous") == 2
    assert run("session", "prompt", "last", "--diff", "previous") == 1
    assert "+ tool · assistant" in run.out
    assert "= 4 messages the same" in run.out
    assert run("session", "prompt", "last", "--diff", "disk") == 0
    prompt = shop.personas / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("small shop", "tiny shop"), encoding="utf-8")
    assert run("session", "prompt", "last", "--diff", "disk", "--json") == 1
    changed = [one for one in data(run)["messages"] if one["became"] != "same"]
    assert [one["source"] for one in changed] == ["system"]
    assert {"change": "came", "text": "tiny"} in changed[0]["words"]


def test_the_body_and_a_command_go_without_any_key(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    assert run("session", "prompt", "last", "--format", "json") == 0
    assert json.loads(run.out)["messages"][-1] == {"role": "user", "content": "hello"}
    assert "a scripted model" in run.err
    assert run("session", "prompt", "last", "--format", "curl") == 2
    assert run("session", "prompt", "last", "--format", "curl", "--model", "local") == 0
    assert run.out.startswith("curl -sS http://127.0.0.1:11434/api/chat")
    assert '"model":"llama3.2"' in run.out
