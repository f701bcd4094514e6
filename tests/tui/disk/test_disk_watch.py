"""Every kind of file saved while a session is open: taken over and told of, named in the bar while it is broken, and
set against what the last turn ran under in the header.
"""

import asyncio
from pathlib import Path

import pytest

from greenroom.tui.disk.bar import DiskBar
from greenroom.tui.disk.sheet import DiskSheet
from greenroom.tui.frame.header import Header
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, instant, rehearse


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = helpdesk(tmp_path)
    trust(found)
    return found


def save(file: Path, old: str, new: str, *, renamed: bool = True) -> None:
    """As an editor does: under another name first, then renamed; or in place."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    fresh = file.with_name(f".{file.name}.new") if renamed else file
    fresh.write_text(text.replace(old, new), encoding="utf-8")
    if renamed:
        fresh.replace(file)


async def looked(hands: Rehearsing) -> None:
    """Changes are measured by the first look."""
    await hands.say("hello")
    await hands.until(lambda: hands.bench.watching.disk.looks > 1, "the files were looked at")


def bar(hands: Rehearsing) -> str:
    return "\n".join(str(found.render()) for found in hands.bench.query(DiskBar) if found.display)


def header(hands: Rehearsing) -> str:
    return str(hands.bench.query_one(Header).render())


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("personas/aria/prompt.md", "\n", "\nBe brief.\n", "prompt changed"),
        ("personas/aria/persona.toml", 'version = "1.3.0"', 'version = "1.4.0"', "persona changed aria@1.4.0"),
        ("policies/support.toml", '"args.amount > 100"', '"args.amount > 90"', "refund.large changed"),
        ("knowledge/warranty.md", "2 years", "9 years", "changed in warranty.md"),
        (
            "scripts/helpdesk.toml",
            "What can I do for you today?",
            "You are back.",
            "script of scripted/helpdesk changed",
        ),
        ("greenroom.toml", "usd        = 0.50", "usd        = 0.01", "limits of the workspace changed"),
    ],
)
def test_each_kind_of_file_is_taken_over_when_saved(
    workspace: Workspace, file: str, old: str, new: str, told: str
) -> None:
    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        save(workspace.root / file, old, new)
        await hands.until(lambda: told in hands.conversation, f"{file} is told of")
        assert not bar(hands)
        contract = file.startswith(("personas", "policies", "greenroom"))
        # Passages and scripts are no part of a contract.
        await hands.until(lambda: ("ran 1.3.0 #" in header(hands)) is contract, "the header says so")
        await hands.say("hello")
        await hands.until(lambda: "disk #" not in header(hands), "the last turn ran under what is on disk")
        assert ("You are back." in hands.conversation) is file.startswith("scripts")

    rehearse(workspace, scene)


def test_changed_documents_are_found_as_they_are_now(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        new = workspace.knowledge / "sizes-hats.md"
        new.write_text("# Bowler hats\n\nA zarquon bowler hat is measured over the ears.\n", encoding="utf-8")
        await hands.until(lambda: "1 passage changed in sizes-hats.md" in hands.conversation, "it is told")
        await hands.say("how is a zarquon bowler hat measured?")
        found = hands.events("passages_retrieved")[-1]
        assert "over the ears" in str(found)
        new.unlink()
        await hands.until(lambda: hands.conversation.count("1 passage changed in sizes-hats.md") == 2, "it is gone")

    rehearse(workspace, scene)


def test_files_that_are_broken_are_named_until_each_is_sound_and_the_session_goes_on(workspace: Workspace) -> None:
    policy, persona = workspace.policies / "support.toml", workspace.personas / "aria" / "persona.toml"
    script = workspace.scripts / "helpdesk.toml"

    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        digests = hands.session.contract.digests
        save(policy, "args.amount > 100", "args.amont > 100")
        await hands.until(lambda: "args.amont" in bar(hands), "what is wrong is named")
        assert "policies/support.toml:20 rule[0].when" in bar(hands), "file, line and key"
        save(persona, "[limits]", "[limts]", renamed=False)
        await hands.until(lambda: "limts" in bar(hands), "the second file is named too")
        assert "args.amont" in bar(hands)
        kept = script.read_text(encoding="utf-8")
        script.unlink()
        await hands.until(lambda: "scripts/helpdesk.toml: cannot read" in bar(hands), "a deleted one too")
        assert hands.session.contract.digests == digests
        await hands.say("hello")
        assert "What can I do for you today?" in hands.conversation, "the last good copies answer"
        save(workspace.knowledge / "warranty.md", "2 years", "9 years")
        await hands.until(lambda: "changed in warranty.md" in hands.conversation, "what is sound is taken over")
        script.write_text(kept, encoding="utf-8")
        save(persona, "[limts]", "[limits]")
        await hands.until(lambda: bar(hands).count("\n") == 0, "what is sound again is named no more")
        assert "args.amont" in bar(hands)
        persona.unlink()
        await hands.until(lambda: "personas/aria/persona.toml: the file is missing" in bar(hands), "gone is broken")

    rehearse(workspace, scene, size=(80, 24))


def test_what_could_not_be_opened_is_opened_when_it_is_put_right(workspace: Workspace) -> None:
    policy = workspace.policies / "support.toml"
    save(policy, "args.amount > 100", "args.amont > 100")

    async def run() -> None:
        bench = Workbench(workspace, opener=instant, trusting=False)
        async with bench.run_test(size=(80, 24)) as pilot:
            hands = Rehearsing(bench, pilot)
            await hands.until(lambda: "args.amont" in hands.conversation, "why nothing is open")
            await hands.until(lambda: bench.watching.disk.looks > 1, "the files are looked at")
            save(policy, "args.amont > 100", "args.amount > 100")
            await hands.until(lambda: bench.rehearsal.session is not None, "it is open")
            await hands.say("hello")
            assert "How can I help?" in hands.conversation
            bench.doing.do("quit")
            await hands.until(lambda: bench.rehearsal.session is None, "the session is closed")

    asyncio.run(asyncio.wait_for(run(), 60))


def test_code_that_changed_is_not_loaded_until_it_is_trusted(workspace: Workspace) -> None:
    tool = workspace.tools / "orders.py"
    mark = workspace.root / "it-ran"

    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        text = tool.read_text(encoding="utf-8")
        tool.write_text(f"{text}\nfrom pathlib import Path as P\nP({str(mark)!r}).touch()\n", encoding="utf-8")
        await hands.until(lambda: "not trusted" in bar(hands), "it is told")
        assert "tools/orders.py: not what was trusted" in bar(hands)
        save(workspace.personas / "aria" / "prompt.md", "\n", "\nBe brief.\n")
        await hands.bench.watching.reload()
        assert not mark.exists()
        assert "Be brief." not in hands.session.contract.system
        session = hands.session.id
        hands.bench.doing.do("trust")
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: "code of the tools changed" in hands.conversation, "trusted, it is taken over")
        assert hands.session.id == session, "in the session that was open"
        assert mark.exists()
        assert "Be brief." in hands.session.contract.system
        assert not bar(hands)

    rehearse(workspace, scene)


def test_in_an_open_turn_only_the_policy_counts_and_the_header_says_that_the_rest_waits(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        await hands.say("I want a refund of 120 EUR for order 1001")
        assert hands.card.question is not None
        save(workspace.personas / "aria" / "prompt.md", "\n", "\nBe brief.\n")
        await hands.until(lambda: "waits for the turn's end" in header(hands), "it waits")
        assert "Be brief." not in hands.session.contract.system
        await hands.answer("ctrl+y")
        await hands.until(lambda: hands.session.open_turn() is None, "the turn ends")
        await hands.until(lambda: "waits" not in header(hands), "it waits no more")
        await hands.until(lambda: "ran 1.3.0 #" in header(hands), "the header says so")
        assert "Be brief." in hands.session.contract.system

    rehearse(workspace, scene)


def test_one_key_shows_what_differs_from_what_the_last_turn_ran_under(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await looked(hands)
        await hands.pilot.press("f7")
        await hands.until(lambda: isinstance(hands.bench.screen, DiskSheet), "the sheet is up")
        assert "what the last turn ran under" in sheet(hands)
        await hands.pilot.press("f7")
        await hands.until(lambda: not isinstance(hands.bench.screen, DiskSheet), "the same key puts it away")
        save(workspace.personas / "aria" / "prompt.md", "small shop", "tiny [b]shop[/b]")
        save(workspace.policies / "support.toml", '"args.amount > 100"', '"args.amount > 90"')
        save(workspace.knowledge / "warranty.md", "2 years", "9 years")
        await hands.until(lambda: "changed in warranty.md" in hands.conversation, "it is taken over")
        save(workspace.scripts / "helpdesk.toml", "[[rule]]", "[[rule]")
        await hands.until(lambda: "scripts/helpdesk.toml" in bar(hands), "one is broken")
        await hands.pilot.press("ctrl+x", "D")
        await hands.until(lambda: isinstance(hands.bench.screen, DiskSheet), "the sheet is up")
        shown = sheet(hands)
        assert "[-small-]" in shown
        assert "{+tiny [b]+}" in shown
        assert "rule refund.large: when args.amount > 100 → args.amount > 90" in shown
        assert "changed in warranty.md" in shown
        assert "scripts/helpdesk.toml" in shown
        await hands.pilot.press("escape")

    rehearse(workspace, scene, size=(80, 24))


def sheet(hands: Rehearsing) -> str:
    found = hands.bench.screen
    assert isinstance(found, DiskSheet)
    return "\n".join(entry.plain for entry in found.list.entries)
