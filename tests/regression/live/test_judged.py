"""What a live run is held to beside its expectations: the recorded calls, likeness, time, and a judge's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.regression.case import Case, LiveExpected
from greenroom.regression.expect import Beside
from greenroom.regression.live import Budget
from greenroom.regression.live.judging import Ended, judge
from greenroom.regression.live.start import EVERYTHING
from greenroom.regression.tape.tape import Tape
from greenroom.workspace.layout import Workspace
from tests.models.loopback import Reply, loopback, text
from tests.regression.live.counter import SETTINGS, counter, live, recorded, script

LOOK = """when = { user = "order" }
text = "Let me see."
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = """when = { tool = "till.look" }
text = "There is {result.left} left." """
HELLO = 'text = "Hello."'
WORDS = ("Hi", "What about my order?")
AGAIN = 'when = { tool = "till.look" }\ntimes = 1\ntext = "Once more."\n' + LOOK.splitlines()[2]
RUBRIC = '[live]\ntext = { judge = "tone.md", votes = 3 }\n'


def vote(verdict: str) -> str:
    """A rule of a judge that always says the same."""
    answer = f'{{{{"mark": "{{mark}}", "verdict": "{verdict}", "reason": "so it is"}}}}'
    return f"when = {{ user = '\"mark\": \"(?P<mark>[0-9a-f]+)\"' }}\ntext = '{answer}'"


def with_judge(folder: Path, verdict: str) -> tuple[Workspace, Path]:
    """A counter whose replies a scripted judge reads."""
    workspace = counter(folder, LOOK, LOOKED, HELLO)
    (workspace.root / "tone.md").write_text("The reply is kind.")
    script(workspace, "bench", vote(verdict))
    workspace.settings_file.write_text(SETTINGS + '[models.judge]\nuse = "scripted/bench"\n')
    return workspace, recorded(workspace, WORDS, case=RUBRIC)


@pytest.mark.parametrize(("order", "kind"), [("strict", "failed"), ("subset", "passed")])
def test_the_calls_are_held_to_the_tape_as_the_case_says(tmp_path: Path, order: str, kind: str) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, case=f'[match]\norder = "{order}"\n')
    script(workspace, "careful", LOOK, AGAIN, LOOKED, HELLO)
    came = live(tape, workspace, model="scripted/careful")
    assert came.outcome.kind == kind
    assert kind == "passed" or "turn 2: by its tape" in came.outcome.line


def test_without_a_match_other_calls_are_the_models_own_business(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, case='why = "It answers."\n')
    script(workspace, "shy", HELLO)
    assert live(tape, workspace, model="scripted/shy").outcome.kind == "passed"


def test_a_judge_reads_the_live_replies(tmp_path: Path) -> None:
    workspace, tape = with_judge(tmp_path, "pass")
    assert live(tape, workspace).outcome.kind == "passed"
    script(workspace, "bench", vote("fail"))
    came = live(tape, workspace)
    assert came.outcome.kind == "failed"
    assert "turn 1: not by tone.md: so it is" in came.outcome.line and came.outcome.line.endswith("Hello.")


def test_a_judge_that_says_nothing_is_an_error_and_a_rubric_that_is_not_there_a_broken_file(tmp_path: Path) -> None:
    workspace, tape = with_judge(tmp_path, "perhaps")
    came = live(tape, workspace)
    assert came.outcome.kind == "error" and "scripted/bench said nothing about tone.md" in came.outcome.line
    (workspace.root / "tone.md").unlink()
    broken = live(tape, workspace)
    assert (broken.outcome.kind, broken.runs) == ("broken", ())


def test_a_judge_is_paid_from_the_budget_and_not_from_what_the_case_allows(tmp_path: Path) -> None:
    workspace, tape = with_judge(tmp_path, "pass")
    tape.with_name("talk.case.toml").write_text(f'schema = "case/1"\n{RUBRIC}usd = 0.1\n')
    dear = Reply(text("no vote").deltas, usage=(1_000_000, 100_000))
    with loopback([dear]) as address:
        extra = f'[models.judge]\nuse = "openai/gpt-4o-mini"\napi_base = "{address}"\n'
        workspace.settings_file.write_text(SETTINGS + extra)
        budget = Budget(0.2)
        came = live(tape, workspace, budget)
        assert len(address.requests) == 1
    assert came.outcome.kind == "error" and budget.micro_usd == came.micro_usd == 210_000
    assert "which leaves nothing of 0.2" in came.outcome.line


def test_no_judge_is_asked_about_a_run_that_failed_anyway(tmp_path: Path) -> None:
    workspace, tape = with_judge(tmp_path, "perhaps")
    tape.with_name("talk.case.toml").write_text(
        f'schema = "case/1"\n{RUBRIC}[[assert]]\nturn = 1\ntext = {{ contains = "Goodbye" }}\n'
    )
    assert live(tape, workspace).outcome.kind == "failed"


def test_likeness_is_to_the_recorded_reply_of_the_turn(tmp_path: Path) -> None:
    workspace = counter(tmp_path, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, case="[live]\ntext = { similar = 0.6 }\n")
    assert live(tape, workspace).outcome.kind == "passed"
    script(workspace, "odd", LOOK, 'when = { tool = "till.look" }\ntext = "Bananas are yellow."', HELLO)
    came = live(tape, workspace, model="scripted/odd")
    assert came.outcome.kind == "failed" and "turn 2: the reply is 0." in came.outcome.line
    assert live(tape, workspace, model="scripted/odd", start="t2").outcome.kind == "failed"


@pytest.mark.parametrize(
    ("milliseconds", "micro_usd", "said"),
    [
        (900, 200_000, ""),
        (901, 0, "the run took 901 milliseconds, at most 900 expected"),
        (0, 200_001, "the run cost 0.2000 USD, at most 0.2 expected"),
    ],
)
def test_time_and_money_are_judged(milliseconds: int, micro_usd: int, said: str) -> None:
    lines = ({"turn": 1, "user": "Hi"}, {"reply": 1, "text": "Hello.", "tokens": [1, 1]}, {"finish": "answered"})
    case = Case(schema="case/1", live=LiveExpected(usd=0.2, milliseconds=900))
    run = Ended(Tape({}, lines), case, lines, EVERYTHING, Beside(), milliseconds, micro_usd)
    assert judge(run).line == said
