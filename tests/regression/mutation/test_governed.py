"""Mutants of what governs: which a suite of the help desk notices, by which fixture, and what would notice the others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.regression.case import Case
from greenroom.regression.mutation import policy
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.suite import replayed
from greenroom.workspace.layout import Workspace
from tests.regression.mutation.suites import by_change, ran, recorded, shop, suite

LARGE = "refund.large: when args.amount > 100 -> args.amount"
AT_THE_LIMIT = "I want a refund of 100 EUR for order 1001"
OVER_IT = "I want a refund of 100.01 EUR for order 1001"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The help desk with a fixture on either side of its limit."""
    workspace = shop(tmp_path_factory.mktemp("desk"))
    recorded(workspace, "at-the-limit", AT_THE_LIMIT)
    recorded(workspace, "a-cent-over", OVER_IT)
    return workspace


def test_a_suite_without_the_edge_lets_thresholds_move(desk: Workspace) -> None:
    found = by_change(ran(suite(desk, "refund-over-limit"), "policy", only=LARGE))
    assert {change: one.state for change, one in found.items()} == {
        f"{LARGE} >= 100": "survived",
        f"{LARGE} > 99.99": "survived",
        f"{LARGE} > 100.01": "survived",
    }
    moved = found[f"{LARGE} > 100.01"]
    assert moved.mutant.hint == "a fixture in which args.amount is exactly 100.01"
    assert moved.tested == "refund.large: a cent above 100 needs a person"
    assert found[f"{LARGE} >= 100"].mutant.hint == "a fixture in which args.amount is exactly 100"
    assert moved.mutant.name == "policy support: refund.large: when args.amount > 100 -> args.amount > 100.01"


@pytest.mark.parametrize("case", [None, Case(schema="case/1")], ids=["as exported", "without assertions"])
def test_what_the_hints_ask_for_catches_them(desk: Workspace, case: Case | None) -> None:
    found = by_change(ran(suite(desk, "at-the-limit", "a-cent-over", case=case), "policy", only=LARGE))
    assert {change.removeprefix(LARGE): (one.state, one.fixture) for change, one in found.items()} == {
        " >= 100": ("caught", "at-the-limit.tape.jsonl"),
        " > 99.99": ("caught", "at-the-limit.tape.jsonl"),
        " > 100.01": ("caught", "a-cent-over.tape.jsonl"),
    }
    assert {one.how for one in found.values()} == {"diverged"}
    assert "refund.large" in found[f"{LARGE} >= 100"].line
    assert {one.stale for one in found.values()} == {2}


def test_rules_that_decided_cannot_be_dropped_softened_or_negated(desk: Workspace) -> None:
    found = by_change(ran(suite(desk), "policy", only="refund.large"))
    for change in (
        "refund.large: dropped",
        "refund.large: then require_approval -> allow",
        "refund.large: then require_approval -> escalate",
        "refund.large: mode enforce -> observe",
        "refund.large: when args.amount > 100 dropped",
        "refund.large: when args.amount > 100 -> !(args.amount > 100)",
        "refund.large: risk.base 40 -> 30",
        "refund.large: ask.role operator -> lead",
    ):
        assert found[change].state == "caught", change


def test_envelopes_and_detectors(desk: Workspace) -> None:
    run = ran(suite(desk), "policy", only="envelope.persona")
    found = by_change(run)
    assert found["envelope.persona.tools: orders.refund dropped"].state == "caught"
    assert found["envelope.persona.tools: mail.send dropped"].state == "survived"
    assert found["envelope.persona.hosts: any"].state == "survived"
    assert found["envelope.persona.limits.sum.args.amount.session 500.0 -> 499.0"].state == "survived"
    assert run.invalid == 0
    blind = by_change(ran(suite(desk), "policy", only="shop.gift_code"))
    assert blind["shop.gift_code: finds nothing"].tested == "gift.codes: a code that a customer types"
    assert "shop.gift_code: dropped" not in blind  # a rule looks for it, so that is no policy


def test_what_only_an_export_comes_to_is_no_survivor(desk: Workspace) -> None:
    found = by_change(ran(suite(desk), "policy", only="hook: export dropped"))
    assert {one.state for one in found.values()} == {"digest"}
    assert "no part of a replay" in next(iter(found.values())).mutant.silent


def test_personas(desk: Workspace) -> None:
    found = by_change(ran(suite(desk), "persona"))
    for change, state in {
        "tools.allow: orders.get dropped": "caught",
        "tools.allow: mail.send dropped": "survived",
        "policy.autonomy: 2 -> 1": "caught",
        "policy.files: support dropped": "caught",
        "knowledge.top_k: 6 -> 5": "caught",
        "limits.tool_calls: 6 -> 5": "survived",
        "memory.write: customer dropped": "survived",
        "voice.never: guarantee dropped": "survived",
        "voice.tone: brief dropped": "digest",
        "model.params: temperature 0.2 -> 0.3": "digest",
        "knowledge.collections: returns dropped": "caught",
    }.items():
        assert found[change].state == state, change
    assert found["memory.write: customer dropped"].mutant.hint == (
        "a fixture in which something is written to the segment customer"
    )


def test_a_prompt_reaches_only_the_model(desk: Workspace) -> None:
    """Every change of it passes a replay and is stale by its digest; none counts as a survivor."""
    run = ran(suite(desk), "prompt")
    assert {one.state for one in run.results} == {"digest"}
    assert {one.stale for one in run.results} == {5}
    assert "Say what happens next. dropped" in by_change(run)
    assert any("moved before" in one.mutant.change for one in run.results)


def test_a_rule_about_prompts_notices_what_a_prompt_says(tmp_path: Path) -> None:
    workspace = shop(tmp_path)
    file = workspace.policies / "support.toml"
    rule = '[[rule]]\nid = "told"\nwhy = "Aria is told."\nhook = "prompt"\nfind = ["shop.warm"]\nthen = "redact"\n'
    detector = '[[detector]]\nid = "shop.warm"\nwhy = "A tone."\npattern = "warm, brief and plain"\n'
    file.write_text(f"{file.read_text()}\n{rule}\n{detector}", encoding="utf-8")
    from greenroom.workspace.trust import trust

    trust(workspace)
    recorded(workspace, "told", "hello")
    found = by_change(ran(suite(workspace, "told"), "prompt", only="How you speak: warm, brief and plain. dropped"))
    assert [(one.state, one.how) for one in found.values()] == [("caught", "diverged")]


def test_tools(desk: Workspace) -> None:
    results = [one for tool in ("get", "refund") for one in ran(suite(desk), "tools", only=f"orders.{tool}").results]
    found = {one.mutant.name.removeprefix("tools "): one for one in results}
    for name, state in {
        "orders.get: order_id: integer -> string": "caught",
        "orders.get: order_id -> order_id_": "caught",
        "orders.get: effects none -> once": "caught",
        "orders.get: untrusted false -> true": "caught",  # a rule adds to the risk after text of strangers
        "orders.get: outbound false -> true": "survived",
        "orders.get: dropped": "caught",
        "orders.refund: effects once -> none": "caught",
        "orders.refund: order_id: required -> optional": "survived",
    }.items():
        assert found[name].state == state, name


def test_what_the_loaders_refuse_is_no_mutant(desk: Workspace) -> None:
    made = suite(desk, "at-the-limit")
    ground = made.ground(made.fixtures[0])
    changes = {mutant.change: mutant for mutant in policy.mutants(ground)}
    with pytest.raises(FileInvalid):
        changes["shop.gift_code: dropped"].made()
    run = ran(made, "policy", only="shop.gift_code: dropped")
    assert (run.invalid, run.results) == (1, [])


def test_a_mutant_is_what_the_loader_reads(desk: Workspace) -> None:
    """The unchanged file, written as data, is the same policy; so is every other part of a changed one."""
    made = suite(desk, "at-the-limit")
    ground = made.ground(made.fixtures[0])
    from greenroom.policy.load import load_file

    data = load_file(ground.sources[1]).policy.model_dump(mode="json", by_alias=True, exclude_unset=True)
    again = ground.with_sources((ground.sources[0], policy.written(data, "policies/support.toml")))
    assert again.fingerprint == ground.fingerprint
    assert asyncio.run(replayed(made.fixtures[0], again)).good
    assert isinstance(ground, Ground)
