"""`session diff` as a person and a script meet it."""

from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

FIRST = "What is your return policy for shoes?\nI want a refund for order 1002\nyes, 20 EUR\n"


@pytest.fixture
def two(shop: Workspace, run: Run) -> tuple[str, str]:
    """A session in which a refund was denied, and one in which it was allowed and something was said besides."""
    run("run", "aria", "--approve", "deny", stdin=FIRST)
    first = newest(shop)
    persona = shop.personas / "aria" / "persona.toml"
    persona.write_text(persona.read_text().replace("autonomy = 2", "autonomy = 3"))
    run("run", "aria", "--approve", "policy", stdin=f"{FIRST}Thanks\n")
    return first, newest(shop)


def newest(shop: Workspace) -> str:
    return max(shop.sessions.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns).stem


def test_differences_are_told_within_eighty_columns(
    two: tuple[str, str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run("session", "diff", *two) == 1
    lines = run.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"A  {two[0]}")
    for said in (
        "autonomy 2 -> 3",
        "-- turn 3 ---",
        "≠ orders.refund came to",
        "only in B",
        "2 turns the same otherwise",
    ):
        assert said in run.out, said
    assert "-- turn 1 ---" not in run.out


def test_a_script_reads_the_same(two: tuple[str, str], run: Run) -> None:
    assert run("session", "diff", *two, "--json") == 1
    data = run.json()
    assert isinstance(data, dict)
    assert not data["same"]
    assert [turn["turns"] for turn in data["turns"]] == [[1, 1], [2, 2], [3, 3], [None, 4]]
    third = data["turns"][2]
    assert [[side and side["status"] for side in row["sides"]] for row in third["calls"] if row["differs"]] == [
        ["denied", "done"]
    ]
    assert "".join(text for change, text in third["reply"]["diff"][1] if change != "gone") == third["reply"]["texts"][1]
    assert [side["session"] for side in data["sides"]] == list(two)


def test_exit_codes(two: tuple[str, str], run: Run) -> None:
    assert run("session", "diff", two[0], two[0]) == 0
    assert "nothing after what they share" in run.out
    assert run("session", "diff", *two, "--turn", "1") == 0
    assert "the same was said, done and decided" in run.out
    assert run("session", "diff", *two, two[0], "--whole") == 1
    assert "B  " in run.out
    for arguments, said in [
        (["session", "diff", two[0]], "name two sessions or more"),
        (["session", "diff", *two, "--turn", "9"], "none of these sessions has a turn 9"),
        (["session", "diff", two[0], "nowhere"], "there is no session nowhere"),
    ]:
        assert run(*arguments) == 2
        assert said in run.err


def test_a_fork_is_compared_from_where_it_parts(two: tuple[str, str], shop: Workspace, run: Run) -> None:
    lines = (shop.sessions / f"{two[0]}.jsonl").read_text().splitlines()
    at = next(place for place, line in enumerate(lines) if '"turn":2' in line) - 1
    run("session", "fork", two[0], "--at", str(at))
    child = Path(newest(shop)).stem
    run("run", "--session", child, "Where is order 1001?", "--approve", "deny")
    assert run("session", "diff", two[0], child) == 1
    assert "1 turn before are the very same records" in run.err
    assert "return policy" not in run.out
