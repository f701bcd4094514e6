"""Several runs against a server that speaks the OpenAI wire: how many it saw is what early stops and ceilings are."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from greenroom.assembly.fixture.live import live_builder
from greenroom.regression.live import Budget, History, LiveOptions, LiveRun, run_live
from greenroom.regression.replay.replay import load_fixture
from greenroom.workspace.layout import Workspace
from tests.models.loopback import Reply, failure, loopback, text
from tests.regression.live.counter import counter, live, persona, recorded, script, served

CASE = '[[assert]]\ntext = { contains = "five days" }\n'
RIGHT, WRONG = text("It takes five days."), text("Who knows.")
DEAR = Reply(RIGHT.deltas, usage=(1_000_000, 100_000))
"""0.21 USD by the price list that comes with litellm."""


def taped(folder: Path, case: str = CASE, *, words: tuple[str, ...] = ("How long?",)) -> tuple[Workspace, Path]:
    workspace = counter(folder, 'text = "It takes five days."')
    return workspace, recorded(workspace, words, case=case)


def test_two_of_three_is_seen_against_three_of_three_before(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    with loopback([RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, WRONG]) as address:
        served(workspace, address)
        first = live(tape, workspace, model="served", repeat=3)
        then = live(tape, workspace, model="served", repeat=3)
        assert len(address.requests) == 6
    assert (first.outcome.kind, first.outcome.line, first.pass_k) == ("passed", "3 of 3 runs passed", 1.0)
    assert then.outcome.kind == "failed" and (then.passed, then.judged, then.pass_k) == (2, 3, 0.0)
    assert then.outcome.line.startswith("2 of 3 runs passed (was 3 of 3), 3 of 3 needed: assert[0] turn 1:")
    assert [row.partition(" ")[0] for row in then.outcome.detail.splitlines()[:3]] == ["run", "run", "run"]
    entries = History(workspace.state).entries()
    assert [(one.passed, one.runs, one.pass_k, one.outcome) for one in entries] == [
        (3, 3, 1.0, "passed"),
        (2, 3, 0.0, "failed"),
    ]
    assert entries[0].model == "openai/gpt-4o-mini" and entries[0].micro_usd > 0


def test_what_a_run_has_to_show_stands_below_it_and_why_the_case_is_there_at_the_end(tmp_path: Path) -> None:
    case = f'why = "They wait."\n{CASE}[[assert]]\ntext = {{ contains = "five" }}\n[live]\nruns = 3\npass_k = 2\n'
    workspace, tape = taped(tmp_path, case)
    with loopback([WRONG, RIGHT, WRONG]) as address:
        served(workspace, address)
        detail = live(tape, workspace, model="served").outcome.detail
    assert [row[:16] for row in detail.splitlines()] == [
        "run 1: failed: a",
        "  and: assert[1]",
        "run 2: passed",
        "run 3: failed: a",
        "why: They wait.",
    ]


def test_another_version_is_named_where_it_did_better(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    assert live(tape, workspace).outcome.line == "1 of 1 run passed"
    assert live(tape, workspace, repeat=2).outcome.line == "2 of 2 runs passed"
    persona(workspace, "Be vague.", version="1.1.0")
    script(workspace, "ada", 'text = "Who knows."')
    assert live(tape, workspace).outcome.line.startswith("0 of 1 run passed (was 2 of 2 under ada@1.0.0): ")


@pytest.mark.parametrize(
    ("case", "replies", "asked", "kind"),
    [
        ("[live]\nruns = 3\n", [WRONG], 1, "failed"),
        ("[live]\nruns = 5\npass_k = 2\n", [RIGHT], 2, "passed"),
        ("[live]\nruns = 4\npass_k = 3\n", [RIGHT, WRONG, RIGHT, WRONG], 4, "failed"),
        ("[live]\nruns = 4\npass_k = 3\n", [WRONG, RIGHT], 4, "passed"),
        ("[live]\nruns = 6\npass_k = 3\n", [WRONG], 4, "failed"),
    ],
)
def test_no_run_is_made_once_the_verdict_is_certain(
    tmp_path: Path, case: str, replies: list[Reply], asked: int, kind: str
) -> None:
    workspace, tape = taped(tmp_path, CASE + case)
    with loopback(replies) as address:
        served(workspace, address)
        assert live(tape, workspace, model="served").outcome.kind == kind
        assert len(address.requests) == asked


def test_every_run_is_made_when_that_is_asked_for(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path, CASE + "[live]\nruns = 4\npass_k = 2\n")
    with loopback([RIGHT, RIGHT, WRONG, RIGHT]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served", whole=True)
        assert len(address.requests) == 4
    assert (came.outcome.kind, came.outcome.line, came.pass_k) == ("passed", "3 of 4 runs passed", 0.5)


def test_a_ceiling_is_looked_at_before_each_call(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    with loopback([DEAR]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served", repeat=5, usd=0.3)
        assert len(address.requests) == 2
        assert live(tape, workspace, model="served", usd=0).outcome.kind == "error"
        assert len(address.requests) == 2
    assert came.outcome.kind == "error" and (came.passed, came.micro_usd) == (2, 420_000)
    assert came.outcome.line == (
        "talk, in all its runs, has cost 0.4200 USD, which leaves nothing of 0.3 (allow more, or fewer runs); "
        "2 of 2 runs passed before that"
    )


def test_a_price_that_the_workspace_declares_counts_against_a_ceiling(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    with loopback([DEAR]) as address:
        served(workspace, address)
        path = workspace.root / "greenroom.toml"
        unlisted = path.read_text().replace("openai/gpt-4o-mini", "hosted_vllm/nobody-knows-it")
        path.write_text(f"{unlisted}input_usd = 0.1\noutput_usd = 1.0\n")
        came = live(tape, workspace, model="served", repeat=5, usd=0.3)
        assert len(address.requests) == 2
    assert came.outcome.kind == "error" and (came.passed, came.micro_usd) == (2, 400_000)


def test_a_ceiling_of_nothing_lets_models_run_that_cost_nothing(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    budget = Budget(0)
    assert live(tape, workspace, budget, model="scripted/ada", usd=0).outcome.line == "1 of 1 run passed"
    with loopback([RIGHT]) as address:
        served(workspace, address)
        came = live(tape, workspace, budget, model="served")
        assert address.requests == [] and budget.micro_usd == 0
        assert came.outcome.line.startswith(
            "this live run may cost nothing, and openai/gpt-4o-mini is not known to be free (allow more than 0 USD, or take"
        )
        path = workspace.root / "greenroom.toml"
        path.write_text(f"{path.read_text()}input_usd = 0\noutput_usd = 0\n")
        twice = live(tape, workspace, budget, model="served", repeat=2)
        assert len(address.requests) == 1, "a reply that costs something ends what a table said"
    assert (
        twice.outcome.line.startswith("this live run has cost 0.0000 USD")
        and twice.passed == 1
        and budget.micro_usd > 0
    )


def test_one_budget_is_shared_by_a_whole_suite(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    budget = Budget(0.4)
    with loopback([DEAR]) as address:
        served(workspace, address)
        kinds = [live(tape, workspace, budget, model="served").outcome.kind for _ in range(4)]
        assert len(address.requests) == 2
    assert kinds == ["passed", "passed", "error", "error"]
    assert budget.spent_usd == 0.42


@pytest.mark.parametrize(("words", "asked"), [(("How long?", "Sure?"), 1), (("How long?",), 1)])
def test_what_a_case_allows_a_run_to_cost_is_an_expectation(tmp_path: Path, words: tuple[str, ...], asked: int) -> None:
    workspace, tape = taped(tmp_path, CASE + "[live]\nusd = 0.2\n", words=words)
    with loopback([DEAR]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served")
        assert len(address.requests) == asked
    assert came.outcome.kind == "failed" and "0.2100 USD" in came.outcome.line


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (failure(429, "slow down"), "too many requests"),
        (failure(401, "no"), "refused the key"),
        (failure(500, "oh"), "the provider failed"),
        (Reply(RIGHT.deltas[:1], cut=True), "broke off"),
    ],
)
def test_what_a_service_does_is_an_error_and_no_failure(tmp_path: Path, reply: Reply, said: str) -> None:
    workspace, tape = taped(tmp_path)
    with loopback([RIGHT, reply]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served", repeat=3)
        assert len(address.requests) == 2
    assert came.outcome.kind == "error" and said in came.outcome.line and "resume" not in came.outcome.line
    assert came.outcome.line.endswith("1 of 1 run passed before that")
    assert (came.passed, came.judged, came.pass_k) == (1, 1, None)


def test_a_server_that_is_not_there_and_a_key_that_is_missing_say_what_to_do(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    served(workspace, "http://127.0.0.1:9/v1")
    gone = live(tape, workspace, model="served")
    assert gone.outcome.kind == "error" and "is the server running?" in gone.outcome.line
    keyless = live(tape, workspace, model="openai/gpt-4o")
    assert (keyless.outcome.kind, keyless.outcome.line) == (
        "error",
        "no key for openai/gpt-4o (set OPENAI_API_KEY, or use another model)",
    )
    assert all(not entry.runs for entry in History(workspace.state).entries())


def test_a_key_stands_in_no_journal_and_no_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, tape = taped(tmp_path)
    monkeypatch.setenv("SHAM_KEY", "sk-sham-0123456789abcdef")
    with loopback([RIGHT, failure(401, "bad key sk-sham-0123456789abcdef")]) as address:
        served(workspace, address)
        settings = workspace.settings_file
        settings.write_text(settings.read_text() + 'key = "SHAM_KEY"\n')
        came = live(tape, workspace, model="served", repeat=2)
        assert address.requests[0][0]["authorization"].endswith("0123456789abcdef")
    assert came.outcome.kind == "error"
    assert "sham-0123" not in repr(came) + (workspace.state / "live.jsonl").read_text()


def test_a_history_that_cannot_be_written_takes_no_verdict_away(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    (workspace.state / "live.jsonl").mkdir(parents=True)
    came = live(tape, workspace)
    assert (came.outcome.kind, came.outcome.line) == ("passed", "1 of 1 run passed")
    assert came.outcome.detail.startswith("not in the history: could not write live.jsonl: ")


def test_ctrl_c_keeps_what_there_is(tmp_path: Path) -> None:
    workspace, tape = taped(tmp_path)
    seen: list[tuple[int, int]] = []

    def progress(run: LiveRun, number: int, of: int) -> None:
        seen.append((number, of))
        if number == 2:
            signal.raise_signal(signal.SIGINT)

    build = live_builder(workspace, trusted=True)
    with pytest.raises(KeyboardInterrupt), asyncio.Runner() as runner:
        runner.run(run_live(load_fixture(tape), build, LiveOptions(repeat=5), Budget(), progress))
    assert seen == [(1, 5), (2, 5)]
    (entry,) = History(workspace.state).entries()
    assert (entry.passed, entry.runs, entry.asked, entry.outcome) == (2, 2, 5, "cancelled")
