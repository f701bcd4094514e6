"""greenroom fixture list, show, check, status, diff, accept and prune over a copy of the helpdesk."""

from __future__ import annotations

import asyncio
import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import find_workspace
from greenroom.commands import fixture, fixture_accept, fixture_prune, fixture_status
from greenroom.commands.answer import Answer
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import CheckFailed, UsageError
from greenroom.regression.accept.last_run import LastRuns
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"
PERSONA, POLICY = "personas/aria/persona.toml", "policies/support.toml"
REFUND, CARD, WINDOW = "refund-over-limit", "card-number-hidden", "return-window"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    workspace = find_workspace(tmp_path / "shop")
    trust(workspace)
    return workspace


def call(handler: Any, shop: Workspace, *names: str, face: Any = None, **options: Any) -> Answer[Any]:
    found = handler(Invocation({"workspace": str(shop.root), "name": list(names), **options}, face))
    done = asyncio.run(found) if inspect.iscoroutine(found) else found
    assert isinstance(done, Answer)
    return done


def change(shop: Workspace, file: str, before: str, after: str) -> None:
    path = shop.root / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    trust(shop)


def tapes(shop: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(shop.fixtures.glob("*.*.*"))}


class Person:
    """A face at a terminal that answers from a list."""

    interactive = True

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def pick(self, question: str, letters: str) -> str:
        self.notes.append(question)
        return self.answers.pop(0)


def test_fixtures_are_listed_and_one_is_shown_as_a_conversation(shop: Workspace) -> None:
    (shop.fixtures / "broken.tape.jsonl").write_text("{}\n")
    done = call(fixture.list_all, shop)
    assert [line.split()[0] for line in done.lines] == ["FIXTURE", "broken", CARD, REFUND, WINDOW]
    assert "aria@1.3.0" in done.lines[3] and "good, 2" in done.lines[3]
    shown = "\n".join(fixture.show(Invocation({"workspace": str(shop.root), "name": REFUND})).lines)
    assert "you: I want a refund of 120 EUR for order 1001" in shown
    assert "verdict  tool.call of c2: require_approval by refund.large" in shown
    assert "answer   c2 edit to" in shown
    assert "expects   turn any" in shown
    with pytest.raises(UsageError, match="no fixture 'refund-over-limits'"):
        call(fixture.check, shop, "refund-over-limits")


def test_check_says_what_is_stale_failed_and_broken_and_exits_by_the_worst(shop: Workspace) -> None:
    assert call(fixture.check, shop).lines == ("3 fixtures: all fine",)
    change(shop, PERSONA, "temperature = 0.2", "temperature = 0.7")
    done = call(fixture.check, shop, "refund-*")
    assert (done.lines[0], done.exit_code) == (
        f"stale    {REFUND}: persona aria 1.3.0: parameters: temperature 0.2 -> 0.7",
        1,
    )
    path = shop.fixtures / f"{CARD}.tape.jsonl"
    path.write_bytes(path.read_bytes().replace(b"card#1", b"card#2", 1))
    done = call(fixture.check, shop)
    assert (done.lines[-1], done.exit_code) == ("3 fixtures: 2 stale, 1 broken", 3)
    assert not shop.last_run.exists()


def test_one_change_is_one_line_for_the_whole_suite(shop: Workspace) -> None:
    assert call(fixture_status.status, shop).lines == ("3 fixtures: 3 passed",)
    assert not shop.last_run.exists()
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    done = call(fixture_status.status, shop)
    assert done.lines == (
        "3 fixtures: 3 stale",
        "",
        "stale     persona aria 1.3.0: limits.usd 0.25 -> 0.1; 3 fixtures",
        f"          {CARD}, {REFUND}, {WINDOW}",
        "          every event goes as recorded all the same",
        "",
        "what now  3 new tapes: greenroom fixture diff, then greenroom fixture accept",
    )
    assert done.exit_code == 1
    change(shop, PERSONA, "usd = 0.10", "usd        = 0.25")
    call(fixture_status.status, shop)
    assert LastRuns(shop.last_run).names() == ()


def test_a_broken_fixture_is_exit_3_wherever_it_is_met(shop: Workspace) -> None:
    change(shop, PERSONA, "temperature = 0.2", "temperature = 0.7")
    call(fixture_status.status, shop)
    path = shop.fixtures / f"{CARD}.tape.jsonl"
    path.write_bytes(path.read_bytes().replace(b"card#1", b"card#2", 1))
    for handler in (fixture.check, fixture_status.status, fixture_status.diff, fixture_accept.accept):
        assert call(handler, shop, CARD).exit_code == 3


def test_where_there_is_no_fixture_that_is_said_and_how_to_make_one(shop: Workspace) -> None:
    shutil.rmtree(shop.fixtures)
    for handler in (fixture.list_all, fixture.check, fixture_status.status, fixture_status.diff, fixture_accept.accept):
        done = call(handler, shop)
        assert (done.notes, done.exit_code) == (
            ("this workspace has no fixtures yet; greenroom session export last --name NAME makes one",),
            0,
        )


def test_a_document_that_says_something_else_is_a_note_and_not_stale(shop: Workspace) -> None:
    change(shop, "knowledge/returns.md", "30 days", "thirty days")
    (shop.knowledge / "refunds.md").unlink()
    done = call(fixture_status.status, shop, WINDOW)
    assert done.lines[0] == "1 fixture: 1 passed"
    assert "note      corpus: refunds.md is gone; 1 fixture" in done.lines
    assert (
        "note      corpus: returns.md says something else where a recorded passage came from; 1 fixture" in done.lines
    )


def test_a_persona_that_cannot_be_read_is_told_once_for_the_whole_suite(shop: Workspace) -> None:
    change(shop, PERSONA, "top_k ", "topk ")
    done = call(fixture_status.status, shop)
    assert done.lines[0] == "3 fixtures: 3 broken"
    broken = [line for line in done.lines if line.startswith("broken ")]
    assert len(broken) == 1
    assert "knowledge.topk: unknown key 'topk'" in broken[0]
    assert broken[0].endswith("; 3 fixtures")
    assert f"          {CARD}, {REFUND}, {WINDOW}" in done.lines


def test_accepting_changes_the_header_alone_where_every_event_is_the_same(shop: Workspace) -> None:
    before = tapes(shop)
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    assert call(fixture_accept.accept, shop).notes == (
        "nothing differed in the last run; pytest or greenroom fixture status replays the fixtures",
    )
    call(fixture_status.status, shop)
    assert tapes(shop) == before
    done = call(fixture_accept.accept, shop, REFUND)
    assert done.lines == (f"accepted  {REFUND}: persona aria 1.3.0: limits.usd 0.25 -> 0.1; every event as before",)
    after = tapes(shop)
    assert [name for name in before if before[name] != after[name]] == [f"{REFUND}.tape.jsonl"]
    old, new = (one[f"{REFUND}.tape.jsonl"].splitlines() for one in (before, after))
    assert [at for at, line in enumerate(old) if new[at] != line] == [0, len(old) - 1]
    assert call(fixture_status.status, shop, REFUND).lines == ("1 fixture: 1 passed",)
    assert call(fixture_accept.accept, shop, REFUND).value == []
    assert tapes(shop) == after


def test_a_diff_is_by_component_and_then_event_by_event(shop: Workspace) -> None:
    change(shop, POLICY, "args.amount > 100", "args.amount > 200")
    call(fixture_status.status, shop)
    assert call(fixture_status.diff, shop, REFUND).lines == (
        f"{REFUND}: stale",
        "  policy: rule refund.large: when args.amount > 100 -> args.amount > 200",
        "  turn 1",
        "    ~ verdict tool.call of c2: rule refund.large -> autonomy; no risk any more",
        "    ~ ask of c2: rule refund.large -> autonomy",
    )
    assert all(len(lines) <= 40 for lines in _blocks(call(fixture_status.diff, shop).lines))


def _blocks(lines: tuple[str, ...]) -> list[list[str]]:
    return [block.split("\n") for block in "\n".join(lines).split("\n\n")]


def test_what_an_expectation_forbids_is_refused_unless_forced(shop: Workspace) -> None:
    before = tapes(shop)
    change(shop, POLICY, "args.amount > 100", "args.amount > 200")
    done = call(fixture_status.status, shop, REFUND)
    assert done.lines[-1].startswith(f"what now  {REFUND} is not accepted as it is: an expectation fails: assert[0]")
    done = call(fixture_accept.accept, shop, REFUND)
    assert done.exit_code == 1
    assert done.lines[0].startswith(f"refused   {REFUND}: an expectation fails on the new tape: assert[0]")
    assert tapes(shop) == before
    done = call(fixture_accept.accept, shop, REFUND, force=True)
    assert (done.exit_code, done.lines[0].startswith("accepted")) == (0, True)
    assert call(fixture_status.status, shop, REFUND).lines[0] == "1 fixture: 1 failed"
    assert tapes(shop)[f"{REFUND}.case.toml"] == before[f"{REFUND}.case.toml"]


def test_what_the_tape_cannot_answer_is_refused_even_when_forced(shop: Workspace) -> None:
    before = tapes(shop)
    change(shop, PERSONA, "autonomy = 2", "autonomy = 1")
    change(shop, POLICY, 'id    = "refund.large"', 'id    = "refund.get"')
    change(shop, POLICY, 'tools = ["orders.refund"]\nwhen  = ["args.amount > 100"]', 'tools = ["orders.get"]')
    text = (shop.root / POLICY).read_text(encoding="utf-8")
    start, end = text.index("risk  = { base = 40"), text.index("# ----", text.index("risk  = { base = 40"))
    rule = 'ask   = { role = "operator" }\n\n'
    (shop.root / POLICY).write_text(text[:start] + rule + text[end:], encoding="utf-8")
    trust(shop)
    done = call(fixture_status.status, shop, REFUND)
    missing = f"{REFUND} is not accepted as it is: turn 1: a person is asked about orders.get (c1), by "
    assert missing in done.lines[-1], done.lines
    refused = call(fixture_accept.accept, shop, REFUND, force=True)
    assert (refused.exit_code, "nobody answered that on the tape" in refused.lines[0]) == (1, True)
    assert tapes(shop) == before


def test_only_some_kinds_of_change_are_taken_over_and_the_rest_later(shop: Workspace) -> None:
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    change(shop, POLICY, "args.amount > 250", "args.amount > 240")
    call(fixture_status.status, shop)
    done = call(fixture_accept.accept, shop, WINDOW, only="persona,text")
    rest = '+["args.amount > 240", 15] -["args.amount > 250", 15]'
    assert done.lines == (
        f"accepted  {WINDOW}: persona aria 1.3.0: limits.usd 0.25 -> 0.1; every event as before",
        f"left as recorded: policy: rule refund.large: risk.add {rest}; 1 fixture",
    )
    done = call(fixture_accept.accept, shop, WINDOW, only="memory")
    assert done.lines[0] == f"unchanged {WINDOW}: nothing of that kind differs"
    assert call(fixture_accept.accept, shop, WINDOW).lines[0].startswith(f"accepted  {WINDOW}: policy: rule")
    assert call(fixture_status.status, shop, WINDOW).lines == ("1 fixture: 1 passed",)
    with pytest.raises(UsageError, match="'policies' is not a kind of change"):
        call(fixture_accept.accept, shop, only="policies")


def test_an_outdated_last_run_is_refused(shop: Workspace) -> None:
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    call(fixture_status.status, shop)
    change(shop, PERSONA, "usd = 0.10", "usd = 0.11")
    done = call(fixture_accept.accept, shop, REFUND)
    assert f"{REFUND}: persona changed since it was replayed" in done.lines[0]
    call(fixture_status.status, shop)
    shutil.copy(shop.fixtures / f"{WINDOW}.tape.jsonl", shop.fixtures / f"{REFUND}.tape.jsonl")
    done = call(fixture_accept.accept, shop, REFUND)
    assert f"{REFUND}: its tape is another than the one that was replayed" in done.lines[0]


def test_nothing_is_accepted_on_a_build_server(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    for force in (False, True):
        with pytest.raises(CheckFailed, match="not accepted on a build server"):
            call(fixture_accept.accept, shop, force=force)


def test_each_is_asked_for_at_a_terminal(shop: Workspace) -> None:
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    call(fixture_status.status, shop)
    person = Person("n", "d", "y", "q")
    done = call(fixture_accept.accept, shop, face=person, i=True)
    assert [one.name for one in done.value] == [REFUND]
    assert person.notes.count(f"accept {REFUND}? [y]es, [n]o, [d]iff, [q]uit") == 2
    assert LastRuns(shop.last_run).names() == (CARD, WINDOW)
    person.interactive = False
    with pytest.raises(UsageError, match="-i asks at a terminal"):
        call(fixture_accept.accept, shop, face=person, i=True)


def test_prune_lists_first_and_never_removes_a_case_unasked(shop: Workspace) -> None:
    assert call(fixture_prune.prune, shop).notes == ("nothing to prune",)
    change(shop, PERSONA, "usd        = 0.25", "usd = 0.10")
    call(fixture_status.status, shop)
    call(fixture_accept.accept, shop, REFUND, CARD)
    (shop.fixtures / f"{WINDOW}.tape.jsonl").unlink()
    (shop.fixtures / ".x.tape.jsonl.77.new").write_text("half")
    listed = call(fixture_prune.prune, shop)
    assert all(line.startswith("orphan  ") for line in listed.lines)
    assert f"orphan  fixtures/{WINDOW}.case.toml: a case without a tape" in listed.lines
    assert f"orphan  .greenroom/last_run/{WINDOW}.tape.jsonl: of a last run that is no use any more" in listed.lines
    assert "orphan  fixtures/.x.tape.jsonl.77.new: left half written" in listed.lines
    call(fixture_prune.prune, shop, yes=True)
    left = call(fixture_prune.prune, shop)
    assert left.lines == (f"orphan  fixtures/{WINDOW}.case.toml: a case without a tape",)
    assert call(fixture_status.status, shop).lines == ("2 fixtures: 2 passed",)
    call(fixture_prune.prune, shop, yes=True, cases=True)
    assert not (shop.fixtures / f"{WINDOW}.case.toml").exists()


def test_a_line_of_another_file_is_not_taken_for_one_of_the_tape(shop: Workspace) -> None:
    path = shop.personas / "aria" / "persona.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\nnonsense = [\n", encoding="utf-8")
    trust(shop)
    (done,) = call(fixture_status.status, shop, CARD).value
    assert done.outcome.kind == "broken" and "persona.toml" in done.outcome.line
    assert done.outcome.tape_line == 1
    tape = shop.fixtures / f"{REFUND}.tape.jsonl"
    rows = tape.read_bytes().split(b"\n")
    tape.write_bytes(b"\n".join([*rows[:5], rows[5].replace(b"1001", b"1002"), *rows[6:]]))
    (done,) = call(fixture_status.status, shop, REFUND).value
    assert (done.outcome.kind, done.outcome.tape_line) == ("broken", 6)
