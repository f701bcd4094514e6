"""Policy and persona files while the workbench is open: reloaded when saved, opened where a rule stands."""

from pathlib import Path

import pytest

from greenroom.tui.panes.side import Side
from greenroom.tui.sheets.editor import arguments
from greenroom.tui.sheets.rule_place import place_of
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from greenroom.workspace.watched import snapshot
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

REFUND = "I want a refund of 120 EUR for order 1001"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


def policy(workspace: Workspace) -> Path:
    return workspace.policies / "support.toml"


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_saved_policy_counts_at_once_and_a_broken_one_changes_nothing(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        before = hands.card.question
        assert before is not None
        assert before.card.verdict.rule == "refund.large"
        await hands.pilot.pause(1.2)  # the first look at the files is what changes are measured by
        rewrite(policy(workspace), 'version = "2.3.0"', 'version = "2.3.1"')
        rewrite(policy(workspace), '"args.amount > 100"', '"args.amount > 10"')
        await hands.until(lambda: "support 2.3.0 → 2.3.1: refund.large changed" in hands.conversation, "it is told")
        await hands.until(lambda: hands.card.question not in (None, before), "the question is put anew")
        digest = hands.session.contract.policy.digest
        rewrite(policy(workspace), '"args.amount > 10"', '"args.amont > 10"')
        await hands.until(lambda: "not reloaded" in hands.conversation, "what is wrong is told")
        assert "policies/support.toml:" in hands.conversation
        assert "args.amont" in hands.conversation
        assert hands.session.contract.policy.digest == digest
        rewrite(policy(workspace), '"args.amont > 10"', '"args.amount > 10"')
        await hands.until(
            lambda: "Read again" in hands.conversation, "that it was put right is told where it was broken"
        )
        assert hands.conversation.index("not reloaded") < hands.conversation.index("Read again")
        await hands.answer("ctrl+y")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        reply = hands.conversation.rindex("Your reference is R-0001")
        assert hands.conversation.index("Read again") < reply, "what was said later stands below"
        hands.bench.feed.note("a word after it")
        assert hands.conversation.endswith("a word after it")

    rehearse(workspace, scene)


def test_past_verdicts_that_would_differ_are_counted_and_shown_when_asked_for(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say(REFUND)
        await hands.answer("ctrl+n", "not now")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")
        await hands.pilot.pause(1.2)
        rewrite(policy(workspace), 'when  = ["args.amount > 500"]', 'when  = ["args.amount > 50"]')
        await hands.until(lambda: "past verdicts of this session would differ" in hands.conversation, "it is told")
        flips = hands.bench.watching.flips
        assert [(flip.before.rule, flip.after.rule) for flip in flips] == [("refund.large", "refund.finance")]
        assert f"{len(flips)} of " in hands.conversation
        assert "would differ now" not in await hands.pane("Policy")
        await hands.say("where is my order 1001?")
        pane = next(slot for slot in hands.bench.query_one(Side).slots if slot.shown == "Policy").pane
        pane.action_edge(1)
        await hands.pilot.press("escape")
        hands.bench.doing.said("/flips")
        await hands.until(lambda: hands.bench.focused is pane, "one goes there")
        await hands.until(lambda: "1 would differ now" in "\n".join(pane.lines), "what would differ is in view")
        assert pane.selected is not None
        assert pane.selected.id.startswith("flip:")
        shown = await hands.pane("Policy")
        assert "1 would differ now" in shown
        assert "deny by refund.finance" in shown

    rehearse(workspace, scene)


def test_a_reload_of_the_prompt_is_named(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        await hands.pilot.pause(1.2)
        prompt = next((workspace.personas / "aria").glob("*.md"))
        prompt.write_text(prompt.read_text(encoding="utf-8") + "\nBe brief.\n", encoding="utf-8")
        await hands.until(lambda: "Reloaded: prompt changed" in hands.conversation, "it is told")
        assert "Be brief." in hands.session.contract.system

    rehearse(workspace, scene)


def test_the_rule_behind_a_verdict_opens_in_the_editor_at_its_line(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr("greenroom.tui.sheets.editor.own_editor", lambda: "vim")
    monkeypatch.setattr("greenroom.tui.sheets.editor.subprocess.run", lambda words, check: opened.append(words))

    async def scene(hands: Rehearsing) -> None:
        monkeypatch.setattr(hands.bench, "outside", lambda act: act())
        await hands.say(REFUND)
        await hands.pane("Policy")
        pane = hands.bench.query_one(Side).open("Policy").pane
        hands.bench.set_focus(pane)
        pane.select(next(entry.id for entry in pane.entries if "refund.large" in entry.plain))
        await hands.pilot.press("e")
        (words,) = opened
        assert words[0] == "vim"
        line = int(words[1].removeprefix("+"))
        text = policy(workspace).read_text(encoding="utf-8").splitlines()
        assert text[line - 1] == "[[rule]]"
        assert "refund.large" in text[line]

    rehearse(workspace, scene)


def test_where_a_rule_stands(workspace: Workspace) -> None:
    found = place_of(workspace, "mail.customer", "support@1", "aria")
    assert found.path == policy(workspace)
    assert "mail.customer" in policy(workspace).read_text(encoding="utf-8").splitlines()[found.line]
    assert "built in" in place_of(workspace, "cards.masked", "builtin@1.0.0", "aria").problem
    assert "no policy file" in place_of(workspace, "gone", "support@1", "aria").problem
    assert place_of(workspace, "autonomy", "", "aria").path == workspace.personas / "aria" / "persona.toml"
    envelope = place_of(workspace, "envelope.tools", "support@1", "aria")
    assert envelope.path == policy(workspace)
    rewrite(policy(workspace), "[[rule]]", "[[rule]")
    assert place_of(workspace, "mail.customer", "support@1", "aria").path, "also where the file is broken"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("vim -p", ["vim", "-p", "+7", "f"]),
        ("/usr/bin/code --wait", ["/usr/bin/code", "--wait", "--goto", "f:7"]),
        ("hx", ["hx", "f:7"]),
    ],
)
def test_editors_are_told_the_line_in_their_own_way(command: str, words: list[str]) -> None:
    assert arguments(command, Path("f"), 7) == words
    assert arguments(command, Path("f"))[-1] == "f"


def test_what_is_watched(workspace: Workspace) -> None:
    before = snapshot(workspace)
    assert str(policy(workspace)) in before
    assert any(name.endswith("persona.toml") for name in before)
    policy(workspace).unlink()
    assert str(policy(workspace)) not in snapshot(workspace)
