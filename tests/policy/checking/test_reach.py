"""Rules that cannot decide are named, with why; and a rule that is named never decides."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock
from greenroom.core.values import ToolSpec
from greenroom.policy.check import check_policies
from greenroom.policy.decide import RulePolicy
from greenroom.policy.language.comparisons import comparison, conjuncts, contradict, implies
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role

Tools = tuple[ToolSpec, ...]
HEAD = 'schema = "policy/1"\nid = "p{}"\nversion = "1.0.0"\n'


def rule(id: str, then: str = "deny", **more: str) -> str:
    """A rule about refunds unless `more` says otherwise; its values are written as TOML."""
    keys = {"hook": '"tool.call"', "tools": '["orders.refund"]'} | more
    lines = [f"{key} = {value}" for key, value in keys.items() if value]
    return "\n".join(["[[rule]]", f'id = "{id}"', 'why = "w"', *lines, f'then = "{then}"', ""])


def said(tools: Tools, *texts: str, role: Role | None = None) -> list[str]:
    """What is said about reach: everything but rules without tests."""
    sources = [PolicySource(f"p{at}.toml", HEAD.format(at) + text) for at, text in enumerate(texts)]
    found = check_policies(sources, tools, role or Role(), clock=FrozenClock())
    assert all(one.level == "warning" and re.fullmatch(r"p\d\.toml:\d+ rule\[\d+\]\.id", one.where) for one in found), (
        found
    )
    return [one.message for one in found if not one.message.endswith("has no test")]


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ('["false"]', "can never fire: false is never true"),
        ('["1 > 2"]', "can never fire: 1 > 2 is never true"),
        ('["session.turn > 3", "session.turn <= 3"]', "can never fire: session.turn > 3 and session.turn <= 3 are never both true"),
        ('["session.turn > 3 && session.turn < 2"]', "can never fire: session.turn > 3 and session.turn < 2 are never both true"),
        ("[\"origin == 'website'\"]", "can never fire: origin == 'website' is never true, origin is never 'website'"),
        ("[\"session.taint.exists(t, t == 'wbe')\"]", "did you mean 'web'?"),
        ("[\"'secret.tokn' in findings.kinds\"]", "did you mean 'secret.token'?"),
        ("[\"tool.name == 'orders.get'\"]", "tool.name is never 'orders.get'"),
        (
            '["args.amount > 100", "args.amount < 50"]',
            "fires only where a value is missing or cannot be read: args.amount > 100 and args.amount < 50",
        ),
        ("[\"args.note == 'a'\", \"args.note == 'b'\"]", "fires only where a value is missing or cannot be read"),
    ],
)  # fmt: skip
def test_clauses_that_never_hold_are_named(tools: Tools, clauses: str, expected: str) -> None:
    (found,) = said(tools, rule("r", when=clauses))
    assert expected in found


@pytest.mark.parametrize(
    "clauses",
    [
        '["args.amount > 100", "args.amount < 500"]',
        '["args.amount >= 100", "args.amount <= 100"]',
        '["args.amount > 100 || args.amount < 50"]',
        '["args.amount != 1", "args.amount != 2"]',
        "[\"args.note == 'a' || args.note == 'b'\"]",
        '["has(args.note)", "session.turn > 2"]',
        '["1 / 0 == 1"]',
        "[\"session.taint.exists(t, t == 'web')\", \"session.taint.exists(t, t == 'tool')\"]",
    ],
)
def test_clauses_that_can_hold_are_left_alone(tools: Tools, clauses: str) -> None:
    assert said(tools, rule("r", when=clauses)) == []


def test_one_alternative_that_can_hold_is_enough(tools: Tools) -> None:
    dead = "session.turn < 0 && session.turn > 1"
    assert said(tools, rule("r", any=f'["{dead}", "session.turn > 2"]')) == []
    (found,) = said(tools, rule("r", any=f'["{dead}", "false"]'))
    assert (
        found
        == "rule 'r' can never fire: session.turn < 0 and session.turn > 1 are never both true; false is never true"
    )


def test_a_rule_about_tools_that_are_out_of_bounds_is_named(tools: Tools) -> None:
    one = rule("r", when='["args.amount > 1"]')
    envelope = '[envelope.persona]\ntools = ["orders.get", "mail.*"]\n'
    assert said(tools, envelope + one, role=Role(id="aria")) == [
        "rule 'r' never decides for aria: the envelope of p0@1.0.0 denies orders.refund first"
    ]
    assert said(tools, one, role=Role(id="aria", tools=("mail.send",))) == [
        "rule 'r' never decides for aria: orders.refund is not among the tools of its contract and is denied first"
    ]
    both = rule("r", tools='["orders.refund", "mail.send"]')
    assert said(tools, envelope + both, role=Role(id="aria")) == []


def test_words_ruled_out_are_looked_for_at_output_only(tools: Tools) -> None:
    one = rule("r", "redact", tools="", hook='["input", "output"]', find='["voice.never"]')
    assert said(tools, one) == ["rule 'r' finds nothing at input but masks: voice.never is looked for at output"]
    out = rule("r", "deny", tools="", hook='["output"]', find='["voice.never"]')
    assert said(tools, out) == []
    assert said(tools, out, role=Role(id="aria")) == [
        "rule 'r' finds nothing but masks: the contract of aria rules no words out"
    ]


def test_a_stricter_rule_that_always_fires_too_is_named(tools: Tools) -> None:
    ask = rule("ask", "require_approval", when='["args.amount > 500"]', ask='{ role = "lead" }')
    deny = rule("deny", when='["args.amount > 100"]')
    (found,) = said(tools, ask + deny)
    assert found == (
        "rule 'ask' never decides: 'deny' (deny) fires whenever it does, and whom its 'ask' names is never asked"
    )
    assert said(tools, ask, deny)[0].startswith("rule 'ask' never decides: 'deny' of p1@1.0.0 (deny)")
    for wider in ('["args.amount > 600"]', '["args.amount > 100", "session.turn > 1"]', "[\"args.note == 'x'\"]"):
        assert said(tools, ask + rule("deny", when=wider)) == []


@pytest.mark.parametrize(
    "not_always",
    [
        {"mode": '"observe"'},
        {"tools": '["orders.get"]'},
        {"hook": '"tool.result"'},
        {"find": '["personal.card"]'},
    ],
)
def test_a_rule_that_does_not_always_act_shadows_nothing(tools: Tools, not_always: dict[str, str]) -> None:
    assert said(tools, rule("ask", "require_approval") + rule("deny", **not_always)) == []


def test_a_rule_with_an_exception_shadows_nothing(tools: Tools) -> None:
    exception = (
        '[[exception]]\nrule = "deny"\nowner = "o"\nexpires = 2026-12-01\nwhy = "w"\nwhen = ["session.turn > 1"]\n'
        '[[exception.test]]\nname = "a"\nwith = { session = { turn = 2 } }\nexpect = "set_aside"\n'
        '[[exception.test]]\nname = "b"\nexpect = "in_force"\n'
    )
    assert said(tools, rule("ask", "require_approval") + rule("deny") + exception) == []


def test_masking_is_shadowed_by_masking_alone(tools: Tools) -> None:
    mask = rule("mask", "redact", tools="", hook='["memory.write"]', find='["personal.phone"]')
    stop = rule("stop", "deny", tools="", hook='["memory.write"]', find='["personal.*"]')
    assert said(tools, mask + stop) == []
    more = rule(
        "more", "redact", tools="", hook='["memory.write", "output"]', find='["personal.phone", "personal.email"]'
    )
    assert said(tools, mask + more) == [
        "rule 'mask' adds nothing: 'more' fires whenever it does and also comes to redact"
    ]


def test_of_two_rules_that_say_the_same_one_is_named(tools: Tools) -> None:
    assert said(tools, rule("a"), rule("b")) == ["rule 'b' adds nothing: 'a' of p0@1.0.0 fires whenever it does and also comes to deny"]  # fmt: skip
    assert said(tools, rule("a"), rule("b", risk="{ base = 5 }")) == [
        "rule 'a' adds nothing: 'b' of p1@1.0.0 fires whenever it does and also comes to deny"
    ]
    asks = [rule(id, "escalate", ask=f'{{ role = "{id}" }}') for id in ("a", "b")]
    assert said(tools, *asks) == []


NUMBERS = st.sampled_from([0, 1, 2, 2.5, 3, -1])
OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


@settings(max_examples=400)
@given(OPERATORS, NUMBERS, OPERATORS, NUMBERS)
def test_what_is_said_of_two_comparisons_is_true_of_every_number(one: str, a: float, other: str, b: float) -> None:
    types = {"x": "double"}
    left, right = comparison(f"x {one} {a}", types), comparison(f"{b} {other} x", types)
    assert left is not None and right is not None
    for tenth in range(-30, 60):
        x = tenth / 10
        first, second = eval(f"{x} {one} {a}"), eval(f"{b} {other} {x}")  # made of numbers above
        assert not (implies(left, right) and first and not second)
        assert not (contradict(left, right) and first and second)


def test_only_plain_comparisons_are_compared() -> None:
    types = {"x": "double", "s": "string", "d": "dyn", "l": "list(string)"}
    for source in (
        "d > 1",
        "x > y",
        "s == 1",
        "x > 'a'",
        "size(s) > 1",
        "s == 'a\\'b'",
        "x + 1 > 2",
        "x > 1u",
        "y",
        "s == r'a'",
    ):
        assert comparison(source, types) is None, source
    assert conjuncts("a && (b || c) && d[0 && 1]") == ("a", "(b || c)", "d[0 && 1]")
    assert conjuncts("a && b || c") == ("a && b || c",)


TOOL = ToolSpec(
    name="t",
    description="",
    parameters={
        "type": "object",
        "properties": {"n": {"type": "number"}, "s": {"type": "string"}, "b": {"type": "boolean"}},
    },
    effects="none",
)
OTHER = TOOL.model_copy(
    update={"name": "u", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}
)
CLAUSES = [
    "args.n > 1", "args.n > 2", "args.n < 1", "args.n >= 2 && args.n <= 2", "args.n == 2", "args.n != 2", "2 < args.n",
    "session.turn > 1", "session.turn < 1", "session.turn == 0", "origin == 'model'", "origin == 'nobody'", "false",
    "true", "1 / 0 == 1", "hook == 'tool.call'", "session.taint.exists(t, t == 'web')",
    "'personal.card' in findings.kinds", "tool.name == 't'",
]  # fmt: skip
ONE_TOOL = ["args.s == 'a'", "args.s == 'b'", "args.b", "!args.b", "has(args.s)", "args.s != 'a'"]


@st.composite
def rules(draw: st.DrawFn) -> str:
    id = draw(st.sampled_from("abcdef"))
    bound = draw(st.sampled_from(['["t"]', '["t"]', '["u"]', '["*"]']))
    clauses = st.sampled_from([*CLAUSES, *(ONE_TOOL if bound == '["t"]' else [])])
    then = draw(st.sampled_from(["redact", "require_approval", "escalate", "deny"]))
    more = {
        "hook": draw(st.sampled_from(['"tool.call"', '["tool.call", "tool.result"]'])),
        "tools": bound,
        "find": '["personal.card"]' if then == "redact" else draw(st.sampled_from(["", "", '["personal.*"]'])),
        "mode": draw(st.sampled_from(["", "", '"observe"'])),
        "risk": draw(st.sampled_from(["", "", "{ base = 30 }"])),
    }
    if "result" in more["hook"]:
        clauses = st.sampled_from([one for one in CLAUSES if "args" not in one])
    more["when"] = "[" + ", ".join('"' + one + '"' for one in draw(st.lists(clauses, max_size=3))) + "]"
    if draw(st.booleans()):
        more["any"] = "[" + ", ".join('"' + one + '"' for one in draw(st.lists(clauses, min_size=1, max_size=2))) + "]"
    return rule(id, then, **more)


QUESTIONS = st.builds(
    lambda hook, tool, args, facts, text: Question(
        hook=hook, subject=tool.name, payload={"args": args, "text": text}, tool=tool, origin="model", session=facts
    ),
    st.sampled_from(["tool.call", "tool.result"]),
    st.sampled_from([TOOL, OTHER]),
    st.fixed_dictionaries(
        {},
        optional={
            "n": st.sampled_from([0, 1, 1.5, 2, 2.0, 3, None, "x", True]),
            "s": st.sampled_from(["a", "b", "c", 4]),
            "b": st.sampled_from([True, False, "yes"]),
        },
    ),
    st.builds(SessionFacts, turn=st.integers(0, 3), taint=st.sampled_from([(), ("web",)]), autonomy=st.integers(0, 4)),
    st.sampled_from(["", "4111 1111 1111 1111", "‹card#1›"]),
)  # fmt: skip


def compiled(texts: list[str]) -> RulePolicy:
    sources = [builtin_source(), PolicySource("p0.toml", HEAD.format(0) + "".join(texts))]
    return compile_policies(sources, (TOOL, OTHER), Role(), clock=FrozenClock())


@settings(max_examples=120)
@given(
    st.lists(rules(), min_size=1, max_size=4, unique_by=lambda text: text.split('"')[1]),
    st.lists(QUESTIONS, min_size=1, max_size=6),
)
def test_what_is_said_of_a_rule_is_true_of_every_question(texts: list[str], questions: list[Question]) -> None:
    sources = [PolicySource("p0.toml", HEAD.format(0) + "".join(texts))]
    found = [one.message for one in check_policies(sources, (TOOL, OTHER), Role(), clock=FrozenClock())]
    named = {
        kind: {m.split("'")[1] for m in found if kind in m}
        for kind in ("never decides", "can never fire", "fires only", "adds nothing")
    }
    assume(any(named.values()))
    policy = compiled(texts)
    without = [compiled([text for text in texts if f'id = "{id}"' not in text]) for id in named["adds nothing"]]
    for question in questions:
        verdict = policy.decide(question)
        fired = {one.rule: one for one in verdict.fired}
        assert verdict.rule not in named["never decides"]
        assert not fired.keys() & named["can never fire"]
        assert all(any(c.outcome == "error" for c in fired[id].clauses) for id in fired.keys() & named["fires only"])
        for less in without:
            bare = less.decide(question)
            assert (bare.effect, bare.risk, bare.payload) == (verdict.effect, verdict.risk, verdict.payload)
