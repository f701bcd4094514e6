"""Verdicts in plain lines, safe to print."""

from __future__ import annotations

from collections.abc import Callable

from greenroom.core.inert import hidden_count
from greenroom.core.values import Clause, Finding, Fired, Verdict
from greenroom.policy.decide import RulePolicy
from greenroom.policy.explain import explain, quoted
from greenroom.policy.port import Question

Build = Callable[..., RulePolicy]
Refund = Callable[..., Verdict]


def test_every_part_of_a_verdict_is_a_line(refund: Refund) -> None:
    verdict = refund({"amount": 120, "order_id": 7, "note": "AKIAIOSFODNN7EXAMPLE"}, taint=("web",), autonomy=2)
    short = verdict.policy_digest[:8]
    assert explain(verdict) == [
        "require_approval: needs a person's approval",
        "rule: refund.large",
        "why: Refunds above 100 EUR need a person.",
        "risk: 65 = 40 (refund.large) + 25 (refund.large: session.taint.exists(t, t == 'web'))",
        f"policy: support@2.3.0#{short}",
        "autonomy: 1",
        "fired: refund.large of support@2.3.0 -> require_approval: Refunds above 100 EUR need a person.",
        "  clause: args.amount > 100 holds; args.amount = 120",
        "fired: secrets.masked of builtin@1.0.0 -> redact: A credential must not reach the screen, a tool, memory, a model or an export.",
        "fired: secrets.out of support@2.3.0 -> redact: A credential must not reach the screen, a tool, memory or an export.",
        "shown: args.amount = 120",
        "shown: args.order_id = 7",
        "found: secret.token at args.note, 0 to 20, now ‹token#1›",
        "asks: operator within 15 min, then escalate:lead, deny",
    ]


def test_a_clause_that_failed_says_so(refund: Refund) -> None:
    lines = explain(refund({}))
    assert "  clause: args.amount > 100 cannot be evaluated, so it counts as holding (args.amount is absent)" in lines
    assert "not checked: refund.large: args.amount > 100 (args.amount is absent)" in lines


def test_hostile_text_in_a_verdict_is_made_visible() -> None:
    hostile = "a\x1b]52;c;x\x07\u202e\nb"
    verdict = Verdict(
        effect="deny",
        rule=hostile,
        why=hostile,
        policy=hostile,
        addends=((hostile, 3),),
        fired=(Fired(rule=hostile, effect="deny", why=hostile, clauses=(Clause(source=hostile, outcome="error", values={hostile: hostile}, error=hostile),)),),
        findings=(Finding(detector=hostile, path=hostile, start=0, end=1, mask=hostile),),
        unchecked=(hostile,),
        show={hostile: {hostile: [hostile]}},
    )  # fmt: skip
    for line in explain(verdict):
        assert hidden_count(line) == 0
        assert "\n" not in line


def test_a_finding_is_shown_in_its_text_masked_like_the_verdict(build: Build) -> None:
    text = "my card is 4111 1111 1111 1111, my mail kim@shop.example and again 5500 0000 0000 0004 please"
    question = Question(hook="input", payload={"text": text}, origin="user")
    said = "\n".join(explain(build().decide(question), question.payload))
    assert (
        "found: personal.card at text, 11 to 30, now ‹card#1›: my card is «‹card#1›», my mail kim@shop.example" in said
    )
    assert "again «‹card#2›» please" in said
    assert "1111" not in said and "5500" not in said


def test_a_quote_is_cut_around_the_finding_and_harmless() -> None:
    text = "x" * 100 + "\x1b[2J" + "secret" + "y" * 100
    item = Finding(detector="d", path="text", start=104, end=110)
    assert quoted(text, item) == f"… {'x' * 36}\\x1b[2J«secret»{'y' * 40} …"
    assert quoted("short", item) == ""
