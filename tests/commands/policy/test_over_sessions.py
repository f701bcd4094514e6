"""policy explain SESSION, compare and cover: what a rule author reads of recorded sessions."""

from __future__ import annotations

import asyncio
import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.approval.automatic import DenyAll, LeaveOpen
from greenroom.assembly import find_workspace, open_session
from greenroom.commands.answer import Answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.over_sessions import compare, cover
from greenroom.commands.policy.policy import check, explain
from greenroom.commands.policy.trial import test as run_tests
from greenroom.core.errors import UsageError, WaitingForPerson
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
REFUND = "I want a refund of 120 EUR for order 1001"


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    workspace = find_workspace(tmp_path / "shop")
    trust(workspace)
    return workspace


def said(shop: Workspace, *words: str, wait: bool = False) -> str:
    async def talk() -> str:
        session = await open_session(shop, instant=True, approver=LeaveOpen() if wait else DenyAll())
        for one in words:
            try:
                await session.turn(one)
            except WaitingForPerson:
                break
        await session.aclose()
        return session.id

    return asyncio.run(talk())


def call(handler: Any, shop: Workspace, **options: Any) -> Answer[Any]:
    found = handler(Invocation({"workspace": str(shop.root), **options}))
    done = asyncio.run(found) if inspect.iscoroutine(found) else found
    assert isinstance(done, Answer)
    return done


def change(shop: Workspace, before: str, after: str, target: str = "policies/support.toml") -> Path:
    text = (shop.policies / "support.toml").read_text()
    assert before in text
    path = shop.root / target
    path.write_text(text.replace(before, after))
    trust(shop)
    return path


def test_a_session_is_explained_turn_by_turn_with_spans_origins_and_answers(shop: Workspace) -> None:
    session = said(shop, "my card is 4111 1111 1111 1111", REFUND)
    done = call(explain, shop, about="last")
    text = "\n".join(done.lines)
    assert "turn 1: my card is ‹card#1›" in text
    assert "found: personal.card at text, 11 to 19, now ‹card#1›: my card is «‹card#1›»" in text
    assert "rule: refund.large" in text
    assert "clause: args.amount > 100 holds; args.amount = 120" in text
    assert "text from: the person" in text
    assert "amount repeats words of: the person" in text
    assert "answered at record" in text and "deny by --approve deny via command line: Nobody is here" in text
    assert "bound to card" in text and "anchored in the ledger" in text
    assert done.notes == ()
    one = next(item for item in done.data if item["verdict"]["rule"] == "refund.large")
    assert one["payload"]["args"]["amount"] == 120
    (given,) = one["answers"]
    assert (given["decision"], given["bound"], given["anchored"]) == ("deny", True, True)
    for event in (one["record"], given["asked"], given["record"]):
        alone = call(explain, shop, about=f"{session[:6]}:{event}")
        assert [item["record"] for item in alone.data] == [one["record"]]
        assert alone.lines[0] == f"record {one['record']} · tool.call · orders.refund"


def test_an_open_question_is_told_and_nothing_on_disk_is_needed(shop: Workspace) -> None:
    said(shop, REFUND, wait=True)
    for folder in (shop.policies, shop.tools, shop.personas):
        shutil.rmtree(folder)
    text = "\n".join(call(explain, shop, about="last").lines)
    assert "asked at record" in text and "; not answered yet" in text
    assert "clause: args.amount > 100 holds; args.amount = 120" in text


@pytest.mark.parametrize(
    ("about", "said_"),
    [
        ("nothing", "'nothing' is neither a tool, a hook nor a session"),
        ("last:0", "record 0 is no verdict"),
        ("last:9999", "record 9999 is no verdict"),
        ("last:x", "record x is no verdict"),
        ("zzz:4", "there is no session zzz"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(shop: Workspace, about: str, said_: str) -> None:
    said(shop, "hello")
    with pytest.raises(UsageError, match=said_):
        call(explain, shop, about=about)


def test_flips_are_listed_side_by_side_with_live_values(shop: Workspace) -> None:
    session = said(shop, REFUND)
    said(shop, "hello")
    before = 'when  = ["args.amount > 500"]'
    path = change(shop, before, before.replace("500", "110"), "candidate.toml")
    done = call(compare, shop, before="recorded", after=str(path), over=["all"])
    head, row, summary = done.lines
    assert head.split() == ["WHERE", "TURN", "HOOK", "ABOUT", "RECORDED", "CANDIDATE.TOML", "VALUES"]
    (flip,) = done.data["flips"]
    assert row.split() == [
        f"{session}:{flip['record']}", "1", "tool.call", "orders.refund", "require_approval", "refund.large", "deny",
        "refund.finance", "stricter", "args.amount", "=", "120",
    ]  # fmt: skip
    assert summary.endswith(f"{done.data['decisions']} decisions in 2 sessions: 1 flip: 1 stricter")
    assert (done.exit_code, done.data["looser"], done.data["stricter"]) == (0, 0, 1)
    assert call(compare, shop, before="recorded", after=str(path), fail_on="looser").exit_code == 0
    assert call(compare, shop, before="recorded", after=str(path), fail_on="any").exit_code == 1
    back = call(compare, shop, before=str(path), after="recorded", fail_on="looser")
    assert (back.exit_code, back.data["looser"]) == (1, 1)
    one = call(compare, shop, before="recorded", after=str(path), over=["last"])
    assert one.lines[-1].endswith("decisions in 1 session: none flips")


def test_what_is_on_disk_now_is_the_default(shop: Workspace) -> None:
    said(shop, REFUND)
    assert call(compare, shop, before="recorded", after="disk").lines[-1].endswith("none flips")
    change(shop, 'when  = ["args.amount > 500"]', 'when  = ["args.amount > 110"]')
    assert call(compare, shop, before="recorded", after="disk").lines[-1].endswith("1 flip: 1 stricter")


def test_a_rule_taken_away_or_a_weaker_question_is_a_looser_flip(shop: Workspace) -> None:
    said(shop, REFUND)
    change(shop, 'when  = ["args.amount > 100"]', 'when  = ["args.amount > 200"]')
    done = call(compare, shop, before="recorded", after="disk", fail_on="looser")
    assert (done.exit_code, done.data["looser"]) == (1, 1)
    assert "require_approval refund.large" in done.lines[1] and "require_approval autonomy" in done.lines[1]
    change(shop, 'when  = ["args.amount > 200"]', 'when  = ["args.amount > 100"]')
    change(shop, 'deadline = "15m", then = ["escalate:lead", "deny"]', 'deadline = "1h", then = ["deny"]')
    done = call(compare, shop, before="recorded", after="disk", fail_on="looser")
    assert (done.exit_code, done.data["looser"]) == (1, 1)
    assert done.data["flips"][0]["after"]["ask"]["deadline_seconds"] == 3600


def test_a_session_that_cannot_be_compared_is_named_and_the_others_are_compared(shop: Workspace) -> None:
    damaged = said(shop, "hello")
    said(shop, REFUND)
    log = shop.sessions / f"{damaged}.jsonl"
    log.write_text(log.read_text().replace("hello", "hallo"))
    done = call(compare, shop, before="recorded", after="disk", over=["all"])
    assert len(done.notes) == 1 and done.notes[0].startswith(f"skipped {damaged}: ")
    assert done.lines[-1].endswith("in 1 session: none flips")
    assert [one["session"] for one in done.data["skipped"]] == [damaged]
    assert call(cover, shop).notes[0].startswith(f"skipped {damaged}: ")


def test_what_is_no_policy_and_no_session_is_said(shop: Workspace) -> None:
    with pytest.raises(UsageError, match="'foo' is not a policy"):
        call(compare, shop, before="foo", after="disk")
    with pytest.raises(UsageError, match="there is no session zzz"):
        call(compare, shop, before="recorded", after="disk", over=["zzz"])
    assert call(compare, shop, before="recorded", after="disk").lines == ("0 decisions in 0 sessions: none flips",)


def test_cover_counts_what_fired_decided_or_was_set_aside(shop: Workspace) -> None:
    exception = (
        '[[exception]]\nrule = "refund.large"\nowner = "kim"\nexpires = 2099-12-31\nwhy = "Recall."\n'
        'when = ["args.order_id == 1001"]\n'
        '[[exception]]\nrule = "refund.nothing"\nowner = "kim"\nexpires = 2020-12-31\nwhy = "Old."\n'
    )
    session = said(shop, REFUND, "my card is 4111 1111 1111 1111")
    path = shop.policies / "support.toml"
    path.write_text(path.read_text() + exception)
    trust(shop)
    said(shop, REFUND)
    done = call(cover, shop)
    rules = {one["rule"]: one for one in done.data["rules"]}
    large = rules["refund.large"]
    assert (large["fired"], large["decided"], large["observed"], large["aside"]) == (2, 1, 1, 1)
    assert (rules["card.in"]["fired"], rules["card.in"]["decided"], rules["card.in"]["last"]) == (1, 1, session)
    assert (rules["cards.masked"]["fired"], rules["cards.masked"]["decided"]) == (2, 0)
    text = "\n".join(done.lines)
    assert "never fired: refund.nothing  policies/support.toml:" in text
    assert "never fired: secrets.masked" not in text
    assert "exception to refund.large (kim, until 2099-12-31): used 1 time, without a test" in text
    assert "exception to refund.nothing (kim, expired on 2020-12-31): never used" in text
    assert call(cover, shop, over=["last"]).data["sessions"] == 1


def test_the_matrix_has_a_row_a_rule_and_names_what_failed(shop: Workspace, tmp_path: Path) -> None:
    done = call(run_tests, shop)
    assert done.exit_code == 0
    row = next(line for line in done.lines if "refund.large" in line)
    assert [cell for cell in row.split() if cell != "·"] == ["refund.large", "2", "3", "5", "pass"]
    assert done.lines[-1].endswith(" passed, 0 failed")
    change(shop, '"args.amount > 100"', '"args.amount >= 100"')
    failed = call(run_tests, shop, junit=str(tmp_path / "out" / "junit.xml"))
    assert failed.exit_code == 1
    assert next(line for line in failed.lines if "refund.large" in line).split()[-4:] == ["FAIL", "1", "of", "5"]
    assert any(line.startswith("FAIL  support@") and "exactly 100 passes" in line for line in failed.lines)
    assert b'failures="1"' in (tmp_path / "out" / "junit.xml").read_bytes()
    one = call(run_tests, shop, rule="refund.large")
    assert [line.split()[0] for line in one.lines[:-1]] == ["pass", "FAIL", "pass", "pass", "pass"]


def test_a_file_that_no_persona_names_is_pointed_out(shop: Workspace) -> None:
    (shop.policies / "mine.toml").write_text('schema = "policy/1"\nid = "mine"\nversion = "1.0.0"\n')
    assert call(check, shop).lines[0] == (
        "warning: policies/mine.toml: no persona names this file, so none of its rules count"
        ' (add "mine" to files under [policy] in personas/aria/persona.toml)'
    )
    persona = shop.personas / "aria" / "persona.toml"
    persona.write_text(persona.read_text().replace('"support"]', '"support", "mine"]', 1))
    assert call(check, shop).lines == ("support, mine: sound for aria@1.3.0",)


def test_rules_without_a_test_are_counted_and_check_counts_its_warnings(shop: Workspace) -> None:
    path = shop.policies / "support.toml"
    path.write_text(
        path.read_text() + '[[rule]]\nid = "bare"\nwhy = "w"\nhook = "export"\nwhen = ["false"]\nthen = "deny"\n'
    )
    done = call(run_tests, shop)
    assert done.lines[-1].endswith("; 1 rule without a test: bare")
    assert next(line for line in done.lines if "bare" in line).endswith("no test")
    checked = call(check, shop)
    assert checked.exit_code == 0
    assert any("rule 'bare' can never fire: false is never true" in line for line in checked.lines)
    assert checked.lines[-1].endswith("2 warnings")
