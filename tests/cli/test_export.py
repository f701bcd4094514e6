"""`session export`: which turns, what is expected, and how it replays, said at once."""

import re
import resource
from pathlib import Path

import pytest

from greenroom.commands.session.export import expected, in_words
from greenroom.core.errors import UsageError
from greenroom.regression.case import load_case, stated
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

WORDS = (
    "What is your return policy for shoes?\nWhere is order 1001?\nI want a refund of 250 EUR for order 1001\nThanks\n"
)


@pytest.fixture
def spoken(shop: Workspace, run: Run) -> Workspace:
    """A session of four turns; the refund was declined."""
    run("run", "aria", "--approve", "deny", stdin=WORDS)
    return shop


def files(shop: Workspace) -> list[str]:
    return sorted(path.name for path in shop.fixtures.iterdir()) if shop.fixtures.is_dir() else []


def test_a_range_with_chosen_expectations_replays_at_once(spoken: Workspace, run: Run) -> None:
    arguments = [
        "--turns",
        "2-3",
        "--expect",
        "trajectory,verdicts,contains",
        "--why",
        "Never alone.",
        "--tag",
        "refunds",
    ]
    assert run("session", "export", "last", "--name", "over-limit", *arguments) == 0
    assert re.search(r"expects: \d+ things\nreplays: passed in \d+ ms", run.out)
    case = load_case(spoken.fixtures / "over-limit.case.toml")
    assert f"expects: {stated(case)} things" in run.out
    assert {one.turn for one in case.assert_} == {2, 3}
    assert (case.expect, case.tags) == ("good", ("refunds",))
    assert any(one.text is not None for one in case.assert_)
    assert not any(one.passages or one.memory for one in case.assert_)
    tape = (spoken.fixtures / "over-limit.tape.jsonl").read_text()
    assert '"turns":"2-3"' in tape.partition("\n")[0]
    assert "Thanks" not in tape


def test_what_it_stands_for_and_what_is_proposed_are_words_of_one_option(spoken: Workspace, run: Run) -> None:
    assert run("session", "export", "last", "--name", "bad", "--expect", "bad,trajectory") == 0
    assert "as it should until this is put right" in run.out
    case = load_case(spoken.fixtures / "bad.case.toml")
    assert case.expect == "bad"
    assert all(one.call is not None and one.verdict is None for one in case.assert_)
    assert run("session", "export", "last", "--name", "watched", "--expect", "observe", "--json") == 0
    data = run.json()
    assert isinstance(data, dict)
    assert data["replays"]["outcome"] == "passed"
    watched = load_case(spoken.fixtures / "watched.case.toml")
    assert (watched.expect, watched.assert_) == ("observe", ()), "what nobody judges is not written"
    assert run("session", "export", "last", "--name", "named", "--expect", "observe,trajectory") == 0
    assert load_case(spoken.fixtures / "named.case.toml").assert_, "what was named is"


def test_a_turn_that_is_not_over_is_said_to_be_left_out(shop: Workspace, run: Run) -> None:
    assert run("run", "aria", stdin=WORDS) == 6
    assert run("session", "export", "last", "--name", "open") == 0
    assert "turn 3 is not over, so it is left out" in run.err
    assert run("session", "export", "last", "--name", "first", "--turns", "1") == 0
    assert "not over" not in run.err, "nobody asked for that turn"


def test_what_was_said_of_a_case_that_was_there_already_is_said_to_count_for_nothing(
    spoken: Workspace, run: Run
) -> None:
    assert run("session", "export", "last", "--name", "again") == 0
    assert run("session", "export", "last", "--name", "again", "--replace") == 0
    assert "again.case.toml was there already and is left as it is\n" in run.err
    run("session", "export", "last", "--name", "again", "--replace", "--expect", "bad", "--why", "No.")
    assert "again.case.toml was there already and is left as it is, whatever was said of expect and why\n" in run.err


def test_what_cannot_be_exported_is_one_line_and_no_file(spoken: Workspace, run: Run) -> None:
    for arguments, said in [
        (["--expect", "goood"], "did you mean 'good'?"),
        (["--expect", "good,bad"], "not both"),
        (["--turns", "9"], "this session has turns 1-4"),
        (["--turns", "4-2"], "not a range"),
        (["--tag", "not a word"], "'not a word' cannot be a tag"),
    ]:
        assert run("session", "export", "last", "--name", "x", *arguments) in (2, 3)
        assert said in run.err
        assert len(run.err.strip().splitlines()) == 1
        assert files(spoken) == []


def test_a_hostile_name_is_one_line_and_no_file(spoken: Workspace, run: Run) -> None:
    for name in ["../x", "/etc/x", "a/../../b", "con\x1b[2J", "x" * 5_000, "..", ".x", "ü", "a b", "A"]:
        assert run("session", "export", "last", "--name", name) == 2
        assert len(run.err.strip().splitlines()) == 1
        assert len(run.err) < 300
        assert "\x1b" not in run.err
        assert files(spoken) == []


def test_a_full_disk_leaves_nothing_half_written(spoken: Workspace, run: Run) -> None:
    sizes = []
    for limit in (100, 2_000, 6_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            code = run("session", "export", "last", "--name", "full")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sizes.append((code, len(run.err.strip().splitlines()), files(spoken)))
    assert sizes == [(70, 1, [])] * 3
    assert run("session", "export", "last", "--name", "full") == 0


def test_a_folder_that_cannot_be_written_is_one_line(spoken: Workspace, run: Run) -> None:
    spoken.fixtures.write_text("a file in the way")
    assert run("session", "export", "last", "--name", "x") == 70
    assert "could not write" in run.err
    assert len(run.err.strip().splitlines()) == 1
    assert spoken.fixtures.read_text() == "a file in the way"


def test_a_session_that_no_longer_replays_is_written_and_says_so(spoken: Workspace, run: Run) -> None:
    policy = spoken.policies / "support.toml"
    policy.write_text(policy.read_text().replace("amount > 100", "amount > 400"))
    assert run("session", "export", "last", "--name", "stale") == 1
    assert "replays: stale: policy: rule refund.large: when args.amount > 100 -> args.amount > 400" in run.out
    assert "refund.large" in run.out
    assert "stale.tape.jsonl" in files(spoken)


def test_a_session_whose_policy_changed_exports_by_what_ran_under_one(spoken: Workspace, run: Run) -> None:
    policy = spoken.policies / "support.toml"
    policy.write_text(policy.read_text().replace("amount > 100", "amount > 400"))
    assert (
        run("run", "aria", "I want a refund of 90 EUR for order 1001", "--session", "last", "--approve", "policy") == 0
    )
    assert run("session", "export", "last", "--name", "all") == 2
    assert "--turns 5" in run.err
    assert run("session", "export", "last", "--name", "end", "--turns", "5") == 0
    assert '"context":"taken over"' in Path(spoken.fixtures / "end.tape.jsonl").read_text()
    assert run("session", "export", "last", "--name", "begin", "--turns", "1-4") == 1
    assert "stale" in run.out


@pytest.mark.parametrize(
    ("words", "name", "expect", "turns", "why"),
    [
        ("", "", "good", "", ""),
        ("x", "x", "good", "", ""),
        ("x bad", "x", "bad", "", ""),
        ("x observe it only  happens", "x", "observe", "", "it only  happens"),
        ("x 2-3", "x", "good", "2-3", ""),
        ("x bad 3 Never again.", "x", "bad", "3", "Never again."),
        ("x contains,bad 3", "x", "bad", "3", ""),
    ],
)
def test_an_export_asked_for_in_words(words: str, name: str, expect: str, turns: str, why: str) -> None:
    found, wanted = in_words(words)
    assert (found, wanted.expect, wanted.turns, wanted.why) == (name, expect, turns, why)


def test_words_that_contradict_each_other() -> None:
    assert expected("") == ("good", None)
    assert expected("observe, contains") == ("observe", frozenset({"contains"}))
    with pytest.raises(UsageError, match="good or observe, not both"):
        expected("good,observe")


def test_a_fixture_that_expects_nothing_is_said_to(spoken: Workspace, run: Run) -> None:
    assert run("session", "export", "last", "--name", "seen", "--expect", "observe") == 0
    assert "expects: nothing, it is only replayed" in run.out
    assert run("session", "export", "last", "--name", "never", "--turns", "1", "--expect", "bad,limits") in (0, 1)
    assert "expects: 1 thing\n" in run.out


def test_a_reason_leaves_without_private_words_and_a_tag_that_is_none_is_said_before_anything_is_written(
    spoken: Workspace, run: Run
) -> None:
    assert run("session", "export", "last", "--name", "told", "--tag", "two words") == 2
    assert run.err.startswith("greenroom: 'two words' cannot be a tag (a letter, then")
    assert files(spoken) == []
    why = "kim@post.example asked, with DE89 3704 0044 0532 0130 00 \udcff"
    assert run("session", "export", "last", "--name", "told", "--why", why) == 0, run.err
    assert load_case(spoken.fixtures / "told.case.toml").why == "‹email#1› asked, with ‹iban#1› \ufffd"
