"""The command line is read as the table declares it, and nonsense gets a hint."""

from pathlib import Path

import pytest

from greenroom.cli.parse import Parsed, parse
from greenroom.cli.usage import help_of
from greenroom.core.errors import UsageError


def named(arguments: list[str]) -> tuple[str, dict[str, object]]:
    parsed = parse(arguments)
    assert parsed.command is not None
    return parsed.command.name, parsed.options


def test_nothing_opens_the_workbench() -> None:
    name, options = named([])
    assert name == "open"
    assert options["mode"] == "run"


def test_a_path_opens_the_workbench_there(tmp_path: Path) -> None:
    name, options = named([str(tmp_path)])
    assert (name, options["path"]) == ("open", str(tmp_path))


def test_options_may_stand_before_or_behind_the_command() -> None:
    for arguments in (
        ["--json", "--workspace", "w", "session", "list"],
        ["session", "list", "--workspace=w", "--json"],
    ):
        name, options = named(arguments)
        assert name == "session list"
        assert options["json"] is True
        assert options["workspace"] == "w"


def test_run_takes_persona_text_and_options_in_any_order() -> None:
    name, options = named(["run", "aria", "--approve", "deny", "where is my parcel?", "--model", "scripted/x"])
    assert name == "run"
    assert (options["persona"], options["text"]) == ("aria", "where is my parcel?")
    assert (options["approve"], options["model"]) == ("deny", "scripted/x")


def test_words_of_several() -> None:
    _, options = named(["knowledge", "search", "how", "long"])
    assert options["query"] == ["how", "long"]


def test_a_number_is_taken_as_one_and_a_moment_as_it_is_said() -> None:
    assert named(["session", "show", "last", "--turn", "12"])[1]["turn"] == 12
    assert named(["session", "fork", "last", "--at", "t12"])[1]["at"] == "t12"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["polcy"], "policy"),
        (["session", "shwo"], "show"),
        (["session"], "verify"),
        (["run", "aria", "hello", "--aprove", "deny"], "--help"),
        (["run", "aria", "hello", "--approve", "always"], "--help"),
        (["session", "show", "last", "--turn", "soon"], "--help"),
        (["session", "show"], "--help"),
        (["--nonsense"], "--help"),
        (["--jso"], "--help"),
    ],
)
def test_nonsense_is_a_usage_error_with_a_hint(arguments: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(arguments)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "about"),
    [(["--help"], ""), (["-h"], ""), (["session", "--help"], "session"), (["session", "show", "-h"], "session show")],
)
def test_help_is_asked_for(arguments: list[str], about: str) -> None:
    assert parse(arguments) == Parsed(None, {}, about)


def test_help_says_what_each_way_to_approve_does_and_what_is_needed() -> None:
    words = " ".join(" ".join(help_of("run")).split())
    assert all(f"{how}: " in words for how in ("ask", "wait", "deny", "policy"))
    assert "policy: yes to what autonomy alone asks about, no to what a rule asks about" in words
    assert "[--name" not in " ".join(help_of("session export"))
    with pytest.raises(UsageError, match="--name"):
        parse(["session", "export", "last"])
