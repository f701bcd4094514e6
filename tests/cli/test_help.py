"""greenroom help: a command's own help, a topic, a format; a wrong word is guessed."""

from __future__ import annotations

from greenroom.commands.formats.formats import FORMATS
from tests.cli.conftest import Run


def test_help_on_a_command_is_what_the_command_says_of_itself(run: Run) -> None:
    for words in (["test"], ["fixture", "accept"], ["session"]):
        assert run("help", *words) == 0
        helped = run.out
        assert run(*words, "--help") == 0
        assert run.out == helped and helped.startswith("usage: greenroom ")


def test_formats_are_listed_in_a_line_each_and_shown_one_by_one(run: Run) -> None:
    assert run("help", "formats") == 0
    listed = run.out.splitlines()
    assert len(listed) == len(FORMATS) + 4
    for word in (line.split()[0] for line in listed[1 : len(FORMATS) + 2]):
        assert run("help", "formats", word) == 0
        assert run.out.startswith("EVENTS" if word == "events" else f"FORMAT {word}")
    assert run("help", "formats", "cas") == 2
    assert "did you mean 'case'?" in run.err


def test_what_a_replay_cannot_prove_is_a_topic_that_the_command_names(run: Run) -> None:
    assert run("help", "replay") == 0
    assert "does not run" in run.out
    assert run("help", "test") == 0
    assert "greenroom help replay" in " ".join(run.out.split())
    assert run("help", "fixtur") == 2
    assert "did you mean 'fixture'?" in run.err


def test_a_misspelt_option_or_choice_is_guessed_and_a_number_is_said_to_be_one(run: Run) -> None:
    assert run("fixture", "export", "--format", "promptfo") == 2
    assert "--format knows no 'promptfo' (did you mean 'promptfoo'?" in run.err
    assert run("test", "--repeat", "two") == 2
    assert "--repeat must be a whole number, not 'two'" in run.err
    assert run("test", "--htm", "x") == 2
    assert "greenroom test has no option --htm (did you mean --html?" in run.err
