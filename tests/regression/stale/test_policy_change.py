"""What a stale fixture says of a policy that changed: the rule and what of it, never a header of the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.policy.files.bundle import joined
from greenroom.policy.load import PolicySource, builtin_source
from greenroom.regression.stale.by_key import differences
from greenroom.regression.stale.policy_change import policy_change

TEXT = (Path(__file__).parents[3] / "workspaces/helpdesk/policies/support.toml").read_text(encoding="utf-8")


def bundle(text: str) -> str:
    return joined([builtin_source(), PolicySource("policies/support.toml", text)])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('then  = "require_approval"', 'then  = "deny"\n#', "rule refund.large: then require_approval -> deny"),
        (
            '["args.amount > 100"]',
            '["args.amount > 90"]',
            "rule refund.large: when args.amount > 100 -> args.amount > 90",
        ),
        ('deadline = "15m"', 'deadline = "1h"', "rule refund.large: ask.deadline 15m -> 1h"),
        ('"120 needs a person"', '"much"', "rule refund.large: tests changed"),
        (
            '"refund.large"',
            '"refund.big"',
            "rule refund.large removed (require_approval orders.refund when args.amount > 100); rule refund.big added",
        ),
        (
            'then = ["escalate:lead", "deny"]',
            'then = ["deny"]',
            "rule refund.large: ask.then -escalate:lead",
        ),
        ('then = ["escalate:lead", "deny"] }', "}", "rule refund.large: ask.then -escalate:lead"),
        ('"2.3.0"', '"2.3.1"', "support: version 2.3.0 -> 2.3.1"),
        (
            r"'\bNW-[A-Z0-9]{4}-[A-Z0-9]{4}-",
            r"'\bNW-[A-Z0-9]{5}-[A-Z0-9]{4}-",
            (
                r"detector shop.gift_code: pattern \bNW-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}\b"
                r" -> \bNW-[A-Z0-9]{5}-[A-Z0-9]{4}-[A-Z0-9]{4}\b"
            ),
        ),
        ("calls_per_turn = 6", "calls_per_turn = 5", "support: envelope.persona.limits.calls_per_turn 6 -> 5"),
        ("# What a person", "# Whatever a person", "the same rules, but other tools or bounds of the persona"),
    ],
)
def test_the_rule_and_what_of_it_is_named(old: str, new: str, said: str) -> None:
    assert old in TEXT
    changed = TEXT.replace(old, new, 1)
    if "ask" not in said and "deny" in said:  # a rule that denies asks nobody
        changed = changed.replace(
            'ask   = { role = "operator", deadline = "15m", then = ["escalate:lead", "deny"] }\n', "", 1
        )
    assert policy_change(bundle(TEXT), bundle(changed)).startswith(said)


RULE = '[[rule]]\nid = "{id}"\nwhy = "w"\nhook = "{hook}"\n{more}\n'
EXCEPTION = '[[exception]]\nrule = "{rule}"\nowner = "kim"\nexpires = 2030-01-31\nwhy = "w"\n{more}\n'


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (
            RULE.format(id="no.get", hook="tool.call", more='tools = "orders.get"\nthen = "deny"'),
            "rule no.get added (deny orders.get)",
        ),
        (
            RULE.format(id="x", hook="output", more='find = "secret.*"\nthen = "redact"\nmode = "observe"'),
            "rule x added (redact output for secret.*, only watched)",
        ),
        (
            RULE.format(id="y", hook="input", more='any = ["turn > 3", ["turn > 1", "risk > 2"]]\nthen = "deny"'),
            "rule y added (deny input when turn > 3 or turn > 1 and risk > 2)",
        ),
        (
            EXCEPTION.format(rule="refund.large", more='when = "args.amount < 120"'),
            (
                "exception refund.large added (lets orders.refund through without require_approval "
                "when args.amount < 120, until 2030-01-31)"
            ),
        ),
        (
            EXCEPTION.format(rule="autonomy", more='tools = "mail.send"\nwhen = "args.to == \'a\'"'),
            (
                "exception autonomy added (lets mail.send through without autonomy's question "
                "when args.to == 'a', until 2030-01-31)"
            ),
        ),
    ],
)
def test_what_came_says_what_it_lets_through_or_refuses(added: str, said: str) -> None:
    assert policy_change(bundle(TEXT), bundle(f"{TEXT}\n{added}")) == said
    assert policy_change(bundle(f"{TEXT}\n{added}"), bundle(TEXT)) == said.replace(" added ", " removed ")


def test_rules_in_another_order_are_told_as_just_that() -> None:
    first, *rest = TEXT.split("[[rule]]")
    told = policy_change(bundle(TEXT), bundle("[[rule]]".join([first, *reversed(rest)])))
    assert told == "rules of support in another order, which decides at most what rule a verdict names"


def test_a_rule_comes_before_the_version_that_follows_from_it() -> None:
    changed = TEXT.replace('"2.3.0"', '"2.3.1"').replace("args.amount > 500", "args.amount > 400")
    assert policy_change(bundle(TEXT), bundle(changed)) == (
        "rule refund.finance: when args.amount > 500 -> args.amount > 400; support: version 2.3.0 -> 2.3.1"
    )


def test_files_that_cannot_be_read_are_told_by_their_first_changed_line() -> None:
    broken = bundle(TEXT.replace("args.amount > 100", "args.amount > 90")).replace('schema  = "policy/1"', "schema = 7")
    assert policy_change(bundle(TEXT), broken) == '-schema = "policy/1" +schema = 7'


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_are_told_apart_in_a_line_without_raising(old: str, new: str) -> None:
    said = policy_change(old, new)
    assert said and "\n" not in said


def test_a_pattern_that_is_too_long_is_shown_from_where_it_differs() -> None:
    old = "|".join(f"word{n}" for n in range(60))
    (told,) = differences({"pattern": old}, {"pattern": old.replace("word50", "another")})
    assert told.startswith("pattern …") and "word50|word51" in told and "another|word51" in told


def test_a_table_that_came_or_went_is_told_by_its_keys_or_as_gone() -> None:
    asked = {"then": "deny", "ask": {"role": "lead", "deadline": "15m", "then": ["deny"]}}
    assert list(differences(asked, {"then": "deny"})) == ["ask removed"]
    assert list(differences({"then": "deny"}, asked)) == ["ask added: role lead, deadline 15m, then deny"]
    assert list(differences({"usd": 0.25, "session": 500.0}, {"usd": 1, "session": 80.0})) == [
        "usd 0.25 -> 1",
        "session 500 -> 80",
    ]
