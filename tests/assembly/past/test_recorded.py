"""Sessions judged from their own logs: the contract they ran under, their decisions again, and under another policy."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from greenroom.approval.automatic import DenyAll
from greenroom.assembly import find_workspace, load_contract, open_session, read_session, reloaded_contract
from greenroom.assembly.past.recorded import (
    Candidates,
    flips,
    judged_again,
    recorded_contract,
    recorded_contracts,
)
from greenroom.assembly.past.tools import recorded_tools
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record, VerdictReached
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.port import Policy
from greenroom.policy.verdict.bounds import Role
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
REFUND = "I want a refund of 120 EUR for order 1001"
CARD = "my card is 4111 1111 1111 1111"


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    return find_workspace(tmp_path / "shop")


def said(shop: Workspace, *words: str) -> list[Record]:
    """A session with these words, its questions all denied."""

    async def talk() -> str:
        session = await open_session(shop, instant=True, trusted=True, approver=DenyAll())
        for one in words:
            await session.turn(one)
        await session.aclose()
        return session.id

    return read_session(shop, asyncio.run(talk()))


def changed(records: Sequence[Record], before: str, after: str) -> Policy:
    """The recorded policy with another text in place of one that is in it."""
    contract = recorded_contract(records)
    recorded = parted(contract.texts["policy"])
    sources = [PolicySource(one.file, one.text.replace(before, after)) for one in recorded]
    assert sources != list(recorded)
    return compile_policies(sources, recorded_tools(contract), Role.of(contract.persona))


def verdicts(records: Sequence[Record]) -> dict[int, VerdictReached]:
    return {one.seq: one.event for one in records if isinstance(one.event, VerdictReached)}


def test_the_contract_in_the_log_is_the_one_that_governed_though_everything_on_disk_is_gone(shop: Workspace) -> None:
    governed = load_contract(shop, trusted=True)
    records = said(shop, "hello")
    for folder in (shop.policies, shop.personas, shop.tools):
        shutil.rmtree(folder)
    found = recorded_contract(records)
    assert found.policy.digest == governed.policy.digest == found.digests["policy"]
    for part in ("persona", "system", "voice", "model", "untrusted"):
        assert getattr(found, part) == getattr(governed, part), part
    # What a tool declares of its result is for people at a gate, and in no log.
    assert [spec.model_dump() for spec in found.tools] == [spec.model_dump() for spec in governed.tools]
    assert [one.file for one in parted(found.texts["policy"])] == ["<builtin.toml>", "policies/support.toml"]


def test_limits_that_the_workspace_lowers_are_in_the_log(shop: Workspace) -> None:
    settings = shop.root / "greenroom.toml"
    settings.write_text(settings.read_text().replace("tool_calls = 8", "tool_calls = 2"))
    records = said(shop, "hello")
    assert recorded_contract(records).persona.limits.tool_calls == 2
    assert load_contract(shop, trusted=True).persona.limits == recorded_contract(records).persona.limits


def test_every_decision_comes_with_the_question_it_answered(shop: Workspace) -> None:
    records = said(shop, REFUND, CARD, "how long can I return shoes?")
    judged = judged_again(records)
    assert judged.problem == ""
    known = verdicts(records)
    assert {one.record for one in judged.decisions} == set(known)
    for one in judged.decisions:
        assert one.verdict.model_dump() == known[one.record].verdict.model_dump()
    asked = {one.step: one.question for one in judged.decisions}
    assert asked["t2/verdict:input"].payload == {"text": "my card is ‹card#1›"}
    refund = next(one.question for one in judged.decisions if one.verdict.rule == "refund.large")
    assert refund.payload["args"]["amount"] == 120
    assert refund.args_from["amount"][0] == "user"


def test_the_same_policy_flips_nothing(shop: Workspace) -> None:
    records = said(shop, REFUND, CARD)
    found = flips(records, load_contract(shop, trusted=True).policy)
    assert (found.problem, found.flips, found.moved) == ("", (), 0)
    assert found.decisions == len(verdicts(records))


def test_a_stricter_and_a_looser_rule_flip_just_their_decisions(shop: Workspace) -> None:
    records = said(shop, REFUND, CARD)
    before = 'when  = ["args.amount > 500"]\nthen  = "deny"'
    (flip,) = flips(records, changed(records, before, before.replace("500", "110"))).flips
    assert (flip.turn, flip.before.rule, flip.after.rule, flip.after.effect) == (
        1,
        "refund.large",
        "refund.finance",
        "deny",
    )
    assert not flip.looser
    assert verdicts(records)[flip.record].rule == "refund.large"
    looser = flips(records, changed(records, '"personal.card"', '"personal.iban"')).flips
    assert {(one.question.hook, one.looser) for one in looser} >= {("input", True), ("output", True)}


def test_what_comes_to_the_same_by_another_rule_is_counted_apart(shop: Workspace) -> None:
    records = said(shop, REFUND)
    found = flips(records, changed(records, '"refund.large"', '"refund.huge"'))
    assert (found.flips, found.moved) == ((), 1)


def test_a_rule_in_whose_place_only_autonomy_asks_is_a_looser_flip_and_back_a_stricter_one(shop: Workspace) -> None:
    records = said(shop, REFUND)
    without = changed(records, 'when  = ["args.amount > 100"]', 'when  = ["args.amount > 200"]')
    (flip,) = flips(records, without).flips
    assert (flip.before.rule, flip.after.rule, flip.looser) == ("refund.large", "autonomy", True)
    (back,) = flips(records, recorded_contract(records).policy, without).flips
    assert not back.looser


def test_sums_that_only_the_candidate_limits_are_kept_for_it_alone(shop: Workspace) -> None:
    async def talk() -> str:
        session = await open_session(shop, instant=True, trusted=True, approver=DenyAll())
        for _ in range(2):
            await session.turn("where is my order 1001?")
        await session.aclose()
        return session.id

    records = read_session(shop, asyncio.run(talk()))
    limits = "limits = { calls_per_turn = 6, sum = {"
    candidate = changed(records, limits, limits + ' "args.order_id" = { session = 1500 },')
    found = flips(records, candidate)
    assert [(one.turn, one.after.rule) for one in found.flips if one.question.hook == "tool.call"] == [(2, "envelope")]
    assert flips(records, recorded_contract(records).policy, candidate).flips[0].looser


def test_a_session_reloaded_between_turns_is_judged_under_each_of_its_policies(shop: Workspace) -> None:
    policy = shop.policies / "support.toml"
    trust(shop)

    async def talk() -> str:
        session = await open_session(shop, instant=True, approver=DenyAll())
        await session.turn(REFUND)
        policy.write_text(policy.read_text().replace("args.amount > 500", "args.amount > 110"))
        trust(shop)
        assert session.reload(reloaded_contract(shop, session))
        await session.turn(REFUND)
        await session.aclose()
        return session.id

    records = read_session(shop, asyncio.run(talk()))
    assert len(recorded_contracts(records)) == 2
    found = flips(records, load_contract(shop, trusted=True).policy)
    assert found.problem == ""
    assert [(one.turn, one.before.rule, one.after.rule) for one in found.flips] == [
        (1, "refund.large", "refund.finance")
    ]


def test_calls_that_were_refused_unread_are_refused_again(shop: Workspace) -> None:
    script = shop.scripts / "helpdesk.toml"
    script.write_text(script.read_text().replace("order_id = ", "order_number = "))
    records = said(shop, REFUND)
    assert any(one.event.kind == "tool_returned" and one.event.status == "invalid" for one in records)
    assert judged_again(records).problem == ""


def test_a_log_without_its_texts_or_of_another_form_is_said_and_compared_with_nothing(shop: Workspace) -> None:
    records = said(shop, "hello")
    at = next(place for place, one in enumerate(records) if isinstance(one.event, ContractLoaded))
    event = records[at].event
    assert isinstance(event, ContractLoaded)

    def with_texts(texts: dict[str, str]) -> list[Record]:
        other = records[at].model_copy(update={"event": event.model_copy(update={"texts": texts})})
        return [*records[:at], other, *records[at + 1 :]]

    policy = load_contract(shop, trusted=True).policy
    erased = with_texts({})
    with pytest.raises(UsageError, match="does not hold the persona"):
        recorded_contract(erased)
    assert "does not hold the persona" in flips(erased, policy).problem
    old = with_texts({**event.texts, event.digests["policy"]: "schema = 3"})
    with pytest.raises(FileInvalid, match="cannot be told apart"):
        recorded_contract(old)
    assert flips(old, policy).decisions == 0
    assert "no persona" in flips([], policy).problem or "what governed" in flips([], policy).problem


def test_a_session_that_does_not_come_out_as_recorded_is_said_and_not_compared(shop: Workspace) -> None:
    records = said(shop, REFUND)
    place = next(
        at for at, one in enumerate(records) if one.seq in verdicts(records) and one.event.step.endswith(":c2")
    )
    event = records[place].event
    assert isinstance(event, VerdictReached)
    forged = event.model_copy(update={"rule": "other", "verdict": event.verdict.model_copy(update={"rule": "other"})})
    altered = [*records[:place], records[place].model_copy(update={"event": forged}), *records[place + 1 :]]
    found = flips(altered, load_contract(shop, trusted=True).policy)
    assert found.problem.startswith("it does not replay as recorded")
    assert (found.decisions, found.flips) == (0, ())
    assert place not in {one.record for one in judged_again(altered).decisions}


def test_candidates_take_the_place_of_the_file_of_their_id(shop: Workspace, tmp_path: Path) -> None:
    records = said(shop, REFUND)
    trust(shop)
    path = tmp_path / "candidate.toml"
    text = (shop.policies / "support.toml").read_text()
    path.write_text(text.replace("args.amount > 500", "args.amount > 110"))
    added = tmp_path / "added.toml"
    added.write_text(
        'schema = "policy/1"\nid = "more"\nversion = "1.0.0"\n'
        '[[rule]]\nid = "none"\nwhy = "w"\nhook = "tool.call"\ntools = ["orders.*"]\nthen = "deny"\n'
    )
    candidates = Candidates(shop, {"candidate": path, "added": added})
    assert flips(records, candidates.recorded(records)).flips == flips(records, candidates.on_disk(records)).flips == ()
    assert [one.after.rule for one in flips(records, candidates.with_file("candidate", records)).flips] == [
        "refund.finance"
    ]
    assert {one.after.rule for one in flips(records, candidates.with_file("added", records)).flips} == {"none"}
    assert candidates.with_file("added", records) is candidates.with_file("added", records)
    path.write_text("schema = 3")
    with pytest.raises(FileInvalid):
        Candidates(shop, {"candidate": path})


@pytest.mark.parametrize("text", ['[{"name": "a", "description": "b", "parameters": {}, "later": 1}]', "{", "7"])
def test_tools_kept_in_another_form_are_a_problem_and_no_crash(shop: Workspace, text: str) -> None:
    records = said(shop, "hello")
    place = next(one for one in records if isinstance(one.event, ContractLoaded))
    assert isinstance(place.event, ContractLoaded)
    texts = {**place.event.texts, place.event.digests["tools"]: text}
    other = place.model_copy(update={"event": place.event.model_copy(update={"texts": texts})})
    judged = judged_again([other if one is place else one for one in records])
    assert judged.problem == "the recorded tools: were kept in another form by another Greenroom"
