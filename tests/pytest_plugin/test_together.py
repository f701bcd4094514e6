"""What is said of stale recordings at the end of a run: a row for each change, and once what became of the fixtures."""

from __future__ import annotations

from typing import Any

from greenroom.pytest_plugin.failure import FailureText
from greenroom.pytest_plugin.together import stale_rows
from tests.pytest_plugin.telling import told

PROMPT, RULE = "persona aria 1.3.0: prompt: one sentence: +Be kind.", "policy: rule refund.large removed"


def stale(name: str, *causes: str, effect: str = "same", places: tuple[str, ...] = ()) -> Any:
    found = list(causes)
    return told(
        name, kind="stale", line=causes[0], reasons=found, places=list(places or [""] * len(found)), effect=effect
    )


def test_what_several_causes_come_to_is_told_once_for_all_that_share_a_fixture() -> None:
    rows = list(
        stale_rows(
            [
                *(stale(f"f{n}", PROMPT, RULE, effect="otherwise") for n in range(7)),
                stale("kept", PROMPT),
                stale("kept-too", PROMPT),
                stale("refund", PROMPT, RULE, effect="fails"),
            ]
        )
    )
    assert rows == [
        f"{PROMPT}; 10 fixtures",
        f"{RULE}; 8 fixtures",
        "with all that changed, of 10 fixtures:",
        "  1 fails an expectation: refund",
        "  7 go otherwise: f0, f1, f2, f3 and 3 more",
        "  2 go as recorded: kept, kept-too",
    ]


def test_causes_that_share_no_fixture_are_told_apart_and_one_end_stands_beside_its_cause() -> None:
    ben = "persona ben 1.0.0: limits.usd 1 -> 2"
    rows = list(stale_rows([stale("a", PROMPT), stale("b", ben, effect="otherwise"), stale("c", ben, effect="stops")]))
    assert rows == [
        f"{ben}; 2 fixtures",
        "  1 stops where the tape has no answer: c",
        "  1 goes otherwise: b",
        f"{PROMPT}; 1 fixture: a, every event as recorded",
    ]


def test_a_cause_that_links_two_others_puts_all_three_together() -> None:
    causes = ["policy: a", "policy: b", "policy: c"]
    found = [stale("x", causes[0]), stale("y", causes[1]), stale("z", *causes, effect="otherwise")]
    assert list(stale_rows(found))[3:] == [
        "with all that changed, of 3 fixtures:",
        "  1 goes otherwise: z",
        "  2 go as recorded: x, y",
    ]


def test_each_change_of_a_cause_is_a_row_with_its_place() -> None:
    cause, place = "policy: rule a added; rule b: then deny -> allow", "policies/a.toml:3; policies/a.toml:9"
    found = [stale(name, cause, effect="otherwise", places=(place,)) for name in ("x", "y")]
    assert list(stale_rows(found)) == [
        "policy: 2 changes; 2 fixtures: 2 go otherwise (x, y)",
        "  rule a added (policies/a.toml:3)",
        "  rule b: then deny -> allow (policies/a.toml:9)",
    ]


def test_a_junit_file_names_every_cause_in_its_message_and_each_in_a_row_of_its_text() -> None:
    one = stale("x", PROMPT, RULE, places=("personas/aria/prompt.md:7", "policies/support.toml:15"))
    one["line"] = f"{PROMPT}; and {RULE}"
    one["detail"] = f"and: {RULE}\nwhy: Kindness."
    shown = FailureText(one)
    said = [f"{PROMPT} (personas/aria/prompt.md:7)", f"{RULE} (policies/support.toml:15)"]
    assert shown.reprcrash.message == f"stale: {said[0]}; and {said[1]}"
    assert shown.rows[:3] == [f"stale: {said[0]}", f"and: {said[1]}", "why: Kindness."]
