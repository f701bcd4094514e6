"""What a change comes to: a broken expectation is told before anything else, and nothing is judged on what is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import replay_builder
from greenroom.regression.accept.last_run import LastRuns
from greenroom.regression.accept.replayed import replay_and_weigh
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.replay import load_fixture
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import helpdesk

REFUND = "refund-over-limit"
POLICY, RULE = "policies/support.toml", '["args.amount > 100"]'


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


def weigh(shop: Workspace, old: str, new: str, *, file: str = POLICY, stale: str = "fail") -> Outcome:
    path = shop.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    fixture = load_fixture(shop.fixtures / f"{REFUND}.tape.jsonl")
    runs = LastRuns(shop.last_run, shop.make_state)
    return asyncio.run(replay_and_weigh(fixture, replay_builder(shop, trusted=True), runs, stale))


def test_nothing_changed_passes_and_says_nothing_of_changes(shop: Workspace) -> None:
    found = weigh(shop, RULE, RULE)
    assert (found.kind, found.changed, found.effect) == ("passed", (), "")


@pytest.mark.parametrize("stale", ["fail", "warn"])
def test_a_looser_limit_fails_with_its_cause(shop: Workspace, stale: str) -> None:
    found = weigh(shop, RULE, '["args.amount > 200"]', stale=stale)
    assert (found.kind, found.effect) == ("failed", "fails")
    assert found.changed == ("policy: rule refund.large: when args.amount > 100 -> args.amount > 200",)
    assert f"since: {found.changed[0]}" in found.detail


def test_what_is_expected_to_be_stale_stays_so_and_says_what_fails(shop: Workspace) -> None:
    found = weigh(shop, RULE, '["args.amount > 200"]', stale="xfail")
    assert (found.kind, found.effect) == ("stale", "fails")
    assert "an expectation fails too: assert[0]" in found.detail


@pytest.mark.parametrize(("stale", "kind"), [("fail", "stale"), ("warn", "passed")])
def test_another_prompt_alone_leaves_every_event_as_it_was(shop: Workspace, stale: str, kind: str) -> None:
    found = weigh(shop, "Say what", "Please say what", file="personas/aria/prompt.md", stale=stale)
    assert (found.kind, found.effect, len(found.changed)) == (kind, "same", 1)


def test_where_the_tape_has_no_answer_no_expectation_is_judged(shop: Workspace) -> None:
    found = weigh(shop, "autonomy = 2", "autonomy = 1", file="personas/aria/persona.toml")
    assert (found.kind, found.effect) == ("stale", "stops")
    assert "an expectation fails" not in found.detail
