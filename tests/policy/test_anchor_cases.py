"""Where every case that must hold is tested, and that these tests are there.

| case | proved by |
|---|---|
| `https://api.corp.example@evil.test` | policy/test_hand_written (hosts), hostile/test_bypass (mail) |
| an edit changes the tool | engine/test_must_hold, policy/test_hand_written |
| an edit raises the amount | engine/test_must_hold, policy/test_hand_written |
| an approval used twice | hostile/test_bypass, engine/test_after_a_crash, engine/test_interleavings |
| policy changed between question and answer | engine/test_reload, engine/test_after_a_crash, engine/test_interleavings |
| parallel calls with one denied | engine/test_must_hold |
| absent field; NaN and infinity; 10 000-deep JSON; 1 MB argument | policy/test_hand_written, hostile/test_bypass |
| a key inside a nested list | policy/test_hand_written, engine/test_must_hold |
| injection in a name, an error, a file name, a title, a memory, a passage's metadata | engine/test_must_hold |
| ten small refunds: in a turn, over turns, sessions of a day, sessions at once, after midnight | engine/test_must_hold |
| no effect without its approval, whatever interleaves | engine/test_interleavings |
| forks and replays give the same verdicts | engine/replay/test_replays_hold, engine/asking/test_leave, assembly/test_assembly |
| adding a rule, order, exceptions in clauses, redaction | policy/test_properties, policy/test_exceptions, detectors/test_masks |

`CASES` is the same by the names of the tests.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

CASES: dict[str, tuple[str, ...]] = {
    "an address with another host behind its name": (
        "policy/test_hand_written.py::test_a_host_is_parsed_and_never_guessed_from_a_prefix",
        "hostile/test_bypass.py::test_mail_cannot_be_pointed_elsewhere",
    ),
    "an edit changes the tool": (
        "engine/test_must_hold.py::test_an_edit_cannot_change_the_tool",
        "policy/test_hand_written.py::test_an_edit_that_changes_the_tool_is_another_question",
    ),
    "an edit raises the amount": (
        "engine/test_must_hold.py::test_an_edit_that_raises_the_amount_is_decided_and_confirmed_anew",
        "policy/test_hand_written.py::test_an_edit_that_raises_the_amount_is_decided_anew",
        "hostile/test_bypass.py::test_an_edit_is_decided_again",
    ),
    "an approval used twice": (
        "hostile/test_bypass.py::test_an_answer_is_used_once",
        "engine/test_after_a_crash.py::test_an_approval_is_not_used_again_by_a_fork",
        "engine/test_after_a_crash.py::test_a_leave_to_repeat_is_good_for_one_repetition",
        "engine/test_interleavings.py::test_nothing_runs_without_the_approval_it_needs",
    ),
    "policy changed between question and answer": (
        "engine/test_reload.py::test_an_open_question_is_void_and_asked_anew_under_the_new_policy",
        "engine/test_reload.py::test_a_stricter_policy_denies_what_was_being_asked_about_whatever_was_answered_meanwhile",
        "engine/test_after_a_crash.py::test_an_answer_to_the_old_card_does_not_answer_a_new_one",
    ),
    "parallel calls with one denied": (
        "engine/test_must_hold.py::test_of_calls_side_by_side_the_denied_ones_alone_do_not_run",
    ),
    "an absent field": ("policy/test_hand_written.py::test_an_absent_field_restricts",),
    "NaN and infinity": (
        "policy/test_hand_written.py::test_nan_and_infinity_are_refused",
        "hostile/test_bypass.py::test_amounts_that_are_no_amounts_start_nothing",
    ),
    "10 000-deep JSON and a megabyte": (
        "policy/test_hand_written.py::test_json_ten_thousand_levels_deep_is_refused_before_any_engine",
        "policy/test_hand_written.py::test_an_argument_of_a_megabyte_is_refused",
        "hostile/test_bypass.py::test_arguments_that_are_too_deep_or_large_start_nothing",
    ),
    "a key inside a nested list": (
        "policy/test_hand_written.py::test_a_credential_inside_a_nested_list_is_found_and_masked",
        "policy/test_anchor_cases.py::test_a_key_inside_a_nested_list_has_a_span",
    ),
    "injection wherever it hides": (
        "policy/test_hand_written.py::test_injection_is_seen_wherever_it_hides",
        "policy/test_hand_written.py::test_injection_in_a_tool_name_is_seen_and_the_call_denied",
        "engine/test_must_hold.py::test_hostile_words_widen_nothing_and_their_secret_goes_nowhere",
    ),
    "ten small refunds": (
        "policy/test_hand_written.py::test_ten_small_refunds_add_up",
        "engine/test_must_hold.py::test_ten_small_refunds_add_up_in_a_session",
        "engine/test_must_hold.py::test_ten_small_refunds_add_up_over_the_sessions_of_a_day_and_begin_anew_after_midnight",
        "engine/test_must_hold.py::test_ten_small_refunds_add_up_over_sessions_that_are_open_at_once",
        "engine/test_what_reaches_whom.py::test_calls_side_by_side_are_counted_before_any_of_them_runs",
    ),
    "adding a rule never loosens": (
        "policy/test_properties.py::test_adding_a_rule_never_loosens_a_verdict",
        "policy/test_exceptions.py::test_with_exceptions_too_adding_a_rule_never_loosens",
    ),
    "order never matters": (
        "policy/test_properties.py::test_order_of_rules_never_matters",
        "policy/test_properties.py::test_order_of_files_never_matters",
        "policy/test_exceptions.py::test_order_of_exceptions_and_rules_never_matters",
    ),
    "an exception in any clause never allows": ("policy/test_properties.py::test_an_error_in_a_clause_never_allows",),
    "redaction": (
        "policy/test_properties.py::test_redaction_is_idempotent_with_exact_spans",
        "detectors/test_masks.py::test_redaction_is_idempotent_and_leaves_only_masks",
        "detectors/test_masks.py::test_nothing_outside_the_spans_changes",
    ),
    "forks and replays": (
        "engine/replay/test_replays_hold.py::test_a_log_replays_with_the_same_verdicts",
        "engine/replay/test_replays_hold.py::test_a_tape_replays_with_the_same_verdicts",
        "engine/asking/test_leave.py::test_a_fork_does_not_inherit_leave_or_a_raised_autonomy",
        "assembly/test_assembly.py::test_a_fork_in_the_middle_of_a_turn_finishes_that_turn",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_tested_where_the_table_says(case: str) -> None:
    missing = [place for place in CASES[case] if place.partition("::")[2] not in _tests(place.partition("::")[0])]
    assert missing == []


@cache
def _tests(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_a_key_inside_a_nested_list_has_a_span() -> None:
    from greenroom.detectors.find import find

    (found,) = find({"args": {"lines": [["é", {"AKIAIOSFODNN7EXAMPLE é": [1]}]]}})
    assert (found.detector, found.start, found.end) == ("secret.token", 0, 20)
    assert found.path.startswith("args.lines[0][1]") and found.path.endswith("(key)")
