"""Approvers without a person never allow what a rule wants a person to see."""

import asyncio

import pytest

from greenroom.approval.automatic import ByPolicy, DenyAll, LeaveOpen
from greenroom.core.errors import WaitingForPerson
from greenroom.core.values import ApprovalReply, Ask, Card, Effect, Fired, ToolCall, ToolSpec, Verdict

SPEC = ToolSpec(name="mail.send", description="Send a mail.", parameters={"type": "object"})


def card(effect: Effect, rule: str, *, fired: tuple[Fired, ...] = (), ask: Ask | None = None) -> Card:
    verdict = Verdict(effect=effect, rule=rule, why="Because.", fired=fired, ask=ask)
    return Card(call=ToolCall(id="c1", tool="mail.send"), spec=SPEC, verdict=verdict)


def asked(one: Card, step: str = "t1/ask:c1") -> ApprovalReply:
    return asyncio.run(ByPolicy().ask(step, one))


def test_what_autonomy_alone_asks_is_allowed() -> None:
    assert asked(card("require_approval", "autonomy")).decision == "allow"


def test_a_rule_that_only_observes_does_not_change_that() -> None:
    watching = Fired(rule="mail.watch", effect="deny", why="Looks.", observed=True)
    assert asked(card("require_approval", "autonomy", fired=(watching,))).decision == "allow"


def test_a_rule_gets_its_own_ending_which_never_allows() -> None:
    ask = Ask(role="lead", then=("notify:team", "escalate:owner", "deny"))
    reply = asked(card("require_approval", "mail.all", ask=ask))
    assert reply.decision == "deny"
    assert "lead" in reply.reason
    assert "owner" in reply.reason


@pytest.mark.parametrize("rule", ["taint", "envelope", "refund.large"])
def test_other_reasons_to_ask_are_not_autonomy(rule: str) -> None:
    assert asked(card("require_approval", rule)).decision == "deny"


def test_a_second_restricting_rule_beside_autonomy_is_not_allowed() -> None:
    firing = Fired(rule="mail.all", effect="require_approval", why="Always.")
    assert asked(card("require_approval", "autonomy", fired=(firing,))).decision == "deny"


def test_escalation_is_denied() -> None:
    assert asked(card("escalate", "mail.all")).decision == "deny"


def test_an_unknown_outcome_is_left_to_a_person() -> None:
    with pytest.raises(WaitingForPerson):
        asked(card("require_approval", "autonomy"), "t1/ask:c1.unknown")


def test_stepping_is_left_to_a_person() -> None:
    with pytest.raises(WaitingForPerson):
        asked(card("allow", "default"))


def test_the_other_two() -> None:
    one = card("require_approval", "autonomy")
    assert asyncio.run(DenyAll().ask("t1/ask:c1", one)).decision == "deny"
    with pytest.raises(WaitingForPerson) as caught:
        asyncio.run(LeaveOpen().ask("t1/ask:c1", one))
    assert "session resume" in caught.value.hint


def test_a_denial_reads_well_to_whoever_it_is_repeated_to() -> None:
    """A model may repeat it word by word: it says what happened and what can be done, and orders nobody about."""
    ruled = card("require_approval", "refund.large")
    for approver in (DenyAll(), ByPolicy()):
        reason = asyncio.run(approver.ask("t1/ask:c1", ruled)).reason
        assert reason.endswith("so it was not done. A next step is to ask for it again later.")
        assert "Say so" not in reason
