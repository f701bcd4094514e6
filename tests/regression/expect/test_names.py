"""Names nobody knows: one line with the case's line and what was probably meant, from check, from pytest and in Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.toml_text import parse
from greenroom.regression import expect
from greenroom.regression.case import Case
from greenroom.regression.expect import Beside, failures
from greenroom.regression.expect.matcher import literal
from greenroom.regression.expect.words import Spec
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.expect.runs import RUN, case_of
from tests.regression.expect.shop import REFUND, checked, opened, under_pytest, write_case


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return opened(tmp_path_factory.mktemp("names") / "shop")


SLIPS = [
    ('never = { tool = "orders.refnd" }', "never", "tool 'orders.refnd' (did you mean 'orders.refund'?)"),
    ('tools = { never = ["orders.gte"] }', "tools", "tool 'orders.gte' (did you mean 'orders.get'?)"),
    ('call = { tool = "order.*" }', "call", "tool 'order.*'"),
    ('not = { call = { tool = "orders.refnd" } }', "not.call", "tool 'orders.refnd' (did you mean 'orders.refund'?)"),
    ('never = { verdict = { rule = "refund.larg" } }', "never", "rule 'refund.larg' (did you mean 'refund.large'?)"),
    ('verdict = { rule = "refund.larg" }', "verdict", "rule 'refund.larg' (did you mean 'refund.large'?)"),
    ('passages = { excludes = "refund.md" }', "passages", "source 'refund.md' (did you mean 'refunds.md'?)"),
    (
        'passages = { includes = "refunds.md#refund-limit" }',
        "passages",
        "source 'refunds.md#refund-limit' (did you mean 'refunds.md#refund-limits'?)",
    ),
    ('memory = { never_written = "custmer" }', "memory", "memory 'custmer' (did you mean 'customer'?)"),
    ('any_of = [ { finish = "answered" }, { never = { tool = "mail.sendd" } } ]', "any_of[1].never", "did you mean 'mail.send'?"),
]  # fmt: skip


@pytest.mark.parametrize(("assertion", "key", "said"), SLIPS)
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_check_says_it_with_the_line(shop: Workspace, assertion: str, key: str, said: str, kind: str) -> None:
    write_case(shop, 'finish = "answered"', assertion, head=f'expect = "{kind}"')
    code, told = checked(shop)
    assert code == 3
    first = told.splitlines()[0]
    assert first.startswith(f"broken   {REFUND}: {REFUND}.case.toml:6 assert[1].{key}: there is no ")
    assert said in first


def test_pytest_says_it_too(shop: Workspace) -> None:
    write_case(shop, 'never = { tool = "orders.refnd" }')
    code, told = under_pytest(shop)
    assert code == 1
    assert (
        f"{REFUND}.case.toml:4 assert[0].never: there is no tool 'orders.refnd' (did you mean 'orders.refund'?)" in told
    )


@pytest.mark.parametrize(
    "assertion",
    [
        'never = { tool = ["mail.send", "mail.*"] }',
        'tools = { never = ["tickets.*"] }',
        'never = { verdict = { rule = "mail.outside" } }',
        'not = { verdict = { rule = "envelope" } }',
        'passages = { excludes = ["shipping.md", "returns.md"] }',
        'memory = { never_written = ["customer", "shoe_size", "*"] }',
        'never = { call = { tool = "orders.*", args = { amount = { at_least = 500 } } } }',
    ],
)
def test_what_today_or_the_tape_names_is_known(shop: Workspace, assertion: str) -> None:
    write_case(shop, assertion)
    assert checked(shop) == (0, "1 fixture: all fine")


def test_what_went_away_since_can_still_be_named(tmp_path: Path) -> None:
    shop = opened(tmp_path / "shop")
    policy = shop.root / "policies" / "support.toml"
    write_case(shop, 'never = { verdict = { rule = "mail.outside" } }', 'never = { tool = "mail.send" }')
    policy.write_text(policy.read_text().replace("mail.outside", "mail.elsewhere"))
    shutil.rmtree(shop.knowledge)
    shop.knowledge.mkdir()
    trust(shop)
    assert checked(shop)[1].startswith("stale    refund-over-limit: policy"), checked(shop)
    write_case(shop, 'passages = { excludes = "boots-and-shoes.md" }')
    assert "source 'boots-and-shoes.md'" not in checked(shop)[1], "a candidate of the tape"
    write_case(shop, 'never = { verdict = { rule = "mail.elsewere" } }')
    assert "did you mean 'mail.elsewhere'?" in checked(shop)[1]


def test_a_range_that_goes_on_after_the_last_turn_is_said(shop: Workspace) -> None:
    write_case(shop, 'turn = "1-4"\nfinish = "answered"')
    code, told = checked(shop)
    assert code == 3
    assert f"{REFUND}.case.toml:4 assert[0].turn: turns 1-4: there is no turn 4, the last of the recording is 1" in told


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{ at_lest = 10 }", "'at_lest' is no word of a matcher (did you mean 'at_least'?)"),
        ("{ aprox = 20 }", "did you mean 'approx'?"),
        ("{ atMost = 20 }", "did you mean 'at_most'?"),
        ("{ contians = 'x' }", "did you mean 'contains'?"),
        ("{ typ = 'number' }", "did you mean 'type'?"),
        ("{ approx = 1, withn = 2 }", "did you mean 'within'?"),
    ],
)
def test_a_misspelt_word_of_a_matcher_is_no_value(value: str, said: str) -> None:
    for table in (
        f"never = {{ call = {{ tool = 'x', args = {{ a = {value} }} }} }}",
        f"text = {{ json = {{ shape = {{ a = {value} }} }} }}",
    ):
        with pytest.raises(FileInvalid) as raised:
            parse(f'schema = "case/1"\n[[assert]]\n{table}\n', Case, "x")
        assert said in raised.value.line()
        assert "for a table that is meant as it stands write { equals = { ... } }" in raised.value.line()


@pytest.mark.parametrize(
    "value",
    [{"equals": {"at_lest": 10}}, {"note": "x"}, {"types": [1]}, {"lengths": 2, "height": 3}, {"content": "x"}, {"width": 2}],
)  # fmt: skip
def test_keys_of_data_are_data(value: dict[str, Any]) -> None:
    case = case_of({"call": {"tool": "x", "args": {"a": value}}})
    assert case.assert_[0].call is not None
    assert literal({"at_lest": 10}) == {"equals": {"at_lest": 10}}


TAPE = Path(__file__).parents[3] / "workspaces" / "helpdesk" / "fixtures" / f"{REFUND}.tape.jsonl"


def test_python_says_it_at_once() -> None:
    run = expect(TAPE)
    with pytest.raises(
        UsageError, match=r"never: there is no tool 'orders\.refnd' \(did you mean 'orders\.refund'\?\)"
    ):
        run.never(tool="orders.refnd")
    with pytest.raises(UsageError, match=r"there is no rule 'refund\.larg'"):
        run.holds(expect.verdict(rule="refund.larg"))
    run.never(tool="mail.send")
    expect(RUN).never(tool="nobody.knows")  # lines alone do not say which tools there are


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("contains", r"write \.text\(contains=\.\.\.\)"),
        ("not_called", r"write \.never\(tool=\.\.\.\)"),
        ("caled", r"did you mean 'called'\?"),
    ],
)
def test_an_unknown_word_says_which_one_there_is(word: str, said: str) -> None:
    for owner in (expect(RUN), expect, expect.called("x")):
        with pytest.raises(AttributeError, match=said):
            getattr(owner, word)
        assert not hasattr(owner, word)


def test_python_has_the_matchers_that_toml_has() -> None:
    args = {"a": [1, 2], "b": {"x": 1, "y": 2}}
    run = expect(
        [
            {"turn": 1, "user": ""},
            {"reply": 1, "calls": [{"id": "c1", "tool": "t", "args": args}], "tokens": [1]},
            {"finish": "answered"},
        ]
    )
    run.called("t", a=expect.length(2), b=expect.subset({"x": 1})).called(
        "t", b=expect.superset({"x": 1, "y": 2, "z": 3})
    )
    run.called("t", a=expect.not_([1])).called("t", a=expect.length(expect.at_least(2)))
    with pytest.raises(AssertionError, match="a length of 3"):
        run.called("t", a=expect.length(3))
    assert isinstance(expect.not_(expect.called("t")), Spec)


def test_what_is_told_is_what_was_written() -> None:
    with pytest.raises(AssertionError) as raised:
        expect(RUN).turn(2).not_(expect.called("orders.refund"))
    assert str(raised.value) == 'turn 2: this must not hold, and does: call = { tool = "orders.refund" }'


def test_the_nearest_of_several_turns_is_told_with_all_that_were_looked_at() -> None:
    found = failures(case_of({"verdict": {"rule": "refund.large", "effect": "deny"}}), RUN, Beside())
    said = "in none of turns 1-3, nearest turn 2: no verdict rule refund.large, effect deny; there was: "
    assert found == (f"assert[0] {said}refund.large (require_approval)",)
