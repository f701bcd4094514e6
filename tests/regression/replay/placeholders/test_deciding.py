"""A call with a placeholder in it is decided about anew, with what the tape knows of the value, or it is not decided."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.values import ApprovalReply
from greenroom.regression.accept.retold import retell
from greenroom.regression.record.record import Recorded
from greenroom.regression.replay.placeholders.held import says
from greenroom.regression.replay.replay import Fixture
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.schema import tape_schema
from greenroom.regression.tape.tape import Line
from tests.regression.mailing import exception, mailed, policy, rule, under
from tests.regression.taped import GOOD, builder, edited, replayed

EVIL, OURS = "sam@evil.test", "ines@shop.example"
ASK = ApprovalReply(decision="allow", approver="kim")
OUTSIDE = "!args.to.endsWith('@shop.example')"
DENIED = (rule("outside", OUTSIDE), rule("long", "args.body.size() > 40", then="require_approval"))


def held(kept: Recorded) -> list[Line]:
    return [line for line in kept.tape.events if "held" in line]


def denied(*rules: str) -> tuple[Any, Recorded]:
    made, kept, _ = mailed(policy(*(rules or DENIED)), {"to": EVIL, "body": "hello"})
    return made, kept


def test_what_its_clauses_came_to_is_on_the_tape_and_nothing_else_of_the_value() -> None:
    _, kept = denied()
    [line] = held(kept)
    assert [row[1:] for row in line["clauses"]] == [[True, OUTSIDE]]
    assert line["found"] == ["personal.email"]
    assert kept.tape.header["replaced"] == ["‹email#1›"]
    assert EVIL not in str(kept.tape)
    assert "evil.test" not in str(kept.tape)


def test_lines_that_hold_something_fit_the_schema_of_tapes() -> None:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

    _, kept = denied()
    schema = Draft202012Validator(tape_schema())
    assert all(schema.is_valid(line) for line in held(kept))
    assert not schema.is_valid({**held(kept)[0], "clauses": [["key", "yes", "text"]]})


def test_nothing_changed_nothing_differs(tmp_path: Path) -> None:
    made, kept = denied()
    assert replayed(made, kept, tmp_path).kind == "passed"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((), "effect deny -> require_approval"),
        ((rule("outside", OUTSIDE, then="require_approval"),), "effect deny -> require_approval"),
        ((rule("outside", "1 == 2"),), "effect deny -> require_approval"),
        ((rule("outside", OUTSIDE, "args.body == 'x'"),), "effect deny -> require_approval"),
        ((*DENIED, exception("outside", "args.body == 'hello'")), "effect deny -> require_approval"),
        ((*DENIED, exception("outside", OUTSIDE)), "effect deny -> require_approval"),
        ((*DENIED, rule("a.new", "args.body == 'hello'")), "rule outside -> a.new"),
        ((*DENIED, rule("a.new", find='["personal.email"]')), "rule outside -> a.new"),
        ((rule("renamed", OUTSIDE),), "rule outside -> renamed"),
    ],
)
def test_a_changed_policy_is_noticed(tmp_path: Path, parts: tuple[str, ...], said: str) -> None:
    made, kept = denied()
    found = under(policy(*parts), made, kept, tmp_path)
    assert found.kind == "diverged"
    assert said in found.line


@pytest.mark.parametrize(
    "parts",
    [
        tuple(reversed(DENIED)),
        (DENIED[0],),
        (*DENIED, rule("b.other", "args.body == 'bye'")),
        (*DENIED, rule("z.new", "args.to.contains('x')")),
        (*DENIED, exception("outside", "args.body == 'bye'", "args.to.contains('x')")),
    ],
)
def test_what_makes_no_difference_passes(tmp_path: Path, parts: tuple[str, ...]) -> None:
    made, kept = denied()
    assert under(policy(*parts), made, kept, tmp_path).kind == "passed"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((rule("outside", "!args.to.endsWith('@other.example')"),), "rule outside asks"),
        ((*DENIED, rule("a.new", "args.to.contains('sam')")), "rule a.new asks"),
        ((*DENIED, exception("outside", "args.to.contains('sam')")), "an exception to rule outside asks"),
        ((*DENIED, rule("a.new", "findings.count > 1")), "rule a.new asks"),
        ((*DENIED, rule("a.new", "'user' in args_from['to']")), "rule a.new asks"),
    ],
)
def test_what_the_tape_does_not_know_is_not_decided(tmp_path: Path, parts: tuple[str, ...], said: str) -> None:
    made, kept = denied()
    found = under(policy(*parts), made, kept, tmp_path)
    assert found.kind == "diverged"
    assert found.line.startswith("turn 1, mail.send: the tape keeps only ‹email#1›, and ")
    assert said in found.line


def test_what_was_not_decided_is_not_taken_over(tmp_path: Path) -> None:
    made, kept = denied()
    Parts(tmp_path).write(kept.texts)
    other = policy(rule("outside", "!args.to.endsWith('@other.example')"))
    again = asyncio.run(retell(Fixture("x", kept.tape, GOOD, Parts(tmp_path)), builder(made, policy=other)))
    assert [one[:40] for one in again.missing] == ["turn 1, mail.send: the tape keeps only ‹"]


def test_a_clause_that_was_never_reached_is_known_too(tmp_path: Path) -> None:
    second = "args.to.endsWith('.test')"
    made, kept = denied(rule("outside", "args.body == 'bye'", second), rule("other", OUTSIDE))
    assert under(policy(rule("outside", second), rule("other", OUTSIDE)), made, kept, tmp_path).kind == "passed"
    assert under(policy(rule("a.first", second), rule("other", OUTSIDE)), made, kept, tmp_path).kind == "diverged"


DETECTOR = '[[detector]]\nid = "shop.sam"\nwhy = "Names."\npattern = "{}"\nmask = "name"\n'
NAMED = rule("named", find='["shop.sam"]')


def test_a_detector_is_the_one_of_then_or_nothing_is_decided(tmp_path: Path) -> None:
    made, kept = denied(DETECTOR.format("sam@evil"), NAMED)
    assert held(kept)[0]["found"] == ["personal.email", "shop.sam"]
    assert under(policy(DETECTOR.format("sam@evil"), NAMED), made, kept, tmp_path).kind == "passed"
    found = under(policy(DETECTOR.format("kim@evil"), NAMED), made, kept, tmp_path)
    assert "rule named looks for shop.sam, whose detector is not the one of then" in found.line
    assert under(policy(), made, kept, tmp_path).kind == "diverged"


def test_hosts_are_held_where_a_placeholder_may_hide_one(tmp_path: Path) -> None:
    sites = '[[detector]]\nid = "shop.site"\nwhy = "Sites."\npattern = "https://[a-z.]+"\n'
    hidden = '[[rule]]\nid = "sites"\nwhy = "Hidden."\nhook = "output"\nfind = ["shop.site"]\nthen = "redact"\n'
    bounds = '[envelope.persona]\nhosts = ["{}"]\n'
    strict, loose = (policy(bounds.format(host), sites, hidden) for host in ("shop.example", "evil.test"))
    made, kept, verdict = mailed(strict, {"to": OURS, "body": "see https://evil.test"})
    assert verdict.rule == "envelope"
    assert under(strict, made, kept, tmp_path).kind == "passed"
    found = under(loose, made, kept, tmp_path)
    assert "the envelope's hosts, which changed since" in found.line
    assert under(policy(sites, hidden), made, kept, tmp_path).kind == "diverged"


def test_a_broken_line_of_clauses_is_one_error(tmp_path: Path) -> None:
    made, kept = denied()
    for values in ({"clauses": [["key", "yes", "text"]]}, {"clauses": [["key"]]}, {"own": {"a": 1}}, {"found": [3]}):
        assert (
            "is not of the form"
            in under(made.policy, made, kept, tmp_path, tape=edited(kept.tape, "held", **values)).line
        )


CLAUSES = [
    OUTSIDE,
    "args.to.endsWith('@shop.example')",
    "args.to.contains('sam')",
    "args.to == 'ines@shop.example'",
    "has(args.to)",
    "args.to.size() > 14",
    "args.copies > 2",
    "args.copies > 2 && args.to.contains('e')",
    "args.body.contains('hello')",
    "findings.count > 1",
    "'personal.email' in findings.kinds",
    "session.turn == 1",
    "args_from['to'].size() > 0",
    "int(args.body) > 1",
]
RULES = st.builds(
    lambda name, when, then, find, base: rule(
        name,
        *when,
        then=then,
        risk=f"{{ base = {base}, add = [[\"args.to.contains('n')\", 7]] }}",
        **({"find": '["personal.*"]'} if find else {}),
    ),
    st.sampled_from("abc"),
    st.lists(st.sampled_from(CLAUSES), max_size=2),
    st.sampled_from(["allow", "require_approval", "escalate", "deny"]),
    st.booleans(),
    st.sampled_from([0, 10]),
)


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, ...]:
    rules = draw(st.lists(RULES, max_size=3, unique_by=lambda text: text[:20]))
    ids = [text.split('"')[1] for text in rules]
    excepted = draw(st.sampled_from([*ids, ""])) if ids else ""
    when = draw(st.sampled_from(CLAUSES))
    return (*rules, *([exception(excepted, when)] if excepted else []))


@settings(max_examples=60, deadline=None)
@given(
    policies(),
    policies(),
    st.sampled_from([EVIL, OURS, "a@b.test", "nobody", "sam@shop.example, ines@shop.example"]),
    st.sampled_from(["hello", "7", "x"]),
    st.integers(1, 4),
)
def test_no_replay_passes_where_the_values_would_be_decided_about_otherwise(
    old: tuple[str, ...], new: tuple[str, ...], to: str, body: str, copies: int
) -> None:
    arguments = {"to": to, "body": body, "copies": copies}
    before, after = policy(*old), policy(*new)
    made, kept, was = mailed(before, arguments)
    _, _, would_be = mailed(after, arguments)
    with TemporaryDirectory() as folder:
        assert under(policy(*old), made, kept, Path(folder)).kind == "passed"
        if under(after, made, kept, Path(folder)).good:
            assert says(would_be) == says(was)


LONG = '[[rule]]\nid = "{}"\nwhy = "Long."\nhook = "input"\nwhen = ["text.length > {}"]\nthen = "deny"\n'


def test_a_new_question_about_words_that_were_replaced_is_not_decided_either(tmp_path: Path) -> None:
    made, kept = denied(LONG.format("long", 90), OUTSIDE_RULE)
    assert under(policy(LONG.format("long", 90), OUTSIDE_RULE), made, kept, tmp_path).kind == "passed"
    found = under(policy(LONG.format("long", 30), OUTSIDE_RULE), made, kept, tmp_path)
    assert found.line == (
        'turn 1, input: the tape keeps only ‹email#1›, and rule long asks "text.length > 30", which was not asked then'
    )
    assert under(policy(LONG.format("long", 400), OUTSIDE_RULE), made, kept, tmp_path).kind == "passed"
    assert "verdict input" in under(policy(LONG.format("long", 5), OUTSIDE_RULE), made, kept, tmp_path).line
    asked = LONG.format("long", 30) + 'mode = "observe"\n'
    assert under(policy(asked, OUTSIDE_RULE), made, kept, tmp_path).kind == "passed"


OUTSIDE_RULE = DENIED[0]
EXPORTED = '[[rule]]\nid = "out"\nwhy = "Names."\nhook = "export"\nfind = ["shop.greeting"]\nthen = "redact"\n'
HELLO = '[[detector]]\nid = "shop.greeting"\nwhy = "Names."\npattern = "hello"\nmask = "greeting"\n'


def test_what_is_hidden_only_when_it_is_taken_over_is_held_then(tmp_path: Path) -> None:
    greets = rule("greets", "args.body.contains('hello')", then="escalate")
    made, kept = denied(*DENIED, greets)
    Parts(tmp_path).write(kept.texts)
    other = policy(*DENIED, greets, HELLO, EXPORTED)
    again = asyncio.run(retell(Fixture("x", kept.tape, GOOD, Parts(tmp_path)), builder(made, policy=other)))
    assert again.missing == ()
    assert again.tape.header["replaced"] == ["‹email#1›", "‹greeting#1›"]
    assert "hello" not in str([line.get("calls") for line in again.tape.events])
    [line] = [one for one in again.tape.events if "held" in one]
    assert {(row[1], row[2]) for row in line["clauses"]} >= {(True, OUTSIDE), (True, "args.body.contains('hello')")}
    fresh = Recorded(again.tape, {**kept.texts, **again.texts}, ())
    assert under(other, made, fresh, tmp_path).kind == "passed"
    without = policy(*DENIED, HELLO, EXPORTED)
    assert under(without, made, fresh, tmp_path).kind == "passed"
    assert under(policy(greets, HELLO, EXPORTED), made, fresh, tmp_path).kind == "diverged"
