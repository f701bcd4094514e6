"""Bounds of a role, autonomy and taint."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Effect, Hook, Origin
from greenroom.policy.decide import RulePolicy
from greenroom.policy.port import Question
from greenroom.policy.verdict import autonomy
from greenroom.policy.verdict.bounds import Role

Build = Callable[..., RulePolicy]
Put = Callable[..., Question]


def test_tools_outside_the_contract_are_denied(build: Build, put: Put) -> None:
    policy = build(role=Role(tools=("orders.get", "mail.*")))
    assert policy.decide(put("orders.get", {})).effect == "allow"
    assert policy.decide(put("mail.send", {})).effect == "allow"
    assert policy.decide(put("orders.refund", {})).rule == "tools.allow"
    assert build(role=Role(tools=())).decide(put("orders.get", {})).effect == "deny"


@pytest.mark.parametrize(("hook", "segment", "effect"), [
    ("memory.write", "customer", "allow"),
    ("memory.write", "session", "deny"),
    ("memory.write", "", "deny"),
    ("memory.read", "session", "allow"),
    ("memory.read", "team", "deny"),
])  # fmt: skip
def test_memory_segments_outside_the_contract_are_denied(
    build: Build, hook: Hook, segment: str, effect: Effect
) -> None:
    policy = build(role=Role(memory_read=("customer", "session"), memory_write=("customer",)))
    verdict = policy.decide(Question(hook=hook, segment=segment, payload={"text": "size 42"}))
    assert (verdict.effect, verdict.rule) == (effect, "default" if effect == "allow" else "memory.segments")


def test_an_envelope_binds_its_own_kind_only(build: Build, put: Put) -> None:
    text = '[envelope.agent]\ntools = ["orders.get"]\n[envelope.aria]\ntools = ["mail.send"]\n'
    question = put("orders.refund", {})
    assert build(text, role=Role(id="bo")).decide(question).effect == "allow"
    assert build(text, role=Role(id="bo", kind="agent")).decide(question).rule == "envelope"
    assert build(text, role=Role(id="aria")).decide(question).policy == "p0@1.0.0"


def test_every_envelope_must_hold(build: Build, put: Put) -> None:
    wide = '[envelope.persona]\ntools = ["orders.*"]\n'
    narrow = '[envelope.persona]\ntools = ["orders.get*"]\n'
    for texts in ((wide, narrow), (narrow, wide)):
        assert build(*texts).decide(put("orders.refund", {})).effect == "deny"
        assert build(*texts).decide(put("orders.get", {})).effect == "allow"


def test_calls_in_a_turn_are_counted(build: Build, put: Put) -> None:
    policy = build("[envelope.persona]\nlimits = { calls_per_turn = 2 }\n")
    effects = [policy.decide(put("orders.get", {}, calls_this_turn=made)).effect for made in range(4)]
    assert effects == ["allow", "allow", "deny", "deny"]


@pytest.mark.parametrize(("sums", "effect"), [
    ({}, "allow"),
    ({"orders.refund:args.amount:session": 410}, "allow"),
    ({"orders.refund:args.amount:session": 410.01}, "deny"),
    ({"mail.send:args.amount:session": 300, "orders.refund:args.amount:session": 200}, "deny"),
    ({"orders.refund:args.amount:day": 950}, "deny"),
    ({"orders.refund:args.amount:turn": 5_000}, "allow"),
])  # fmt: skip
def test_sums_add_up_over_tools_and_periods(
    build: Build, put: Put, support: str, sums: dict[str, float], effect: Effect
) -> None:
    assert build(support).decide(put("orders.refund", {"amount": 90}, sums=sums)).effect == effect


def test_sums_over_the_items_of_a_list(build: Build, put: Put) -> None:
    policy = build('[envelope.persona]\nlimits = { sum = { "args.lines[].price" = { turn = 100 } } }\n')
    assert policy.decide(put("orders.refund", {"lines": [{"price": 60}, {"price": 40}]})).effect == "allow"
    assert policy.decide(put("orders.refund", {"lines": [{"price": 60}, {"price": 41}]})).effect == "deny"
    assert policy.decide(put("orders.refund", {"lines": [{"price": 60}, {}]})).effect == "deny"
    assert policy.decide(put("orders.get", {})).effect == "allow"


@pytest.mark.parametrize(("level", "get", "note", "refund"), [
    (0, "deny", "deny", "deny"),
    (1, "require_approval", "require_approval", "require_approval"),
    (2, "allow", "require_approval", "require_approval"),
    (3, "allow", "allow", "require_approval"),
    (4, "allow", "allow", "allow"),
])  # fmt: skip
def test_autonomy_decides_what_no_rule_settles(
    build: Build, put: Put, level: int, get: Effect, note: Effect, refund: Effect
) -> None:
    policy = build()
    decided = [policy.decide(put(tool, {}, autonomy=level)) for tool in ("orders.get", "orders.note", "orders.refund")]
    assert [verdict.effect for verdict in decided] == [get, note, refund]
    assert {(verdict.rule, verdict.autonomy) for verdict in decided} == {("autonomy", level)}


@pytest.mark.parametrize(("level", "tool", "risk", "effect"), [
    (3, "orders.note", 39, "allow"),
    (3, "orders.note", 40, "require_approval"),
    (4, "orders.refund", 69, "allow"),
    (4, "orders.refund", 70, "require_approval"),
])  # fmt: skip
def test_risk_bounds_autonomy(build: Build, put: Put, level: int, tool: str, risk: int, effect: Effect) -> None:
    adds = f'[[rule]]\nid = "r"\nwhy = "w"\nhook = "tool.call"\nthen = "allow"\nrisk = {{ base = {risk} }}\n'
    assert build(adds).decide(put(tool, {}, autonomy=level)).effect == effect


@pytest.mark.parametrize(("level", "taint", "counts"), [
    (4, ("web",), 3),
    (2, ("user", "web"), 1),
    (1, ("web",), 1),
    (0, ("web",), 0),
    (3, ("user", "passage", "tool", "memory"), 3),
])  # fmt: skip
def test_untrusted_text_lowers_autonomy_by_one(level: int, taint: tuple[Origin, ...], counts: int) -> None:
    assert autonomy.lowered(level, taint) == counts


def test_untrusted_text_private_data_and_a_way_out_need_a_person(build: Build, put: Put) -> None:
    policy = build()
    assert policy.decide(put("mail.send", {}, taint=("tool",))).effect == "allow"
    assert policy.decide(put("mail.send", {}, taint=("web",))).rule == "autonomy"
    verdict = policy.decide(put("mail.send", {}, taint=("web", "tool")))
    assert (verdict.effect, verdict.rule) == ("require_approval", "taint")
    assert policy.decide(put("orders.get", {}, taint=("web", "tool"))).effect == "allow"


def test_calls_of_a_pattern_are_counted_by_turn_session_and_day(build: Build, put: Put) -> None:
    limits = 'limits = { calls = { "orders.*" = { turn = 2, session = 3 }, "mail.send" = { day = 1 } } }\n'
    policy = build("[envelope.persona]\n" + limits)
    sums: dict[str, float] = {}
    effects = []
    for tool in ("orders.get", "orders.refund", "orders.get", "mail.send"):
        effects.append(policy.decide(put(tool, {"amount": 1}, sums=dict(sums))).effect)
        for key, amount in policy.reserves(tool, {"amount": 1}).items():
            sums[key] = sums.get(key, 0.0) + amount
    assert effects == ["allow", "allow", "deny", "allow"]
    verdict = policy.decide(put("mail.send", {}, sums=sums))
    assert (verdict.rule, verdict.why) == (
        "envelope",
        "1 calls of mail.send a day are allowed, and this would be number 2.",
    )
    assert policy.reserves("mail.send", {}) == {"mail.send:calls[mail.send]:day": 1.0}


def test_a_limit_on_calls_of_no_tool_is_an_error(build: Build) -> None:
    with pytest.raises(FileInvalid, match="no tool matches"):
        build('[envelope.persona]\nlimits = { calls = { "parcels.*" = { turn = 2 } } }\n')
