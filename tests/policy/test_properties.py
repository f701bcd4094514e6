"""Invariants over generated policies and questions."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.values import ToolSpec, Verdict
from greenroom.detectors import find
from greenroom.policy.files.rules import EFFECTS
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role

TOOL = ToolSpec(
    name="orders.refund",
    description="",
    parameters={"type": "object", "properties": {"amount": {"type": "number"}, "note": {"type": "string"}}},
    reversible=True,
    outbound=True,
)
CLAUSES = [
    "args.amount > 100",
    "args.amount <= 50",
    "has(args.note)",
    "args.note.contains('x')",
    "1 / (session.turn - session.turn) == 1",
    "session.taint.exists(t, t == 'web')",
    "'personal.card' in findings.kinds",
    "session.counts['orders.refund'] > 1",
    "true",
    "false",
]
MASK = '[[rule]]\nid = "mask"\nwhy = "w"\nhook = "tool.call"\nfind = ["personal.*"]\nthen = "redact"\n'
SECTIONS = [
    *(
        f'[[rule]]\nid = "r.{number}.{effect}"\nwhy = "w"\nhook = "tool.call"\nwhen = ["{clause}"]\nthen = "{effect}"\n'
        f"risk = {{ base = {number * 9} }}\n"
        for number, clause in enumerate(CLAUSES)
        for effect in EFFECTS
        if effect != "redact"
    ),
    MASK,
    '[[rule]]\nid = "may"\nwhy = "w"\nhook = "tool.call"\nthen = "require_approval"\nautonomy_may = true\n',
    '[[rule]]\nid = "seen"\nwhy = "w"\nhook = "tool.call"\nthen = "deny"\nmode = "observe"\n',
    '[[rule]]\nid = "find"\nwhy = "w"\nhook = "tool.call"\nfind = ["secret.*"]\nany = ["false", "args.amount > 1"]\nthen = "deny"\n',
    '[envelope.persona]\ntools = ["orders.*"]\nlimits = { sum = { "args.amount" = { session = 300 } } }\n',
    '[envelope.persona]\nhosts = ["*.shop.example"]\nlimits = { calls_per_turn = 2 }\n',
]
POLICIES = st.lists(st.sampled_from(SECTIONS), max_size=6, unique=True)
QUESTIONS = st.builds(
    lambda args, facts: Question(
        hook="tool.call", subject=TOOL.name, payload={"args": args}, tool=TOOL, origin="model", session=facts
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "amount": st.sampled_from([0, 50, 100, 100.5, 400, -3, None, "many", True, float("nan")]),
            "note": st.sampled_from(
                ["", "x", "é 4111111111111111 x", "see https://evil.test", "AKIAIOSFODNN7EXAMPLE", None]
            ),
        },
    ),
    st.builds(
        SessionFacts,
        taint=st.sampled_from([(), ("web",), ("web", "tool")]),
        autonomy=st.integers(0, 4),
        calls_this_turn=st.integers(0, 3),
        sums=st.sampled_from([{}, {"orders.refund:args.amount:session": 250.0}]),
    ),
)


def decide(sections: list[str], question: Question) -> Verdict:
    sources = [
        PolicySource(f"p{number}.toml", f'schema = "policy/1"\nid = "p{number}"\nversion = "1.0.0"\n{section}')
        for number, section in enumerate(sections)
    ]
    return compile_policies(sources, (TOOL,), Role(), clock=FrozenClock()).decide(question)


def strictness(verdict: Verdict) -> int:
    return EFFECTS.index(verdict.effect)


@settings(max_examples=200)
@given(POLICIES, st.sampled_from(SECTIONS), QUESTIONS)
def test_adding_a_rule_never_loosens_a_verdict(sections: list[str], extra: str, question: Question) -> None:
    assert strictness(decide([*sections, extra], question)) >= strictness(decide(sections, question))


@given(POLICIES.flatmap(lambda sections: st.tuples(st.just(sections), st.permutations(sections))), QUESTIONS)
def test_order_of_rules_never_matters(orders: tuple[list[str], list[str]], question: Question) -> None:
    head = 'schema = "policy/1"\nid = "p"\nversion = "1.0.0"\n'
    rules = [[section for section in order if section.startswith("[[rule")] for order in orders]
    one, other = (
        compile_policies([PolicySource("p.toml", head + "".join(order))], (TOOL,), Role(), clock=FrozenClock())
        for order in rules
    )
    first, second = one.decide(question), other.decide(question)
    ignored = {"policy_digest"}
    assert first.model_dump(exclude=ignored) == second.model_dump(exclude=ignored)


@given(POLICIES, QUESTIONS)
def test_order_of_files_never_matters(sections: list[str], question: Question) -> None:
    forwards, backwards = decide(sections, question), decide(sections[::-1], question)
    assert (forwards.effect, forwards.rule, forwards.risk) == (backwards.effect, backwards.rule, backwards.risk)
    assert forwards.payload == backwards.payload


@given(st.sampled_from(CLAUSES), st.sampled_from(["require_approval", "escalate", "deny"]), QUESTIONS)
def test_an_error_in_a_clause_never_allows(clause: str, effect: str, question: Question) -> None:
    """Whatever fails makes the rule fire: only a clause that is plainly false keeps it silent."""
    section = f'[[rule]]\nid = "r"\nwhy = "w"\nhook = "tool.call"\nwhen = ["{clause}"]\nthen = "{effect}"\n'
    verdict = decide([section], question)
    negated = decide([section.replace(clause, f"!({clause})")], question)
    fired = [one for one in (verdict, negated) if any(part.rule == "r" for part in one.fired)]
    if verdict.rule != "unchecked":
        assert fired, "a clause and its negation cannot both keep a rule silent"
        assert all(strictness(one) >= EFFECTS.index(effect) for one in fired)


@given(QUESTIONS)
def test_redaction_is_idempotent_with_exact_spans(question: Question) -> None:
    first = decide([MASK], question)
    if first.payload is None:
        return
    for item in first.findings:
        note: Any = question.payload["args"]["note"]
        if item.detector.startswith("personal."):
            assert find(note[item.start : item.end])[0].detector == item.detector
    again = decide([MASK], question.model_copy(update={"payload": first.payload}))
    assert again.payload == first.payload
    assert again.effect == first.effect


@given(POLICIES, QUESTIONS)
def test_the_same_question_gives_the_same_verdict(sections: list[str], question: Question) -> None:
    assert decide(sections, question) == decide(sections, question)
