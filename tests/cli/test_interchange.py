"""`fixture import` and `fixture export`: other tools' files become drafts that replay, and fixtures their files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import replay_builder
from greenroom.regression.interop.detect import read_source
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import Fixture, load_fixture, replay_fixture
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

ORDER = {"id": "a", "type": "function", "function": {"name": "orders__get", "arguments": '{"order_id": 1001}'}}


def refund(amount: int) -> dict[str, Any]:
    arguments = json.dumps({"order_id": 1001, "amount": amount, "reason": "asked"})
    return {"id": "b", "type": "function", "function": {"name": "orders__refund", "arguments": arguments}}


def chat(words: str, calls: list[Any], result: str, reply: str) -> dict[str, Any]:
    asked = [{"role": "assistant", "content": "", "tool_calls": calls}] if calls else []
    results = [{"role": "tool", "tool_call_id": call["id"], "content": result} for call in calls]
    return {"messages": [{"role": "user", "content": words}, *asked, *results, {"role": "assistant", "content": reply}]}


def put(shop: Workspace, name: str, *entries: Any) -> str:
    (shop.root / name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return name


def fixture(shop: Workspace, name: str) -> Fixture:
    return load_fixture(shop.fixtures / f"{name}.tape.jsonl")


def replayed(shop: Workspace, name: str) -> Outcome:
    return asyncio.run(replay_fixture(fixture(shop, name), replay_builder(shop, trusted=True)))


def told(run: Run) -> dict[str, Any]:
    found = run.json()
    assert isinstance(found, dict)
    return found


def test_a_conversation_that_policy_lets_happen_is_a_good_draft_that_replays(shop: Workspace, run: Run) -> None:
    file = put(shop, "chats.jsonl", chat("Refund 40 EUR of order 1001", [refund(40)], '{"refunded": 40}', "Done."))
    assert run("fixture", "import", file) == 0
    assert "fixtures/chats.tape.jsonl  good" in run.out
    assert "who answered about orders.refund" in run.err and "approver imported" in run.err
    assert replayed(shop, "chats").kind == "passed"
    made = fixture(shop, "chats")
    assert made.case.expect == "good" and made.case.tags == ("imported",)
    (result,) = [line for line in made.tape.events if "result" in line]
    assert (result["tool"], result["ran"], result["output"]) == ("orders.refund", True, {"refunded": 40})
    assert not list((shop.root / ".greenroom" / "sessions").glob("*")), "an import is no session"
    assert [one["decision"] for one in made.tape.events if "answer" in one] == ["allow"]


def test_what_policy_or_the_tools_forbid_is_the_finding(shop: Workspace, run: Run) -> None:
    weather = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    file = put(
        shop,
        "chats.jsonl",
        chat("Refund 5000 EUR of order 1001", [refund(5000)], '{"refunded": 5000}', "Done."),
        chat("Is it sunny?", [weather], "sunny", "It is."),
    )
    assert run("fixture", "import", file, "--name", "their", "--json") == 0
    drafts = told(run)["drafts"]
    assert [(one["name"], one["expect"]) for one in drafts] == [("their-1", "observe"), ("their-2", "observe")]
    assert drafts[0]["findings"] == ["in turn 1 orders.refund, which ran there, was denied here by envelope"]
    assert drafts[1]["findings"] == [
        "in turn 1 weather, which ran there, was invalid here: there is no tool named 'weather'"
    ]
    assert "only observes, because in turn 1 orders.refund" in fixture(shop, "their-1").case.why
    assert {replayed(shop, name).kind for name in ("their-1", "their-2")} == {"passed"}


def test_a_tool_that_is_called_otherwise_can_be_named(shop: Workspace, run: Run) -> None:
    theirs = {"id": "c", "type": "function", "function": {"name": "orders_get", "arguments": '{"order_id": 1001}'}}
    file = put(shop, "x.jsonl", chat("Where is order 1001?", [theirs], '{"status": "delivered"}', "Delivered."))
    assert run("fixture", "import", file, "--dry-run") == 0
    assert "observe" in run.out and "say --tool orders_get=orders.get" in run.err
    assert run("fixture", "import", file, "--tool", "orders_get=orders.get") == 0
    assert "x.tape.jsonl  good" in run.out
    assert replayed(shop, "x").kind == "passed"
    assert run("fixture", "import", file, "--tool", "orders_get") == 2
    assert run("fixture", "import", file, "--tool", "orders_get=orders.gte") == 2
    assert "did you mean 'orders.get'?" in run.err


def test_nothing_private_reaches_the_folder(shop: Workspace, run: Run) -> None:
    sample = {
        "id": "for lena@private.example",
        "description": "Asked by lena@private.example",
        "input": [
            {"role": "user", "content": "Write to lena@private.example"},
            {"role": "assistant", "content": "I wrote to lena@private.example."},
        ],
        "target": "lena@private.example",
    }
    assert run("fixture", "import", put(shop, "x.jsonl", sample)) == 0
    assert "it holds what a fixture must not (personal.email)" in run.err
    files = [path for path in shop.fixtures.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not [path for path in files if "private.example" in path.read_text() or "lena" in path.name]
    assert replayed(shop, "for-email-1").kind == "passed"


def test_what_a_workspace_counts_as_private_reaches_no_case(shop: Workspace, run: Run) -> None:
    said = [{"role": "user", "content": "NW-7Q2M-4K9D-3F8H fails"}, {"role": "assistant", "content": "Hello."}]
    sample = {"id": "gift", "input": said, "target": "NW-7Q2M-4K9D-3F8H", "description": "NW-7Q2M-4K9D-3F8H is lost"}
    assert run("fixture", "import", put(shop, "x.jsonl", sample)) == 0
    assert run.err.count("shop.gift_code") == 2
    assert "7Q2M" not in "".join(path.read_text() for path in shop.fixtures.glob("gift*"))
    sample["id"] = "NW-7Q2M-4K9D-3F8H"
    assert run("fixture", "import", put(shop, "x.jsonl", sample)) == 0
    assert [path.name for path in sorted(shop.fixtures.glob("imported*"))] == [
        "imported.case.toml",
        "imported.tape.jsonl",
    ]


def test_placeholders_are_numbered_anew_in_each_conversation(shop: Workspace, run: Run) -> None:
    mails = [chat(f"Write to lena{place}@private.example", [], "", "I will.") for place in range(3)]
    assert run("fixture", "import", put(shop, "x.jsonl", *mails)) == 0
    words = [fixture(shop, f"x-{place}").tape.events[0]["user"] for place in (1, 2, 3)]
    assert words == ["Write to ‹email#1›"] * 3
    assert replayed(shop, "x-3").kind == "passed"


def test_expectations_come_along_and_one_that_does_not_hold_makes_it_observe(shop: Workspace, run: Run) -> None:
    config = {
        "prompts": ["{{q}}"],
        "providers": ["echo"],
        "tests": [
            {
                "description": "Window",
                "vars": {"q": "How long?"},
                "providerOutput": "30 days.",
                "assert": [{"type": "contains", "value": "30"}, {"type": "latency", "threshold": 900}],
            },
            {
                "description": "Window",
                "vars": {"q": "How long?"},
                "providerOutput": "30 days.",
                "assert": [{"type": "contains", "value": "31"}],
            },
        ],
    }
    assert run("fixture", "import", put(shop, "suite.json", config)) == 0
    good, wrong = fixture(shop, "window").case, fixture(shop, "window-2").case
    assert (
        good.expect == "good" and good.assert_[0].text is not None and good.assert_[0].text.contains in ("30", ("30",))
    )
    assert good.assert_[1].limits is not None and good.assert_[1].limits.milliseconds == 900
    assert wrong.expect == "observe" and 'does not contain "31"' in wrong.why


def test_a_test_without_a_reply_is_listed_or_recorded(shop: Workspace, run: Run) -> None:
    sample = {"id": "hello", "input": "hello", "target": "can I help"}
    file = put(shop, "x.jsonl", sample)
    assert run("fixture", "import", file) == 1
    assert "1 test without a reply" in run.out and "--record" in run.err
    assert run("fixture", "import", file, "--record", "--dry-run") == 0
    assert not list(shop.fixtures.glob("*"))
    assert run("fixture", "import", file, "--record") == 0
    made = fixture(shop, "hello")
    assert [line for line in made.tape.events if "reply" in line]
    assert made.case.assert_[0].text is not None
    assert replayed(shop, "hello").kind == "passed"


def test_nothing_is_written_over_and_nothing_by_a_dry_run(shop: Workspace, run: Run) -> None:
    file = put(shop, "x.jsonl", chat("hi", [], "", "Hello."), chat("bye", [], "", "Bye."))
    assert run("fixture", "import", file, "--dry-run") == 0
    assert "2 drafts would be written" in run.out and not shop.fixtures.exists()
    assert run("fixture", "import", file) == 0
    before = {path: path.read_bytes() for path in shop.fixtures.rglob("*") if path.is_file()}
    assert run("fixture", "import", file) == 1
    assert "a fixture named x-1 exists" in run.err
    assert {path: path.read_bytes() for path in shop.fixtures.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["../../up", "/etc/passwd", "..", "a\nb", "\u202ex", "x" * 500, "ÄÖ", "CON"])
def test_a_name_leads_nowhere_else(name: str, shop: Workspace, run: Run) -> None:
    sample = {"id": name, "input": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]}
    assert run("fixture", "import", put(shop, "x.jsonl", sample), "--name", name) == 0
    (tape,) = shop.root.parent.rglob("*.tape.jsonl")
    assert tape.parent == shop.fixtures and len(tape.name) < 160
    assert replayed(shop, tape.name.removesuffix(".tape.jsonl")).kind == "passed"


def test_what_a_file_says_reaches_the_terminal_without_its_control_codes(shop: Workspace, run: Run) -> None:
    entry = chat("hi", [], "", "Hello.")
    entry["\x1b[31mred\x07"] = 1
    assert run("fixture", "import", put(shop, "x.jsonl", entry)) == 0
    assert "\x1b" not in run.err and "\x07" not in run.err and "red" in run.err


def test_a_broken_file_is_one_line_and_exit_3(shop: Workspace, run: Run) -> None:
    (shop.root / "x.yaml").write_text("a: &a [*a]")
    assert run("fixture", "import", "x.yaml") == 3
    assert run.err.strip().startswith("greenroom: x.yaml:1: an alias") and run.err.count("\n") <= 2


@pytest.mark.parametrize(
    ("format", "file"), [("openai", "o.jsonl"), ("inspect", "o.jsonl"), ("promptfoo", "o.yaml"), ("adk", "o.json")]
)
def test_an_exported_fixture_comes_back_with_its_turns(format: str, file: str, shop: Workspace, run: Run) -> None:
    put(shop, "x.jsonl", chat("Where is order 1001?", [ORDER], '{"status": "delivered"}', "It was delivered."))
    assert run("fixture", "import", "x.jsonl", "--name", "first") == 0
    assert run("fixture", "export", "--format", format, "--out", file) == 0
    assert "1 fixture written to" in run.out and "  loss     " in run.err
    (before,) = read_source(shop.root / "x.jsonl").conversations
    (after,) = read_source(shop.root / file).conversations
    assert after.with_tools({"orders.get": "orders__get"}).turns == before.turns
    assert run("fixture", "import", file, "--name", "second") == 0
    names = [path.name.removesuffix(".tape.jsonl") for path in shop.fixtures.glob("second*.tape.jsonl")]
    assert fixture(shop, names[0]).tape.events == fixture(shop, "first").tape.events


def test_an_export_lists_what_it_leaves_and_writes_over_nothing(shop: Workspace, run: Run) -> None:
    assert run("fixture", "export", "--format", "openai", "--out", "o.jsonl") == 2
    assert "this workspace has no fixtures yet" in run.err
    file = put(shop, "x.jsonl", chat("Refund 40 EUR of order 1001", [refund(40)], '{"refunded": 40}', "Done."))
    assert run("fixture", "import", file) == 0
    assert run("fixture", "export", "x", "--format", "openai", "--out", "o.jsonl", "--json") == 0
    left = {loss["what"] for loss in told(run)["losses"]}
    assert left >= {"verdicts of the policy", "questions to a person", "answers of a person"}
    assert run("fixture", "export", "x", "--format", "openai", "--out", "o.jsonl") == 2
    assert run("fixture", "export", "y", "--format", "openai", "--out", "p.jsonl") == 2
    assert "no fixture 'y'" in run.err
    assert run("fixture", "export", "x", "--format", "openai", "--out", "o.jsonl", "--replace") == 0
    (line,) = (Path(shop.root) / "o.jsonl").read_text().splitlines()
    assert json.loads(line)["tools"][0]["function"]["name"] == "orders__refund"
