"""From the turn that went wrong to the one that goes right: back to it, the prompt in an editor, said again from there."""

import shutil
from pathlib import Path

import pytest

from greenroom.core.events import SessionForked
from greenroom.tui.compare.sheet import CompareSheet
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.finder import Finder
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.deeds import keys
from greenroom.tui.frame.hints import Hints, fitting, hint_row
from greenroom.tui.gates.bar import GateBar
from greenroom.tui.panes.side import Side
from greenroom.tui.travel.moment_row import MomentRow
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from greenroom.assembly import ingest_knowledge

    shop = helpdesk(tmp_path_factory.mktemp("stocked"))
    ingest_knowledge(shop)
    return shop.root


@pytest.fixture
def workspace(stocked: Path, tmp_path: Path) -> Workspace:
    found = Workspace(shutil.copytree(stocked, tmp_path / "helpdesk").resolve())
    trust(found)
    return found


async def entry(hands: Rehearsing, id: str) -> None:
    """Select an entry of the conversation, as search does."""
    conversation = hands.bench.query_one("#conversation", Transcript)
    conversation.focus()
    conversation.select(id)
    await hands.pilot.pause()


def test_a_on_an_entry_shows_the_session_as_it_was_there_and_ctrl_r_says_it_again_from_there(
    workspace: Workspace,
) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.variants.instant = True
        for words in ("hello", "thanks", "what can you do?"):
            await hands.say(words)
        parent, path = hands.session.id, workspace.sessions / f"{hands.session.id}.jsonl"
        before = path.read_bytes()
        await entry(hands, "2:reply:1")
        await hands.pilot.press("a")
        await hands.until(lambda: hands.bench.scrub.past, "it looks back")
        shown = hands.bench.scrub.folds
        assert (shown.turns, shown.records[-1].event.kind) == (2, "reply_released")
        await hands.pilot.press("ctrl+r")
        await hands.until(lambda: isinstance(hands.bench.screen, CompareSheet), "both are set beside one another")
        forked = next(item.event for item in hands.session.records if isinstance(item.event, SessionForked))
        assert forked.parent == parent
        assert hands.bench.rehearsal.folds.turns == 3
        assert not hands.bench.scrub.past
        assert path.read_bytes() == before

    rehearse(workspace, scene)


def test_the_prompt_the_contract_and_the_script_open_in_the_editor_and_what_is_saved_is_in_force(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, ...]] = []

    def editor(command: str, path: Path, line: int = 0) -> None:
        opened.append(path.relative_to(workspace.root).parts)
        if path.name == "prompt.md":
            path.write_text(path.read_text() + "\nNever be short with anybody.\n")

    async def scene(hands: Rehearsing) -> None:
        monkeypatch.setattr("greenroom.tui.sheets.editor.edit", editor)
        monkeypatch.setattr(hands.bench, "outside", lambda act: act())  # a pilot has no terminal to give up
        await hands.say("hello")
        await hands.until(lambda: hands.bench.watching.disk.looks > 1, "the files were looked at")
        await hands.pilot.press("ctrl+x", "E")
        await hands.until(lambda: "Reloaded: prompt changed" in hands.conversation, "it is told")
        row = hands.bench.query_one(Hints).render().plain
        assert "ctrl+r says the last turn again" in row
        for which in ("persona", "script"):
            hands.bench.doing.do("edit_file", which)
        assert [parts[-1] for parts in opened] == ["prompt.md", "persona.toml", "helpdesk.toml"]

    rehearse(workspace, scene)


def test_each_row_that_is_written_in_says_its_own_keys(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        await hands.say("hello")
        for deed, field in (("search", Finder), ("go_to", MomentRow)):
            hands.bench.doing.do(deed)
            await hands.pilot.pause(0.1)
            assert isinstance(hands.bench.focused, field)
            row = keys.row(hands.bench.focused, (), running=False, past=False)
            assert [hint.key for hint in row[:2]] == ["enter", "escape"]
            assert "send" not in row[0].does
            await hands.pilot.press("escape")
        hands.bench.doing.do("seek")
        await hands.until(lambda: hands.bench.focused is not None, "the filter has the focus")
        side = hands.bench.query_one(Side)
        assert [hint.key for hint in keys.row(side.sieve, (), running=False, past=False)][:2] == ["enter", "tab"]

    rehearse(workspace, scene)


@pytest.mark.parametrize("past", [True, False])
def test_eighty_columns_have_room_for_the_keys_that_are_needed_most(past: bool) -> None:
    chords = hint_row(fitting(keys.chords(), 78), 78).plain
    assert all(word in chords for word in ("STOP", "s sessions", "R rerun-with", "T tree", "all keys"))
    row = hint_row(fitting(keys.row(None, (), running=False, past=past), 78), 78).plain
    assert ("^r say it again" in row and "fork here" in row) == past


def test_words_sent_while_a_gate_waits_are_kept_and_the_way_on_is_named(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        hands.bench.doing.do("mode", "step")
        hands.bench.doing.said("hello")
        await hands.until(lambda: hands.bench.query_one(GateBar).step, "a gate waits")
        hands.bench.doing.said("are you there?")
        assert "f5 goes on" in hands.bench.query_one(Hints).render().plain
        assert hands.bench.query_one(Composer).text == "are you there?"
        hands.bench.doing.do("mode", "run")
        await hands.pilot.press("f5")
        await hands.until(lambda: hands.events("turn_finished"), "the turn ends")

    rehearse(workspace, scene)
