"""`approve always`: exceptions for review that change nothing, and repeat nothing private."""

import json

from greenroom.commands.answering.card import approver
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run
from tests.cli.test_answering import REFUND, TOOL, asked, refunds


def test_always_writes_exceptions_that_change_nothing_until_they_are_moved(shop: Workspace, run: Run) -> None:
    one = asked(run)
    assert run("approve", "always", "last", "--expires", "7d") == 0
    path = shop.root / run.out.strip()
    assert path.parent == shop.policies / "proposals"
    assert "still open" in run.err
    assert run("approve", "show", "last", "--json") == 0
    shown = run.json()
    assert isinstance(shown, dict)
    assert shown["code"] == one["code"]
    assert run("policy", "explain", TOOL, "amount=120", "order_id=1007", "reason=x") in (0, 1)
    assert "require_approval" in run.out
    policy = shop.policies / "support.toml"
    policy.write_text(policy.read_text() + path.read_text())
    assert run("policy", "check") == 0
    assert run("policy", "test") == 0
    assert "refund.large (exception)" in run.out
    assert "autonomy (exception)" in run.out
    assert run("trust") == 0
    assert run("session", "abandon", "last") == 0
    assert run("run", "aria", REFUND) == 0
    assert len(refunds(shop)) == 1
    asked_before = path.read_bytes()
    assert run("run", "aria", REFUND.replace("120", "121")) == 6
    assert run("approve", "always", "last") == 0
    assert (shop.root / run.out.strip()).name == "orders.refund-2.toml"
    assert path.read_bytes() == asked_before


def mail_card(shop: Workspace, run: Run, to: str, body: str) -> None:
    """A question about a mail, in place of the one about a refund."""
    script = shop.scripts / "helpdesk.toml"
    head, rules = script.read_text().split("[[rule]]", 1)
    call = f'{{ tool = "mail.send", args = {{ to = {json.dumps(to)}, subject = "Your order", body = {json.dumps(body)} }} }}'
    first = f"""[[rule]]\nid = "write"\nwhen = {{ user = "write to me" }}\ntext = ""\ncalls = [ {call} ]\n\n[[rule]]"""
    script.write_text(head + first + rules)
    assert run("trust") == 0
    assert run("run", "aria", "write to me") == 6


def test_a_proposal_repeats_no_mail_and_no_address(shop: Workspace, run: Run) -> None:
    body = "Hello Mara,\n" + "your parcel of the 3rd was lost on its way. " * 4
    mail_card(shop, run, "mara.lindt@post.example", body)
    assert run("approve", "always", "last") == 0
    path = shop.root / run.out.strip()
    text = path.read_text()
    assert "parcel" not in text and "lindt" not in text
    assert f"args.body.size() <= {len(body)}" in text
    assert 'args.to == \\"‹email#1›\\"' in text
    assert "allowed" not in text and f"Proposed by {approver()}" in text
    assert "body: its" in run.err and "to: a private value is masked" in run.err
    assert (path.parent / ".gitignore").read_text() == "*\n"
    policy = shop.policies / "support.toml"
    policy.write_text(policy.read_text() + text)
    assert run("policy", "check") == 0
    assert run("policy", "test") == 0
    assert run("trust") == 0
    assert run("session", "abandon", "last") == 0
    assert run("run", "aria", "write to me") == 6  # a masked value fits no call


def test_a_clause_from_the_form_that_holds_a_whole_mail_becomes_a_bound(shop: Workspace, run: Run) -> None:
    body = "your parcel was lost. " * 8
    mail_card(shop, run, "mara.lindt@post.example", body)
    whole = f"args.body == {json.dumps(body)}"
    assert run("approve", "always", "last", "--when", whole, "--when", "args.subject.size() < 40", "--json") == 0
    found = run.json()
    assert isinstance(found, dict)
    assert found["when"] == [f"args.body.size() <= {len(body)}", "args.subject.size() < 40"]
    assert "parcel" not in (shop.root / found["path"]).read_text()
