"""Exceptions: what they set aside, for how long, and what they can never loosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolSpec
from greenroom.policy.checking.trial import run_trials
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import EFFECTS
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role

Build = Callable[..., RulePolicy]
Put = Callable[..., Question]

ALWAYS = """
[[exception]]
rule    = "autonomy"
owner   = "kim"
expires = 2026-12-01
why     = "Notes on order 1001 need no question."
tools   = ["orders.note"]
when    = ["args.order_id == 1001"]
  [[exception.test]]
  name = "order 1001"
  with = { args = { order_id = 1001, note = "x" } }
  expect = "set_aside"
  [[exception.test]]
  name = "another order"
  with = { args = { order_id = 1002 } }
  expect = "in_force"
"""
LARGE = """
[[rule]]
id    = "refund.large"
why   = "w"
hook  = "tool.call"
tools = ["orders.refund"]
when  = ["args.amount > 100"]
then  = "require_approval"
[[exception]]
rule    = "refund.large"
owner   = "kim"
expires = 2026-12-01
why     = "Recall week."
when    = ["args.amount < 200"]
  [[exception.test]]
  name = "150"
  with = { args = { amount = 150 } }
  expect = "set_aside"
  [[exception.test]]
  name = "250"
  with = { args = { amount = 250 } }
  expect = "in_force"
  [[exception.test]]
  name = "no amount"
  with = { args = {} }
  expect = "in_force"
"""


def test_always_allow_sets_autonomy_aside_for_exactly_those_calls(build: Build, put: Put) -> None:
    policy = build(ALWAYS)
    verdict = policy.decide(put("orders.note", {"order_id": 1001}, autonomy=2))
    assert (verdict.effect, verdict.rule) == ("allow", "autonomy")
    assert verdict.why.endswith("Set aside: Notes on order 1001 need no question. (kim, until 2026-12-01)")
    (fired,) = verdict.fired
    assert (fired.rule, fired.effect, fired.observed, fired.policy) == (
        "autonomy",
        "require_approval",
        True,
        "p0@1.0.0",
    )
    assert fired.aside == "Notes on order 1001 need no question. (kim, until 2026-12-01)"
    assert fired.clauses[0].values == {"args.order_id": 1001}
    for question in (
        put("orders.note", {"order_id": 1002}, autonomy=2),
        put("orders.note", {}, autonomy=2),
        put("orders.note", {"order_id": "1001"}, autonomy=2),
        put("orders.delete", {"order_id": 1001}, autonomy=2),
        put("orders.note", {"order_id": 1001}, autonomy=2, taint=("web",)),
    ):
        assert policy.decide(question).effect == "require_approval", question
    assert policy.decide(put("orders.note", {"order_id": 1001}, autonomy=0)).effect == "deny"


def test_it_never_speaks_against_a_rule_or_a_bound(build: Build, put: Put) -> None:
    question = put("orders.note", {"order_id": 1001}, autonomy=2)
    asks = '[[rule]]\nid = "r"\nwhy = "w"\nhook = "tool.call"\nthen = "require_approval"\n'
    for extra in (asks, asks + "autonomy_may = true\n"):
        verdict = build(ALWAYS, extra).decide(question)
        assert (verdict.effect, verdict.rule) == ("require_approval", "r")
    assert build(ALWAYS, '[envelope.persona]\ntools = ["mail.send"]\n').decide(question).effect == "deny"
    assert build(ALWAYS, role=Role(tools=())).decide(question).effect == "deny"


def test_a_call_that_gathers_private_and_untrusted_text_is_still_asked_about(build: Build, put: Put) -> None:
    mail = ALWAYS.replace("orders.note", "mail.send").replace("args.order_id == 1001", "args.to == 'a@b.example'")
    question = put("mail.send", {"to": "a@b.example"}, autonomy=2, taint=("web", "memory"))
    assert build(mail).decide(question).effect == "require_approval"


def test_an_expired_one_has_no_effect_and_its_tests_are_not_run(
    build: Build, put: Put, tools: tuple[ToolSpec, ...]
) -> None:
    late = FrozenClock(datetime(2026, 12, 2, tzinfo=UTC))
    question = put("orders.note", {"order_id": 1001}, autonomy=2)
    assert build(ALWAYS, clock=FrozenClock(datetime(2026, 12, 1, 23, tzinfo=UTC))).decide(question).effect == "allow"
    assert build(ALWAYS, clock=late).decide(question).effect == "require_approval"
    assert run_trials(build(ALWAYS, builtin=False, clock=late), tools) == ()
    assert build(LARGE, clock=late).decide(put("orders.refund", {"amount": 150})).rule == "refund.large"


def test_its_tests_are_run(build: Build, tools: tuple[ToolSpec, ...]) -> None:
    results = run_trials(build(ALWAYS, LARGE, builtin=False), tools)
    assert [(one.subject, one.got, one.passed) for one in results] == [
        ("refund.large (exception)", "set_aside", True),
        ("refund.large (exception)", "in_force", True),
        ("refund.large (exception)", "in_force", True),
        ("autonomy (exception)", "set_aside", True),
        ("autonomy (exception)", "in_force", True),
    ]


def test_a_test_on_which_nothing_would_act_fails(build: Build, tools: tuple[ToolSpec, ...]) -> None:
    small = LARGE.replace("amount = 250", "amount = 50")
    level = ALWAYS.replace("order_id = 1002 }", "order_id = 1002 }, session = { autonomy = 3 }")
    failed = [one for one in run_trials(build(small, level, builtin=False), tools) if not one.passed]
    assert [(one.name, one.expected, one.got) for one in failed] == [
        ("250", "in_force", "no_match"),
        ("another order", "in_force", "no_match"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('owner   = "kim"\n', "", "'owner' is missing"),
        ("expires = 2026-12-01\n", "", "'expires' is missing"),
        ('tools   = ["orders.note"]\n', "", "an exception to autonomy needs 'tools' and 'when'"),
        ('when    = ["args.order_id == 1001"]\n', "", "an exception to autonomy needs 'tools' and 'when'"),
        ('"orders.note"', '"orders.nte"', "unknown tool 'orders.nte'"),
        ("args.order_id ==", "args.order ==", "unknown name 'args.order'"),
        ('rule    = "autonomy"', 'rule    = "refund.large"', "'tools' belongs to exceptions to autonomy"),
        ('rule    = "autonomy"\n', 'rule    = "autonmy"\n', "'tools' belongs to exceptions to autonomy"),
    ],
)
def test_what_is_missing_or_unknown_is_named(build: Build, before: str, after: str, said: str) -> None:
    with pytest.raises(FileInvalid, match=said):
        build(ALWAYS.replace(before, after))


def test_it_names_only_a_rule_of_its_own_file(build: Build) -> None:
    other = LARGE[LARGE.index("[[exception]]") :]
    with pytest.raises(FileInvalid, match=r"no rule 'refund\.large' in this file") as caught:
        build(LARGE, other)
    assert caught.value.where == "p1.toml:5 exception[0].rule"


def test_a_rule_cannot_be_called_like_a_built_in_decision(build: Build) -> None:
    with pytest.raises(FileInvalid, match="'autonomy' is what a built-in decision is called"):
        build(LARGE.replace('"refund.large"', '"autonomy"'))


TOOL = ToolSpec(
    name="orders.note",
    description="",
    parameters={"type": "object", "properties": {"order_id": {"type": "integer"}, "note": {"type": "string"}}},
    reversible=True,
)
CLAUSES = [
    "args.order_id == 1001",
    "args.note.contains('x')",
    "1 / (session.turn - session.turn) == 1",
    "true",
    "has(args.note)",
]
RULES = [
    f'[[rule]]\nid = "r{at}{effect}"\nwhy = "w"\nhook = "tool.call"\nwhen = ["{clause}"]\nthen = "{effect}"\n'
    for at, clause in enumerate(CLAUSES)
    for effect in ("allow", "require_approval", "escalate", "deny")
] + ['[[rule]]\nid = "may"\nwhy = "w"\nhook = "tool.call"\nthen = "require_approval"\nautonomy_may = true\n']
EXCEPTIONS = [
    f'[[exception]]\nrule = "autonomy"\nowner = "o{at}"\nexpires = 2026-12-01\nwhy = "e{at}"\ntools = ["orders.*"]\nwhen = ["{clause}"]\n'
    for at, clause in enumerate(CLAUSES)
]
QUESTIONS = st.builds(
    lambda args, facts: Question(
        hook="tool.call", subject=TOOL.name, payload={"args": args}, tool=TOOL, origin="model", session=facts
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "order_id": st.sampled_from([1001, 1001.0, 1002, None, "1001", float("nan")]),
            "note": st.sampled_from(["", "x", None, 4]),
        },
    ),
    st.builds(SessionFacts, taint=st.sampled_from([(), ("web",), ("memory", "web")]), autonomy=st.integers(0, 4)),
)


def policy_of(sections: list[str]) -> RulePolicy:
    sources = [
        PolicySource(f"p{at}.toml", f'schema = "policy/1"\nid = "p{at}"\nversion = "1.0.0"\n{section}')
        for at, section in enumerate(sections)
    ]
    return compile_policies(sources, (TOOL,), Role(), clock=FrozenClock())


SECTIONS = st.lists(st.sampled_from([*RULES, *EXCEPTIONS]), max_size=6, unique=True)


@settings(max_examples=200)
@given(SECTIONS, st.sampled_from(RULES), QUESTIONS)
def test_with_exceptions_too_adding_a_rule_never_loosens(sections: list[str], rule: str, question: Question) -> None:
    before, after = (EFFECTS.index(policy_of(part).decide(question).effect) for part in (sections, [*sections, rule]))
    assert after >= before


@settings(max_examples=200)
@given(SECTIONS, QUESTIONS)
def test_an_exception_to_autonomy_loosens_at_most_what_autonomy_asks(sections: list[str], question: Question) -> None:
    """Without the exceptions the verdict is the same, unless autonomy alone asked; and the clause was plainly true."""
    rules = [section for section in sections if section.startswith("[[rule")]
    bare, excepted = policy_of(rules).decide(question), policy_of(sections).decide(question)
    if bare.effect != excepted.effect:
        assert (bare.effect, bare.rule, excepted.effect) == ("require_approval", "autonomy", "allow")
        assert not set(question.session.taint) & {"web"}
        aside = [one for one in excepted.fired if one.aside]
        assert aside and all(clause.outcome == "true" for one in aside for clause in one.clauses)


@settings(max_examples=200)
@given(SECTIONS.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))), QUESTIONS)
def test_order_of_exceptions_and_rules_never_matters(orders: tuple[list[str], list[str]], question: Question) -> None:
    head = 'schema = "policy/1"\nid = "p"\nversion = "1.0.0"\n'
    one, other = (
        compile_policies([PolicySource("p.toml", head + "".join(order))], (TOOL,), Role(), clock=FrozenClock())
        for order in orders
    )
    ignored = {"policy_digest"}
    assert one.decide(question).model_dump(exclude=ignored) == other.decide(question).model_dump(exclude=ignored)
