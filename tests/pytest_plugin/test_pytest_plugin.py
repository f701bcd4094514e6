"""The plugin in a pytest of its own, on a copy of the helpdesk, as a team meets it: it passes, and then someone edits."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.pytest_plugin import recording
from tests.pytest_plugin.running import TAPE, copied, environment, replaced, rewritten, run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one exported session; tests work on copies."""
    folder = tmp_path_factory.mktemp("recorded")
    made = subprocess.run(
        [sys.executable, recording.__file__, str(folder / "helpdesk")],
        env=environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder / "helpdesk"


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Path:
    """A fresh copy, outside this repository."""
    return copied(tmp_path / "shop", recorded)


@pytest.mark.parametrize("what", [".", TAPE, "fixtures", f"{TAPE}::refund-over-limit"])
def test_an_exported_session_passes_however_it_is_named(shop: Path, what: str) -> None:
    assert run(shop, what)[0] == 0
    code, said = run(shop.parent, f"shop/{what}" if what != "." else "shop", "-vv")
    assert (code, "shop/fixtures/refund-over-limit.tape.jsonl::refund-over-limit PASSED" in said) == (0, True), said


def test_tags_are_markers_also_under_strict_markers(shop: Path) -> None:
    assert run(shop, ".", "-m", "refunds", "--strict-markers")[0] == 0
    assert run(shop, ".", "-m", "not refunds")[0] == 5
    assert run(shop, ".", "-k", "over-limit", "-m", "greenroom")[0] == 0


def test_a_changed_word_in_the_prompt_is_stale_and_named(shop: Path) -> None:
    prompt = shop / "personas/aria/prompt.md"
    word = next(word for word in prompt.read_text().split() if word.isalpha() and len(word) > 4)
    replaced(prompt, word, "tangerine")
    code, said = run(shop, ".")
    assert code == 1
    assert "persona aria" in said
    assert said.count(f"-{word} +tangerine") == 1
    assert "; 1 fixture: refund-over-limit, every event as recorded\n" in said
    assert "\n1 stale in " in said
    assert "Traceback" not in said


def test_stale_can_be_a_line_in_the_summary_instead(shop: Path) -> None:
    replaced(shop / "policies/support.toml", "# ----", "# a comment changes nothing\n# ----")
    assert run(shop, ".")[0] == 0
    replaced(shop / "personas/aria/persona.toml", 'i_want  = "to', 'i_want  = "gladly to')
    assert run(shop, ".")[0] == 1
    code, said = run(shop, ".", "--greenroom-stale", "warn")
    assert code == 0, said
    assert "persona aria" in said
    assert "+gladly" in said


@pytest.mark.parametrize("mode", ["fail", "warn"])
def test_a_changed_limit_breaks_an_expectation_and_the_cause_is_said_beside_it(shop: Path, mode: str) -> None:
    replaced(shop / "policies/support.toml", '["args.amount > 100"]', '["args.amount > 150"]')
    code, said = run(shop, ".", "--greenroom-stale", mode)
    cause = "policy: rule refund.large: when args.amount > 100 -> args.amount > 150"
    assert (code, "\n1 failed in " in said) == (1, True), said
    assert "failed: assert[2] turn 2: no verdict rule refund.large" in said
    assert f"\nsince: {cause} (policies/support.toml:20)\nturn 2: verdict tool.call of c2" in said
    assert f"\n{cause} (policies/support.toml:20); 1 fixture: 1 fails an expectation (refund-over-limit)\n" in said
    assert "where an expectation fails, accept refuses" in said


def test_an_expectation_that_never_held_is_told_though_the_prompt_changed_too(shop: Path) -> None:
    case = shop / "fixtures/refund-over-limit.case.toml"
    case.write_text(f'{case.read_text()}\n[[assert]]\nturn = 1\ntext = {{ contains = "31 days" }}\n')
    prompt = shop / "personas/aria/prompt.md"
    prompt.write_text(f"{prompt.read_text()}\nBe kind.\n")
    said = run(shop, ".")[1]
    assert "\n1 failed in " in said, said
    assert "31 days" in said
    code, said = run(shop, ".", "--greenroom-stale", "xfail")
    assert (code, "1 xfailed" in said, "1 fails an expectation (refund-over-limit)" in said) == (0, True, True), said


def test_half_a_fixture_is_broken_and_says_which_half_is_missing(shop: Path) -> None:
    case = shop / "fixtures/refund-over-limit.case.toml"
    kept = case.read_text()
    case.unlink()
    code, said = run(shop, ".")
    assert (code, "refund-over-limit.case.toml: is missing, and nothing says what" in said) == (1, True), said
    case.write_text(kept)
    (shop / TAPE).unlink()
    code, said = run(shop.parent, "shop")
    assert (code, "\nshop/fixtures/refund-over-limit.tape.jsonl: is missing, though" in said) == (1, True), said


def test_a_fixture_can_be_named_by_its_case(shop: Path) -> None:
    code, said = run(shop, "fixtures/refund-over-limit.case.toml", "-v")
    assert (code, "1 passed" in said) == (0, True), said
    code, said = run(shop, "fixtures/refund-over-limit.case.toml", TAPE)
    assert (code, "2 passed" in said) == (0, True), said


def test_an_edited_recorded_answer_is_noticed_and_its_line_named(shop: Path) -> None:
    path = shop / TAPE
    line = next(n for n, row in enumerate(path.read_text().splitlines(), 1) if "I refunded 90" in row)
    replaced(path, "I refunded 90", "I refunded 95")
    code, said = run(shop, ".")
    assert code == 1
    assert f"\nfixtures/refund-over-limit.tape.jsonl:{line}: changed after it was recorded" in said
    assert "Traceback" not in said


def test_a_changed_argument_diverges_even_under_a_new_digest(shop: Path) -> None:
    other = {**recording.REFUND, "amount": 80}
    rewritten(shop, "answer", 0, args=other)
    code, said = run(shop, ".")
    assert (code, "diverged: turn 2: " in said) == (1, True), said
    assert "why: A refund above the limit is never made without a person." in said


def test_an_expectation_that_does_not_hold_fails_with_its_reason(shop: Path) -> None:
    case = shop / "fixtures/refund-over-limit.case.toml"
    replaced(case, "amount = 90", "amount = 95")
    code, said = run(shop, ".")
    assert code == 1
    assert "why: A refund above the limit is never made without a person." in said
    begins = [line for line, text in enumerate(case.read_text().splitlines(), 1) if text == "[[assert]]"]
    assert f"expected in fixtures/refund-over-limit.case.toml:{begins[2]}\n" in said
    assert "with amount = 90, expected 95" in said


def test_each_expectation_that_does_not_hold_has_its_line_in_the_case(shop: Path) -> None:
    case = shop / "fixtures/refund-over-limit.case.toml"
    replaced(case, "amount = 90", "amount = 95")
    case.write_text(case.read_text() + '\n[[assert]]\nturn = 2\ntext = { contains = ["a poem"] }\n')
    _, said = run(shop, ".")
    last = [line for line, text in enumerate(case.read_text().splitlines(), 1) if text == "[[assert]]"][-1]
    [row] = [row for row in said.splitlines() if row.startswith("and: ")]
    assert row.endswith(f" (refund-over-limit.case.toml:{last})"), row


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("refund-over-limit.case.toml", 'schema = "case/1"\nexpcet = "good"\n', "did you mean 'expect'?"),
        ("refund-over-limit.case.toml", "schema = ", "refund-over-limit.case.toml:1: not TOML"),
        ("refund-over-limit.tape.jsonl", "", "not a whole tape"),
        (
            "refund-over-limit.tape.jsonl",
            "\x1b]0;x\x07" * 9 + "\n\n\n",
            "refund-over-limit.tape.jsonl:1: not a line of JSON",
        ),
        ("refund-over-limit.tape.jsonl", '{"tape":9}\n{}\n{}\n', "tape format 9 is not known here"),
        ("refund-over-limit.tape.jsonl", "[" * 200_000 + "\n{}\n{}\n", "not a line of JSON"),
    ],
)
def test_a_broken_file_is_one_clear_line(shop: Path, file: str, text: str, said: str) -> None:
    (shop / "fixtures" / file).write_text(text)
    code, out = run(shop, ".")
    assert (code, said in out) == (1, True), out
    assert out.count(said) == 1
    assert "\n1 broken in " in out
    assert "Traceback" not in out
    assert "\x1b" not in out


def test_a_broken_workspace_is_one_clear_line(shop: Path) -> None:
    (shop / "policies/support.toml").write_text('schema = "policy/1"\nid = ')
    code, said = run(shop, ".")
    assert (code, "1 broken" in said, "support.toml:2" in said, "Traceback" in said) == (1, True, True, False), said


def test_a_replay_cannot_reach_the_network_and_starts_nothing_heavy(shop: Path) -> None:
    code = "import atexit, sys; atexit.register(lambda: print('HEAVY', sorted({'litellm', 'chromadb', 'mcp', 'textual'} & set(sys.modules))))"
    exit_code, said = run(shop, ".", code=code)
    assert (exit_code, "HEAVY []" in said) == (0, True), said
    reach = (
        "import socket, greenroom.engine.session as s\n"
        "real = s.Session.turn\n"
        "async def turn(self, *a, **k):\n"
        "    socket.create_connection(('127.0.0.1', 9))\n"
        "s.Session.turn = turn\n"
    )
    exit_code, said = run(shop, ".", code=reach)
    assert (exit_code, "a replay tried to use the network" in said) == (1, True), said


def test_junit_has_the_reason_as_its_message(shop: Path, tmp_path: Path) -> None:
    replaced(shop / "personas/aria/persona.toml", 'i_want  = "to', 'i_want  = "gladly to')
    run(shop, ".", f"--junitxml={tmp_path / 'out.xml'}")
    case = ET.parse(tmp_path / "out.xml").getroot().find(".//testcase")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("stale: persona aria")
    assert failure.attrib["message"].endswith("(personas/aria/persona.toml:9)")
    assert "why: A refund above the limit" in (failure.text or "")
    told = [(one.attrib["name"], one.attrib["value"]) for one in case.iter("property")]
    assert ("greenroom_outcome", "stale") in told
    assert ("greenroom_persona", "aria@1.3.0") in told
    assert ("greenroom_model", "scripted/helpdesk") in told
    assert ("greenroom_tag", "refunds") in told
    assert ("greenroom_file", TAPE) in told
    assert ("greenroom_line", "1") in told
    assert any(name == "greenroom_stale" and "+gladly" in value for name, value in told)


def test_a_run_without_tapes_pays_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_x():\n    pass\n")
    (tmp_path / "notes.tape.jsonl").write_text("not ours: it lies in no workspace\n")
    code = (
        "import atexit, sys\n"
        "def tell():\n"
        "    print('OURS', sorted(m for m in sys.modules if m.startswith('greenroom.')), 'pydantic' in sys.modules)\n"
        "atexit.register(tell)"
    )
    exit_code, said = run(tmp_path, ".", code=code)
    assert (exit_code, "1 passed" in said) == (0, True), said
    assert "OURS ['greenroom.pytest_plugin'] False" in said
    exit_code, said = run(tmp_path, "notes.tape.jsonl")
    assert (exit_code, "1 broken" in said) == (1, True), said
