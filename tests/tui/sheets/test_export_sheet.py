"""The export sheet: expectations are switched, loosened and edited, replacements are listed, nothing typed is lost."""

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from greenroom.regression.case import load_case
from greenroom.regression.tape.tape import read
from greenroom.tui.conversation.column import Place
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.hints import Hints
from greenroom.tui.sheets.export_sheet import ExportSheet
from greenroom.tui.sheets.sheet_keys import KeysSheet
from greenroom.tui.text.runs import plain
from greenroom.workspace.layout import Workspace
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

MAIL = "mara@post.example"
SIZES = [(40, 10), (80, 24), (140, 40)]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return helpdesk(tmp_path)


async def opened(hands: Rehearsing, *said: str) -> ExportSheet:
    for words in said:
        await hands.say(words)
    hands.bench.query_one("#conversation", Transcript).focus()
    await hands.pilot.press("x")
    await hands.until(lambda: isinstance(hands.bench.screen, ExportSheet), "the sheet is up")
    sheet = hands.bench.screen
    assert isinstance(sheet, ExportSheet)
    await hands.until(lambda: sheet.list.entries, "the preview is made")
    return sheet


def shown(sheet: ExportSheet) -> str:
    return "\n".join(plain(entry.head) or entry.title for entry in sheet.list.entries)


def problem(sheet: ExportSheet) -> str:
    return " ".join(str(sheet.query_one("#export-problem", Static).render()).split())


def test_expectations_are_switched_loosened_and_written(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?", f"Where is order 1001? I am {MAIL}")
        assert "order_id = 1001" in shown(sheet)
        assert MAIL not in shown(sheet)
        assert "‹email#1›" in shown(sheet)
        assert "personal.email in the user's words" in shown(sheet)
        await hands.pilot.press(*"seen", "tab", "tab", *"It must find it.", "tab", *"orders", "tab")
        await hands.until(
            lambda: sheet.focused is sheet.list and sheet.list.selected is not None, "the list is reached"
        )
        assert "space" in str(sheet.query_one(Hints).render())
        before = shown(sheet)
        await hands.pilot.press("space")
        await hands.until(lambda: shown(sheet) != before, "it is switched off")
        at = next(entry.id for entry in sheet.list.entries if "order_id = 1001" in plain(entry.head))
        sheet.list.select(at)
        await hands.pilot.press("l")
        await hands.until(lambda: "orders.get is called" in shown(sheet).replace(" with order_id", "?"), "it is looser")
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")
        assert "replays: passed in" in hands.conversation

    rehearse(workspace, scene)
    case = load_case(workspace.fixtures / "seen.case.toml")
    assert (case.why, case.tags) == ("It must find it.", ("orders",))
    assert [one.call.args for one in case.assert_ if one.call] == [{}]
    assert not any(one.passages for one in case.assert_)


def test_what_is_only_observed_is_shown_and_written_without_expectations(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "Where is order 1001?")
        before = shown(sheet)
        assert "2 of 4 expected" in before
        await hands.pilot.press("ctrl+e", "ctrl+e")
        assert "nothing expected" in shown(sheet)
        assert "orders.get is called" not in shown(sheet)
        await hands.pilot.press("ctrl+e")
        assert shown(sheet) == before
        await hands.pilot.press("ctrl+e", "ctrl+e")
        sheet.query_one("#export-name", Input).value = "watched"
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")

    rehearse(workspace, scene)
    case = load_case(workspace.fixtures / "watched.case.toml")
    assert (case.expect, case.assert_) == ("observe", ())


def test_the_preview_says_what_is_looked_for_and_what_no_pattern_knows(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "Where is order 1001?")
        assert "not looked for: names, street addresses, dates of birth" in shown(sheet)
        sheet.list.focus()
        sheet.list.select("looked")
        await hands.pilot.press("enter")
        sheet.list.select("overlooked")
        await hands.pilot.press("enter")
        text = "\n".join(entry.plain for entry in sheet.list.entries if entry.open)
        assert "bank accounts: IBANs" in text
        assert "injection" not in text
        assert "Names of people, street addresses" in text

    rehearse(workspace, scene)


def test_a_turn_that_is_not_over_is_said_to_be_left_out(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "Do you ship to Austria?", "I want a refund of 120 EUR for order 1001")
        assert "turn 2 is not over, so it is left out" in shown(sheet)
        sheet.query_one("#export-turns", Input).value = "1"
        await hands.until(lambda: "not over" not in shown(sheet), "a range was asked for, so nothing is left out of it")

    rehearse(workspace, scene)


def test_f1_shows_the_keys_of_the_sheet_and_again_leaves_them(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "Where is order 1001?")
        await hands.pilot.press("f1")
        await hands.until(lambda: isinstance(hands.bench.screen, KeysSheet), "its keys are shown")
        assert isinstance(hands.bench.screen, KeysSheet)
        rows = [entry.plain.split() for entry in hands.bench.screen.list.entries]
        assert ["^y", "write"] in rows
        assert ["u", "undo", "the", "edits"] in rows
        assert ["j", "k", "next,", "previous", "entry"] in rows
        assert not any("approve" in row for row in rows)
        await hands.pilot.press("f1")
        await hands.until(lambda: hands.bench.screen is sheet, "the sheet is there again")
        await hands.pilot.press("escape", "f1")
        await hands.until(lambda: isinstance(hands.bench.screen, KeysSheet), "all keys are shown")
        assert isinstance(hands.bench.screen, KeysSheet)
        assert any("approve" in entry.plain for entry in hands.bench.screen.list.entries)

    rehearse(workspace, scene)


def test_what_a_rule_masked_in_the_session_is_named_as_such(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "repeat my card number 4111 1111 1111 1111")
        assert "‹card#1›  masked in the session already" in shown(sheet)
        assert "nothing private" not in shown(sheet)
        assert "at most 1 model call and 0 tool calls in all" in shown(sheet)

    rehearse(workspace, scene)


def test_a_range_is_previewed_and_keeps_what_was_chosen(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?", "Where is order 1001?")
        sheet.list.focus()
        at = next(entry.id for entry in sheet.list.entries if "order_id = 1001" in plain(entry.head))
        sheet.list.select(at)
        await hands.pilot.press("space")
        turns = sheet.query_one("#export-turns", Input)
        turns.value = "2"
        await hands.until(lambda: "turn 1" not in shown(sheet), "only the second turn is under test")
        assert "· turn 2" in shown(sheet)
        turns.value = "9"
        await hands.until(lambda: "no ended turn 9" in problem(sheet), "it says which there are")
        turns.value = "2-x"
        await hands.until(lambda: "not a range" in problem(sheet), "it says what a range is")
        turns.value = "2"
        await hands.until(lambda: problem(sheet) == "", "it is right again")
        sheet.query_one("#export-name", Input).value = "second"
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")

    rehearse(workspace, scene)
    assert read((workspace.fixtures / "second.tape.jsonl").read_bytes(), "x").first_turn == 2


def test_what_comes_back_from_an_editor_counts_if_it_is_a_case_and_is_kept_if_not(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?")
        sheet.query_one("#export-name", Input).value = "edited"
        before = shown(sheet)
        sheet.take_edited('schema = "case/1"\nwhy = "Mine."\n\n[[assert]]\nturn = 1\ntxt = { contains = "30 days" }\n')
        assert "case.toml:6" in problem(sheet)
        assert shown(sheet) == before
        await hands.pilot.press("ctrl+y")
        assert "no case yet" in problem(sheet)
        sheet.list.focus()
        await hands.pilot.press("u")
        assert problem(sheet) == ""
        sheet.take_edited(
            '# mine\nschema = "case/1"\nwhy = "Mine. \x1b[31m"\nexpect = "good"\ntags = ["a", "b"]\n\n'
            '[[assert]]\nturn = 1\ntext = { contains = "31 days" }\n'.replace("\x1b", "\\u001b")
        )
        assert "not so in this recording" in problem(sheet)
        assert "1 expected, as you edited it" in shown(sheet)
        assert sheet.query_one("#export-why", Input).disabled
        await hands.pilot.press("space", "ctrl+e")
        assert "it is edited" in problem(sheet)
        sheet.take_edited(
            '# mine\nschema = "case/1"\nexpect = "bad"\n\n[[assert]]\nturn = 1\ntext = { contains = "30 days" }\n'
        )
        assert problem(sheet) == ""
        await hands.pilot.press("ctrl+y")
        await hands.until(lambda: hands.bench.exported, "it is written")
        assert "as it should until this is put right" in hands.conversation

    rehearse(workspace, scene)
    text = (workspace.fixtures / "edited.case.toml").read_text()
    assert text.startswith("# mine\n")
    assert load_case(workspace.fixtures / "edited.case.toml").expect == "bad"


@pytest.mark.parametrize("size", SIZES)
def test_it_fits_every_screen(workspace: Workspace, size: tuple[int, int]) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?", f"Where is order 1001? I am {MAIL}")
        await hands.pilot.pause()
        hints = sheet.query_one(Hints).region
        assert hints.bottom <= size[1]
        assert hints.width > 0
        assert sheet.list.region.height >= 1
        assert sheet.list.region.bottom <= hints.y
        assert sheet.list._view.top == Place()
        for key in ("tab", "tab", "tab", "tab", "down", "enter", "up"):
            await hands.pilot.press(key)
        assert "esc" in str(sheet.query_one(Hints).render())
        await hands.pilot.press("escape")
        await hands.until(lambda: len(hands.bench.screen_stack) == 1, "it is left")

    rehearse(workspace, scene, size=size)


def test_the_chord_edits_the_sheet_and_not_what_is_behind_it(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?")
        await hands.pilot.press("ctrl+x", "ctrl+e")
        await hands.until(lambda: "the editor could not be used" in problem(sheet), "there is no terminal to give up")
        assert sheet._draft is not None
        text = sheet._draft.as_case("first", "", "good", ())
        edited = sheet._draft.edited(text.replace("good", "bad", 1))
        assert edited.as_case("second", "", "good", ()).startswith("# What is expected of second.tape.jsonl.")
        assert (
            edited.edited("# mine\n" + text)
            .as_case("second", "", "good", ())
            .startswith("# mine\n# What is expected of first")
        )

    rehearse(workspace, scene)


def test_hostile_words_are_shown_as_text(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?")
        sheet.take_edited(
            'schema = "case/1"\n[[assert]]\nturn = 1\nnever = { text = { contains = "[red]x[/] \u202e" } }\n'
        )
        await hands.pilot.pause()
        rendered = "\n".join(sheet.list.lines)
        assert "[red]x[/]" in rendered
        assert "\u202e" not in rendered

    rehearse(workspace, scene)


def test_what_is_wrong_is_read_whole_in_a_narrow_terminal(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?")
        sheet.take_edited('schema = "case/1"\nwhy = "Mine."\n\n[[assert]]\nturn = 1\ntxt = { contains = "30 days" }\n')
        said = sheet.query_one("#export-problem", Static)
        await hands.until(lambda: said.size.height > 1, "it takes more than a row")
        assert problem(sheet).endswith("· e opens it there, u undoes the edits")
        assert sheet.query_one("#frame").region.bottom <= 24
        assert sheet.query_one(Hints).region.bottom <= 24
        sheet._problem("")
        await hands.until(lambda: said.size.height == 1, "and no more than it needs")

    rehearse(workspace, scene, size=(80, 24))


def test_the_editor_opens_at_the_expectation_that_is_looked_at(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        sheet = await opened(hands, "What is your return policy for shoes?")
        draft = sheet._draft
        assert draft is not None
        text = draft.as_case("first", "", "good", ())
        rows = text.splitlines()
        places = [(p, i, item) for p, one in enumerate(draft.proposals) for i, item in enumerate(one.items)]
        for p, i, item in places:
            line = draft.line_of(f"expect:{p}.{i}", text)
            assert rows[line - 1] == item.row if item.on else line == 0 or rows[line - 1] == "[[assert]]"
        assert any(item.on for _, _, item in places)
        assert draft.line_of("looked", text) == 0
        edited = draft.edited(f"# mine\n\n{text}")
        last = [row for row in edited.text.splitlines() if row.strip() and not row.startswith("#")]
        assert edited.line_of(f"edited:{len(last) - 1}", edited.text) == len(rows) + 2

    rehearse(workspace, scene)
