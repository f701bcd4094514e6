"""Ways round the policy that a hostile model or a careless answer could try: what is not allowed is never started.

The model is a real HTTP server; tools, policy and log are the shop's own.
"""

import asyncio
import json
from collections.abc import Sequence

import pytest

from greenroom.assembly import open_session
from greenroom.core.events import ApprovalRequested, Record, ToolReturned, ToolStarted
from greenroom.core.values import ApprovalReply
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import change
from tests.models.loopback import Reply, calls, loopback, text

Started = list[tuple[str, object]]


def refund(amount: object, order: int = 1001) -> tuple[str, str]:
    return "orders__refund", json.dumps({"order_id": order, "amount": amount, "reason": "r"})


def run(
    shop: Workspace,
    script: Sequence[Reply],
    answers: Sequence[ApprovalReply] = (),
    *,
    turns: int = 1,
    autonomy: int = 4,
) -> tuple[Started, list[ToolReturned]]:
    """What was started, with its amount or address, and how every call ended. Further questions are declined."""
    change(shop.personas / "aria" / "persona.toml", r"(?m)^autonomy\s*=\s*\d", f"autonomy = {autonomy}")
    change(shop.personas / "aria" / "persona.toml", r"fallback\s*=\s*\[[^\]]*\]", "fallback = []")
    left = [*answers]

    async def talk(url: str) -> list[Record]:
        settings = shop.root / "greenroom.toml"
        declared = f'\n[models.loop]\nuse = "hosted_vllm/loop"\napi_base = "{url}"\n'
        settings.write_text(settings.read_text(encoding="utf-8") + declared, encoding="utf-8")
        session = await open_session(shop, model="loop", instant=True, trusted=True)

        def answer(item: object) -> None:
            if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
                reply = left.pop(0) if left else ApprovalReply(decision="deny", reason="no")
                session.answer(item.event.step, reply)

        session.bus.subscribe(answer)
        for _ in range(turns):
            await session.turn("go on")
        await session.aclose()
        return list(session.records)

    with loopback(script) as url:
        events = [record.event for record in asyncio.run(talk(url))]
    begun = [event for event in events if isinstance(event, ToolStarted)]
    started: Started = [(one.tool, one.arguments.get("amount", one.arguments.get("to"))) for one in begun]
    return started, [event for event in events if isinstance(event, ToolReturned)]


@pytest.mark.parametrize(
    "to",
    [
        "help@northwind.example@evil.test",
        "x@evil.test,help@northwind.example",
        "a@evil.test#@northwind.example ",
        "ａ@evil.test",
    ],
)
def test_mail_cannot_be_pointed_elsewhere(shop: Workspace, to: str) -> None:
    mail = json.dumps({"to": to, "subject": "s", "body": "b"})
    started, ended = run(shop, (calls(("mail__send", mail)), text("done")))
    assert (started, ended[0].status) == ([], "denied")


def test_amounts_that_are_no_amounts_start_nothing(shop: Workspace) -> None:
    odd = ("NaN", "Infinity", "1e999", '"50"', "-5", "0", "true", "null", "[50]", "9" * 400, "9" * 5_000, "600")
    wanted = [("orders__refund", f'{{"order_id": 1001, "amount": {value}, "reason": "r"}}') for value in odd]
    script = [reply for start in range(0, len(odd), 4) for reply in (calls(*wanted[start : start + 4]), text("done"))]
    started, ended = run(shop, script, turns=3)
    assert started == []
    assert {one.status for one in ended} == {"invalid", "denied"}


def test_arguments_that_are_too_deep_or_large_start_nothing(shop: Workspace) -> None:
    deep = ("tickets__create", '{"subject": ' + "[" * 10_000 + "]" * 10_000 + "}")
    large = ("tickets__create", json.dumps({"subject": "s", "body": "x" * 1_000_100}))
    many = ("tickets__create", json.dumps({"subject": "s", "body": ["x"] * 60_000}))
    started, ended = run(shop, (calls(deep, large, many, ("orders__get", "[1]"), size=50_000), text("done")))
    assert (started, {one.status for one in ended}) == ([], {"invalid"})


def test_small_refunds_add_up_over_turns_and_side_by_side(shop: Workspace) -> None:
    change(shop.policies / "support.toml", r"session = 500", "session = 100")
    side_by_side = calls(refund(40, 1001), refund(40, 1002), refund(40, 1007))
    approve = [ApprovalReply(decision="allow")] * 9
    started, _ = run(shop, (side_by_side, text("done"), calls(refund(40, 1007)), text("done")), approve, turns=2)
    assert started == [("orders.refund", 40), ("orders.refund", 40)]


def test_an_edit_is_decided_again(shop: Workspace) -> None:
    def edit(amount: object) -> ApprovalReply:
        return ApprovalReply(decision="edit", arguments={"order_id": 1001, "amount": amount, "reason": "r"})

    once = ApprovalReply(decision="allow")
    script = (calls(refund(120)), text("done"))
    assert run(shop, script, [edit(501), once])[0] == []


def test_an_edit_to_what_still_needs_a_person_is_asked_again(shop: Workspace) -> None:
    more = ApprovalReply(decision="edit", arguments={"order_id": 1001, "amount": 119, "reason": "r"})
    assert run(shop, (calls(refund(120)), text("done")), [more])[0] == []


def test_an_answer_is_used_once(shop: Workspace) -> None:
    script = (calls(refund(120)), calls(refund(120)), text("done"))
    started, ended = run(shop, script, [ApprovalReply(decision="allow")])
    assert started == [("orders.refund", 120)]
    assert [one.status for one in ended] == ["done", "denied"]


def test_tools_a_persona_does_not_have_are_not_there(shop: Workspace) -> None:
    strange = ("ORDERS__REFUND", "orders_refund", "", "files__read", "orders.refund.x", "__import__", "../tools/orders")
    script = (calls(*[(name, '{"path": "/etc/passwd"}') for name in strange]), text("done"))
    started, ended = run(shop, script)
    assert started == []
    assert {one.status for one in ended} == {"invalid"}
