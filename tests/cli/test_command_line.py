"""The command line over a real workspace: streams, exit codes, and the whole way of an approval."""

import json
from pathlib import Path

import pytest

from greenroom.commands.session import sessions as session_commands
from greenroom.core.errors import LogDamaged
from greenroom.core.inert import hidden_count
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run

REFUND = "I want a refund of 120 EUR for order 1001"


def test_json_is_one_line_for_every_record_and_nothing_else(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "How long may I return boots?", "--json") == 0
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    assert [rows[0]["kind"], rows[-1]["kind"]] == ["session_opened", "turn_finished"]
    assert run.err == ""
    log = next(shop.sessions.glob("*.jsonl"))
    assert len(log.read_bytes().splitlines()) == len(rows)


def test_a_session_that_goes_on_prints_only_what_is_new(shop: Workspace, run: Run) -> None:
    assert run("run", "hello", "--json") == 0
    before = len(run.out.splitlines())
    assert run("run", "--session", "last", "thanks", "--json") == 0
    assert json.loads(run.out.splitlines()[0])["seq"] == before


def test_the_reply_is_on_stdout_and_the_rest_beside_it(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "How long may I return boots?") == 0
    assert "passages" in run.err
    assert run.out.strip()
    assert "passages," not in run.out


def test_every_line_of_stdin_is_a_turn(shop: Workspace, run: Run) -> None:
    assert run("run", stdin="hello\n\nMy name is Kim and I wear size 42\n") == 0
    assert len(run.out.splitlines()) == 2
    assert run("memory", "search", "Kim") == 0
    name = run.out.splitlines()[1].split()[0]
    assert run("memory", "forget", name) == 0
    assert run("memory", "search", "Kim") == 0
    assert run.out == ""
    assert run("memory", "forget", name) == 2


def test_nothing_to_say(shop: Workspace, run: Run) -> None:
    assert run("run", "aria") == 2
    assert "nothing to say" in run.err


def test_without_a_person_a_question_stays_open_until_it_is_answered(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", REFUND) == 6
    assert "session resume" in run.err
    assert run("approve", "list", "--json") == 0
    listed = run.json()
    assert isinstance(listed, list)
    assert listed[0]["card"]["call"]["tool"] == "orders.refund"
    assert run("run", "--session", "last", "hi") == 2
    assert run("approve", "edit", "last", "amount=90") == 6
    assert run("approve", "show", "last") == 0
    assert "amount = 90" in run.out
    assert run("approve", "yes", "last") == 0
    assert "90" in run.out
    assert run("session", "show", "last", "--json") == 0
    rows = [json.loads(line) for line in run.out.splitlines()]
    started = [row for row in rows if row["kind"] == "tool_started" and row["tool"] == "orders.refund"]
    assert [row["arguments"]["amount"] for row in started] == [90]
    assert run("session", "verify", "last") == 0
    assert run("session", "replay", "last") == 0
    assert "same" in run.out


def test_a_denial_on_resume_needs_a_reason_and_ends_the_turn(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", REFUND) == 6
    assert run("session", "resume", "--answer", "deny") == 2
    assert run("session", "resume", "--answer", "deny", "--reason", "wait for the parcel") == 0
    assert "wait for the parcel" in run.out
    assert run("session", "resume") == 2


def test_a_turn_can_be_given_up(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", REFUND) == 6
    assert run("session", "abandon", "last", "--reason", "changed my mind") == 0
    assert run("session", "abandon", "last") == 2
    assert run("run", "--session", "last", "hello") == 0


@pytest.mark.parametrize("how", ["deny", "policy"])
def test_a_rules_question_is_never_allowed_by_a_flag(shop: Workspace, run: Run, how: str) -> None:
    assert run("run", "aria", REFUND, "--approve", how, "--json") == 0
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert not [row for row in rows if row["kind"] == "tool_started" and row["tool"] == "orders.refund"]
    assert [row["decision"] for row in rows if row["kind"] == "approval_given"] == ["deny"]


def test_what_autonomy_alone_asks_is_allowed_by_the_policy_flag(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "I want a refund of 90 EUR for order 1001", "--approve", "policy", "--json") == 0
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert [row["decision"] for row in rows if row["kind"] == "approval_given"] == ["allow"]


def test_fork_and_export(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    assert run("session", "list", "--json") == 0
    first = run.json()
    assert isinstance(first, list)
    assert run("session", "export", "last", "--name", "greeting", "--why", "It greets.") == 0
    assert "pytest" in run.out
    assert (shop.fixtures / "greeting.tape.jsonl").is_file()
    assert run("session", "export", "last", "--name", "greeting") == 2
    assert "--replace" in run.err
    assert run("session", "export", "last") == 2
    assert run("session", "fork", first[0]["id"], "--at", "3") == 0
    child = run.out.strip()
    assert run("session", "verify", child) == 0
    assert run("session", "show", child) == 0
    assert f"\n{child} from {first[0]['id']} at 3 · " in run.out
    assert run("session", "list") == 0
    rows = [line for line in run.out.splitlines() if first[0]["id"] in line or child in line]
    assert rows[0].startswith(first[0]["id"]) and rows[1].startswith(f"└─ {child}")
    assert "turn 1: forked inside it" in rows[1] and "forked" not in rows[0]
    assert run("session", "list", "--json") == 0
    listed = {row["id"]: row for row in run.json()}  # type: ignore[attr-defined]  # a list of objects
    assert (listed[child]["parent"], listed[first[0]["id"]]["parent"]) == (first[0]["id"], None)
    assert run("session", "fork", first[0]["id"], "--at", "1") == 0  # before anything was said
    empty = run.out.strip()
    run("session", "list")
    assert empty not in run.out and "not listed: 1 session in which nothing was said" in run.err
    run("session", "list", "--all")
    assert empty in run.out
    assert run("session", "fork", first[0]["id"], "--at", "t1", "--say", "Where is order 1001?") == 0
    assert run("session", "list") == 0
    assert "turn 1: forked  " in run.out and "Where is order 1001?" in run.out
    assert run("session", "fork", first[0]["id"], "--at", "soon") == 2
    assert "is no moment of a session" in run.err and run.err.count("\n") == 1
    assert run("session", "fork", first[0]["id"], "--at", "t9") == 2
    assert "there is no turn 9" in run.err
    assert run("session", "fork", first[0]["id"], "--at", "999") == 2
    assert run("session", "fork", first[0]["id"]) == 2


def test_replay_names_what_changed(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "How long may I return boots?") == 0
    prompt = shop.personas / "aria" / "prompt.md"
    prompt.write_text(prompt.read_text() + "\nBe very brief.\n")
    assert run("session", "replay", "last") == 1
    assert "diverged" in run.out


def test_a_changed_byte_a_lost_line_and_a_cut_tail_are_told_apart(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "hello") == 0
    log = next(shop.sessions.glob("*.jsonl"))
    whole = log.read_bytes()
    lines = whole.splitlines(keepends=True)
    log.write_bytes(whole.replace(b'"hello"', b'"hallo"', 1))
    assert run("session", "verify", "last") == 5
    assert "line 5 was changed" in run.err or "was changed after it was written" in run.err
    assert run("session", "show", "last") == 5
    assert run("run", "--session", "last", "hi") == 5
    log.write_bytes(b"".join(lines[:5] + lines[6:]))
    assert run("session", "verify", "last") == 5
    assert "line 6" in run.err
    log.write_bytes(b"".join(lines[:-2]))
    assert run("session", "verify", "last") == 5
    assert f"ends at {len(lines) - 3}, the ledger anchors {len(lines) - 1}" in run.err
    log.write_bytes(whole + b'{"torn')
    assert run("session", "verify", "last") == 0
    assert "torn" in run.err
    assert run("run", "--session", "last", "thanks") == 0
    assert "cut off" in run.err


BROKEN = {
    "toml": ("greenroom.toml", 'schema  = "workspace/1"', "schema = ", ("run", "aria", "hi"), "greenroom.toml:2"),
    "key": ("greenroom.toml", "embedder", "embeder", ("run", "aria", "hi"), "did you mean 'embedder'?"),
    "persona": ("personas/aria/persona.toml", "tone ", "tonne ", ("run", "aria", "hi"), "did you mean 'tone'?"),
    "prompt": ("personas/aria/prompt.md", "{{ shop }}", "{{ shopp }}", ("run", "aria", "hi"), "did you mean 'shop'?"),
    "rule": ("policies/support.toml", '"orders.refund"', '"orders.refnd"', ("policy", "check"), "orders.refund"),
    "policy test": ("policies/support.toml", '"orders.refund"', '"orders.refnd"', ("policy", "test"), "orders.refund"),
    "document": ("greenroom.toml", '"returns.md"', '"retruns.md"', ("knowledge", "add"), "retruns.md"),
    "script": ("scripts/helpdesk.toml", "pace  ", "pacee ", ("run", "aria", "hi"), "did you mean 'pace'?"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_that_says_where(shop: Workspace, run: Run, name: str) -> None:
    file, old, new, command, said = BROKEN[name]
    path = shop.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if file != "greenroom.toml":
        trust(shop)
    assert run(*command) == 3
    assert said in run.out + run.err
    assert len(run.err.splitlines()) <= 1


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("run", "nobody@1", "hi"), 2, "no persona 'nobody'"),
        (("run", "aria@9.9.9", "hi"), 2, "9.9.9"),
        (("run", "aria", "hi", "--model", "scripted/nope"), 3, "nope.toml"),
        (("run", "aria", "hi", "--model", "hosted"), 4, "OPENAI_API_KEY"),
        (("run", "aria", "hi", "--session", "zz"), 2, "no session zz"),
        (("session", "show", "zz"), 2, "no session zz"),
        (("tool", "call", "orders.gte"), 2, "orders.get"),
        (("tool", "call", "orders.get", "order=1"), 2, "order_id"),
        (("policy", "explain", "orders.refnd"), 2, "orders.refund"),
        (("policy", "test", "--rule", "refund.lrge"), 2, "refund.large"),
        (("init", "."), 2, "not empty"),
        (("init", "new", "--from", "helpdsk"), 2, "helpdesk"),
        (("repl",), 2, "terminal"),
        ((".",), 2, "terminal"),
        (("knowledge", "add", "missing.md"), 2, "missing.md"),
    ],
)
def test_wrong_words_are_one_line_and_their_own_code(
    shop: Workspace, run: Run, command: tuple[str, ...], code: int, said: str
) -> None:
    assert run(*command) == code
    assert said in run.err.splitlines()[-1]
    assert run.err.splitlines()[-1].startswith("greenroom: ")


def test_outside_a_workspace_the_demo_is_offered(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run() == 2
    assert "greenroom demo" in run.err
    assert run("session", "list") == 2


def test_an_untrusted_workspace_runs_nothing(untrusted: Workspace, run: Run) -> None:
    (untrusted.tools / "evil.py").write_text("raise SystemExit('this ran')\n")
    for command in (("run", "aria", "hi"), ("tool", "list"), ("policy", "check"), ("tool", "call", "orders.get")):
        assert run(*command) == 2
        assert "greenroom trust" in run.err
    run("persona", "check")
    run("doctor")
    assert "not trusted" in run.out
    assert run("trust", "--show") == 0
    assert "tools/evil.py" in run.out
    assert run("trust", "--json") == 0
    told = run.json()
    assert isinstance(told, dict)
    assert told["trusted"] is True
    assert run("trust", "--revoke") == 0
    assert run("tool", "list") == 2


def test_tools_knowledge_models_and_policies_can_be_looked_at(shop: Workspace, run: Run) -> None:
    assert run("tool", "call", "orders.get", "order_id=1001") == 0
    assert json.loads(run.out)["order_id"] == 1001
    assert run("knowledge", "add", "--json") == 0
    report = run.json()
    assert isinstance(report, dict)
    assert "returns.md" in report["added"]
    assert run("knowledge", "search", "how", "long", "may", "I", "return", "boots", "--json") == 0
    found = run.json()
    assert isinstance(found, dict)
    assert any(hit["cited"] for hit in found["hits"])
    assert set(found["legs"]) == {"lexical", "ngrams"}
    assert run("model", "list", "--offline") == 0
    assert "scripted/helpdesk" in run.out
    assert run("policy", "test") == 0
    assert " 0 failed" in run.out
    assert run("policy", "explain", "orders.refund", "amount=120", "order_id=1001") == 0
    assert "args.amount > 100 holds" in run.out
    assert run("policy", "explain", "output", "my", "key", "is", "sk-abcdefghijklmnopqrstuvwxyz123456") == 0


def test_a_failing_policy_test_is_exit_1(shop: Workspace, run: Run) -> None:
    path = shop.policies / "support.toml"
    path.write_text(path.read_text().replace('"args.amount > 100"', '"args.amount > 1000"', 1))
    assert run("policy", "test") == 1
    assert "FAIL" in run.out


def test_init_and_demo_make_workspaces_that_work(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "mine") == 0
    assert run("run", "aria", "hello", "--workspace", "mine") == 0
    assert run("demo", "kept") == 0
    assert Path(run.out.strip()) == tmp_path / "kept"
    assert str(tmp_path / "kept") in run.err
    assert run("run", "aria", "hello", "--workspace", "kept") == 0


def test_hostile_words_reach_the_terminal_as_visible_escapes(shop: Workspace, run: Run) -> None:
    hostile = "\x1b[2J\u202e[bold]x[/bold]\x9b31m\ud800"
    assert run("run", "aria", hostile) == 0
    assert run("session", "show", "last") == 0
    assert hidden_count(run.out) == 0
    assert "\\x1b[2J" in run.out
    assert "[bold]" in run.out
    assert run("session", "show", "last", "--json") == 0
    assert run.out.isascii()
    assert run("session", "show", hostile) == 2
    assert hidden_count(run.err) == 0


def test_an_unexpected_error_is_one_line_and_its_details_are_kept(
    shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(asked: object) -> None:
        raise RuntimeError("boom\nsecond line")

    monkeypatch.setattr(session_commands, "list_sessions", broken)
    assert run("session", "list") == 70
    assert len(run.err.splitlines()) == 1
    crash = shop.state / "crash.log"
    assert str(crash) in run.err
    assert "builtins.RuntimeError" in crash.read_text()
    assert crash.stat().st_mode & 0o777 == 0o600


def test_what_a_task_group_wrapped_keeps_its_own_line_and_code(
    shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrapped(asked: object) -> None:
        raise ExceptionGroup("two", [ExceptionGroup("one", [LogDamaged("line 3 is bent")]), RuntimeError("beside")])

    monkeypatch.setattr(session_commands, "list_sessions", wrapped)
    assert run("session", "list") == 5
    assert run.err == "greenroom: line 3 is bent\n"


def test_a_run_searches_with_all_legs(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", "How long may I return boots?", "--json") == 0
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert [row["legs"] for row in rows if row["kind"] == "passages_retrieved"] == [["lexical", "ngrams"]]


def test_an_interrupt_is_130(shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(asked: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session_commands, "list_sessions", interrupted)
    assert run("session", "list") == 130
    assert len(run.err.splitlines()) == 1


def test_doctor_fails_for_a_broken_file_and_never_shows_a_key(
    shop: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    run("doctor")
    assert "OPENAI_API_KEY is set" in run.out
    assert "sk-very-secret" not in run.out + run.err
    shop.settings_file.write_text("schema = ")
    assert run("doctor", "--json") == 1
    found = run.json()
    assert isinstance(found, list)
    assert {one["what"] for one in found if one["level"] == "fail"} >= {"settings", "trust"}


def test_a_persona_is_shown_as_it_is_written_and_as_its_prompt_is_filled(shop: Workspace, run: Run) -> None:
    assert run("persona", "show", "aria") == 0
    assert 'id      = "aria"' in run.out
    assert "{{" not in run.out.split("# prompt", 1)[1]
    assert run("persona", "list", "--json") == 0
    listed = run.json()
    assert isinstance(listed, list)
    assert [one["id"] for one in listed] == ["aria"]


def test_a_broken_persona_is_listed_with_its_problem(shop: Workspace, run: Run) -> None:
    path = shop.personas / "aria" / "persona.toml"
    path.write_text(path.read_text().replace("tone ", "tonne "))
    assert run("persona", "list") == 0
    assert "broken" in run.out
    assert run("persona", "check", "aria") == 3
    assert "did you mean 'tone'?" in run.out


def test_help_is_on_stdout_and_fine(run: Run) -> None:
    assert run("--help") == 0
    assert run.out.startswith("usage: greenroom")
    assert run("session", "--help") == 0
    assert "verify" in run.out
    assert run("run", "--help") == 0
    assert "--approve" in run.out
    assert run.err == ""
