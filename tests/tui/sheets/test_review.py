"""The review of fixtures on the screen: causes, diffs under their rows, accepting one and all of a cause, leaving."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from textual.widgets import Static

from greenroom.assembly.fixture.fixtures import Fixtures, Reviewed
from greenroom.regression.accept.last_run import LastRuns
from greenroom.tui.frame.hints import Hints
from greenroom.tui.sheets.review_sheet import ReviewSheet
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.tui.rehearsing import Rehearsing, helpdesk, rehearse

REFUND, CARD, WINDOW = "refund-over-limit", "card-number-hidden", "return-window"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("CI", raising=False)
    found = helpdesk(tmp_path)
    trust(found)
    return found


def change(workspace: Workspace, file: str, old: str, new: str) -> None:
    path = workspace.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    trust(workspace)


def sheet(hands: Rehearsing) -> ReviewSheet:
    found = hands.bench.screen
    assert isinstance(found, ReviewSheet)
    return found


def state(hands: Rehearsing) -> str:
    return " ".join(str(sheet(hands).query_one("#review-state", Static).content).split())


def counts(hands: Rehearsing) -> str:
    return " ".join(str(sheet(hands).query_one("#review-counts", Static).content).split())


def keys(hands: Rehearsing) -> list[str]:
    return [f"{hint.key} {hint.does}" for hint in sheet(hands).query_one(Hints).hints]


def shown(hands: Rehearsing) -> list[str]:
    return [entry.plain for entry in sheet(hands).list.entries]


async def opened(hands: Rehearsing, told: str) -> None:
    hands.bench.do_action("review")
    await hands.until(lambda: isinstance(hands.bench.screen, ReviewSheet), "the review opened")
    await hands.until(lambda: told in counts(hands) or told in state(hands), told)


def test_causes_stand_above_their_fixtures_and_a_diff_unfolds_below(workspace: Workspace) -> None:
    change(workspace, "policies/support.toml", '["args.amount > 100"]', '["args.amount > 200"]')

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 2 stale, 1 failed")
        rows = shown(hands)
        assert rows[0].startswith("policy: rule refund.large: when args.amount > 100 -> args.amount > 200")
        assert rows[1].strip() == "(policies/support.toml:20)"
        assert rows[2].split() == [CARD, *["every", "event", "goes", "as", "recorded"], *rows[2].split()[6:]]
        assert "an expectation fails: assert[0]" in rows[3]
        sheet(hands).list.select(f"fixture:{REFUND}")
        await hands.pilot.press("enter")
        assert "~ ask of c2: rule refund.large -> autonomy" in shown(hands)[3]
        assert sheet(hands).list.entries[3].open
        assert keys(hands)[:2] == ["enter diff", "A accept the cause"], "an expectation fails: it is not accepted"
        sheet(hands).list.select(f"fixture:{CARD}")
        await hands.until(lambda: keys(hands)[1] == "a accept", "one that can be")

    rehearse(workspace, scene)


def test_every_cause_stands_in_a_line_of_its_own(workspace: Workspace) -> None:
    change(
        workspace, "personas/aria/prompt.md", "Say what happens next.", "Say what happens next, and apologise first."
    )
    change(workspace, "policies/support.toml", '["args.amount > 100"]', '["args.amount > 90"]')

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 3 stale")
        rows = shown(hands)
        assert rows[0].startswith("persona aria 1.3.0: prompt: one sentence: ")
        second = next(place for place, row in enumerate(rows) if row.startswith("and policy: rule refund.large: when "))
        assert "".join(rows[second : second + 2]).find("args.amount > 100 -> args.amount > 90") > 0
        fixtures = [entry.id for entry in sheet(hands).list.entries if entry.id.startswith("fixture:")]
        assert fixtures[0] == f"fixture:{CARD}"

    rehearse(workspace, scene)


def test_one_is_accepted_then_all_that_can_be_and_the_rest_is_refused(workspace: Workspace) -> None:
    change(workspace, "policies/support.toml", '["args.amount > 100"]', '["args.amount > 200"]')
    tapes = {name: (workspace.fixtures / f"{name}.tape.jsonl").read_bytes() for name in (REFUND, CARD, WINDOW)}

    def changed() -> set[str]:
        return {
            name for name, data in tapes.items() if (workspace.fixtures / f"{name}.tape.jsonl").read_bytes() != data
        }

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 2 stale, 1 failed")
        assert changed() == set()
        sheet(hands).list.select(f"fixture:{REFUND}")
        await hands.pilot.press("a")
        await hands.until(lambda: "an expectation fails on the new tape" in state(hands), "it was refused")
        assert changed() == set()
        sheet(hands).list.select(f"fixture:{CARD}")
        await hands.pilot.press("a")
        await hands.until(lambda: "accepted: the new tape" in state(hands), "one was accepted")
        assert counts(hands) == "3 fixtures: 1 accepted, 1 stale, 1 failed"
        await hands.pilot.press("a")
        assert state(hands) == f"{CARD} is accepted already"
        assert changed() == {CARD}
        await hands.pilot.press("A")
        await hands.until(lambda: changed() == {CARD, WINDOW}, "the other that can be was accepted")
        await hands.until(
            lambda: "accepted 1 of 3; 1 accepted already; 1 cannot be, as an expectation fails" in state(hands),
            "how many of how many is said",
        )
        await hands.pilot.press("A")
        assert state(hands).startswith("2 accepted already; 1 cannot be")
        assert LastRuns(workspace.last_run).names() == (REFUND,)
        await hands.pilot.press("r")
        await hands.until(lambda: "3 fixtures: 2 passed, 1 failed" in counts(hands), "they were replayed again")
        await hands.pilot.press("escape")
        await hands.until(lambda: not isinstance(hands.bench.screen, ReviewSheet), "the sheet was left")

    rehearse(workspace, scene)


def test_the_case_is_edited_outside_and_the_fixture_replayed(workspace: Workspace) -> None:
    async def scene(hands: Rehearsing) -> None:
        edited: list[Path] = []

        def edit(path: Path) -> None:
            edited.append(path)
            path.write_text('schema = "case/1"\n[[assert]]\ntext = { contains = "tangerine" }\n', encoding="utf-8")

        hands.bench.push_screen(ReviewSheet(workspace, edit))
        await hands.until(lambda: isinstance(hands.bench.screen, ReviewSheet), "the review opened")
        await hands.until(lambda: "3 fixtures: 3 passed" in counts(hands), "they passed")
        sheet(hands).list.select(f"fixture:{WINDOW}")
        await hands.pilot.press("e")
        await hands.until(lambda: "2 passed, 1 failed" in counts(hands), "the edited case fails")
        assert edited == [workspace.fixtures / f"{WINDOW}.case.toml"]

    rehearse(workspace, scene)


def test_escape_stops_the_replay_before_it_leaves(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, held = Event(), Event()
    real = Fixtures.replayed

    async def slowly(self: Fixtures, path: Path) -> Reviewed:
        begun.set()
        held.wait(20)
        return await real(self, path)

    monkeypatch.setattr(Fixtures, "replayed", slowly)

    async def scene(hands: Rehearsing) -> None:
        hands.bench.do_action("review")
        await hands.until(begun.is_set, "the replay began")
        review = sheet(hands)
        await hands.pilot.press("escape")
        held.set()
        await hands.until(lambda: "stopped after 1 fixture: 1 passed" in counts(hands), "it was stopped")
        assert hands.bench.screen is review
        await hands.pilot.press("escape")
        await hands.until(lambda: hands.bench.screen is not review, "the sheet was left")

    rehearse(workspace, scene)


def test_a_workspace_nobody_trusted_runs_nothing(tmp_path: Path) -> None:
    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "this workspace is not trusted yet")

    rehearse(helpdesk(tmp_path), scene)


def test_a_cause_is_accepted_for_exactly_its_own_and_one_that_is_shared_in_part_is_said(workspace: Workspace) -> None:
    change(workspace, "policies/support.toml", '["args.amount > 100"]', '["args.amount > 90"]')

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 3 stale")
        review = sheet(hands)
        for name in (REFUND, CARD):
            review.list.select(f"fixture:{name}")
            await hands.pilot.press("a")
            await hands.until(lambda: "accepted: the new tape" in state(hands), "one was accepted")
            review._say("")
        await hands.pilot.press("escape")
        change(workspace, "personas/aria/prompt.md", "Say what happens next.", "Say what happens next, and be kind.")
        await opened(hands, "3 fixtures: 3 stale")
        sheet(hands).list.select(f"fixture:{CARD}")
        await hands.pilot.press("A")
        await hands.until(lambda: "accepted 2 of 2" in state(hands), "those of the cause")
        assert "1 under another heading shares a part of this and is not touched" in state(hands)
        await hands.pilot.press("A")
        assert state(hands).startswith("all 2 are accepted already; 1 under another heading")
        both = next(entry.id for entry in sheet(hands).list.entries if entry.plain.startswith("and "))
        sheet(hands).list.select(both)
        await hands.pilot.press("A")
        await hands.until(lambda: state(hands) == "accepted 1 of 1", "a row of the heading stands for its fixtures")

    rehearse(workspace, scene)


@pytest.mark.parametrize("width", [80, 140])
def test_a_cause_is_whole_at_every_width(workspace: Workspace, width: int) -> None:
    words = " ".join(f"word{n}" for n in range(30))
    change(
        workspace,
        "policies/support.toml",
        '["args.amount > 100"]',
        f'["args.amount > 90", "args.reason != \'{words}\'"]',
    )

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 3 stale")
        rows = [entry for entry in sheet(hands).list.entries if entry.id.startswith("cause:")]
        told = " ".join(entry.plain.strip() for entry in rows)
        assert "word0 word1" in told
        assert max(len(entry.plain) for entry in rows) <= width - 8
        assert len(rows) >= 2
        assert "…" not in rows[0].title
        selected = sheet(hands).list.selected
        assert selected is not None
        assert selected.id.startswith("fixture:"), "a fixture is looked at first, and no row of a heading"

    rehearse(workspace, scene, size=(width, 30))


@pytest.mark.parametrize("width", [80, 140])
def test_a_broken_fixture_shows_its_whole_line_and_says_why_it_cannot_be_accepted(
    workspace: Workspace, width: int
) -> None:
    case = workspace.fixtures / f"{CARD}.case.toml"
    case.write_text('schema = "case/1"\n[[assert]]\nturm = 3\n', encoding="utf-8")

    async def scene(hands: Rehearsing) -> None:
        await opened(hands, "3 fixtures: 2 passed, 1 broken")
        sheet(hands).list.select(f"fixture:{CARD}")
        await hands.pilot.press("enter")
        chosen = sheet(hands).list.selected
        assert chosen is not None
        assert chosen.open
        whole = " ".join("".join(run.text for run in line) for line in chosen.body)
        assert f"{CARD}.case.toml:3" in whole
        assert "unknown key 'turm'" in whole
        assert "…" not in whole
        await hands.pilot.press("a")
        told = f"{CARD} cannot be accepted: its files are broken: "
        await hands.until(lambda: state(hands).startswith(told), "why it cannot be")
        assert "unknown key 'turm'" in state(hands)
        assert counts(hands) == "3 fixtures: 2 passed, 1 broken", "a message takes the place of nothing"
        assert keys(hands) == ["enter what is wrong", "e edit case", "r replay", "escape back"]
        sheet(hands).list.select(f"fixture:{WINDOW}")
        before = (workspace.fixtures / f"{WINDOW}.tape.jsonl").stat().st_mtime_ns
        await hands.pilot.press("a")
        await hands.until(
            lambda: state(hands) == f"{WINDOW} goes as recorded: there is nothing to accept", "nothing to accept"
        )
        await hands.pilot.press("enter")
        await hands.until(lambda: state(hands) == f"{WINDOW} goes as recorded: nothing differs", "nothing differs")
        assert (workspace.fixtures / f"{WINDOW}.tape.jsonl").stat().st_mtime_ns == before
        assert keys(hands) == ["e edit case", "r replay", "escape back"]

    rehearse(workspace, scene, size=(width, 24))
