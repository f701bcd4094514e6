"""A run with fixtures of every kind, told alike by one process and by two: counts, causes, JUnit, annotations, page."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from greenroom.regression.tape.parts import text_name
from greenroom.regression.tape.tape import read, sealed, write
from tests.pytest_plugin.running import HELPDESK, TAPE, copied, replaced, rewritten, run

GOOD = 'schema = "case/1"\nwhy = "No refund without a person."\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The helpdesk with fixtures that go every way; two of them are stale, from another prompt."""
    shop = copied(tmp_path / "shop")
    tape = (shop / TAPE).read_bytes()
    for name in ("diverged", "failed", "hollow", "tampered", "observed", "skipped", "strict"):
        (shop / f"fixtures/{name}.tape.jsonl").write_bytes(tape)
        (shop / f"fixtures/{name}.case.toml").write_text(GOOD)
    rewritten(shop, "verdict", 1, "fixtures/diverged.tape.jsonl", rule="refund.huge")
    (shop / "fixtures/failed.case.toml").write_text(f'{GOOD}[[assert]]\ncall = {{ tool = "mail.send" }}\n')
    (shop / "fixtures/hollow.case.toml").write_text('schema = "case/1"\nexpcet = "good"\n')
    replaced(shop / "fixtures/tampered.tape.jsonl", "EUR", "USD")
    (shop / "fixtures/observed.case.toml").write_text(f'{GOOD}expect = "observe"\n')
    (shop / "fixtures/skipped.case.toml").write_text(f'{GOOD}tags = ["skip"]\n')
    (shop / "fixtures/strict.case.toml").write_text(f'{GOOD}tags = ["xfail"]\n')
    for name in ("card-number-hidden", "return-window"):
        path = shop / f"fixtures/{name}.tape.jsonl"
        (shop / f"fixtures/{name}.case.toml").write_text('schema = "case/1"\n')
        _outdated(path)
    return shop


def _outdated(path: Path) -> None:
    """Recorded under another prompt."""
    tape = read(path.read_bytes(), path.name)
    prompt = "You are somebody else."
    digests = {**tape.header["digests"], "prompt": text_name(prompt)}
    (path.parent / ".parts" / f"{text_name(prompt)}.txt").write_text(prompt, encoding="utf-8")
    path.write_bytes(write(sealed({**tape.header, "digests": digests}, tape.events)))


@pytest.mark.parametrize("processes", ["0", "2"])
def test_one_process_or_two_say_the_same(shop: Path, processes: str) -> None:
    (shop.parent / ".git").mkdir()
    spread = ["-n", processes] if processes != "0" else []
    files = [f"--{kind}={shop.parent / name}" for kind, name in (("junitxml", "j.xml"), ("greenroom-html", "r.html"))]
    document = shop.parent / "d.json"
    code, said = run(shop, ".", *spread, *files, f"--greenroom-json={document}", GITHUB_ACTIONS="true")
    assert code == 1
    rows = said.splitlines()
    assert sorted(rows[-1].partition(" in ")[0].split(", ")) == [
        "1 skipped", "1 xpassed", "2 broken", "2 failed", "2 passed", "2 stale",
    ]  # fmt: skip
    assert [row for row in rows if row.startswith("persona aria")] == [
        row
        for row in rows
        if row.endswith("; 2 fixtures: card-number-hidden, return-window, every event as recorded") and "::" not in row
    ]
    assert sum("unknown key 'expcet'" in row for row in rows if not row.startswith("::")) == 1
    assert "FAILED fixtures/diverged.tape.jsonl::diverged - diverged: turn 1: verdict" in said
    assert "observed: replayed, but no expectation is judged" in said
    commands = [row for row in rows if row.lstrip().startswith("::")]
    assert [row.partition(",title=")[0] for row in commands] == [
        "::error file=shop/fixtures/diverged.tape.jsonl,line=12",
        "::error file=shop/fixtures/failed.case.toml,line=3",
        "::error file=shop/fixtures/hollow.case.toml,line=2",
        "::error file=shop/fixtures/tampered.tape.jsonl,line=2",
        "::error file=shop/personas/aria/prompt.md,line=1",
    ]
    _check_junit(shop.parent / "j.xml")
    told = json.loads(document.read_text())
    assert told["counts"] == {"passed": 3, "failed": 1, "diverged": 1, "stale": 2, "broken": 2, "error": 0}
    assert [(one["fixtures"], one["place"]) for one in told["stale"]] == [(2, "personas/aria/prompt.md:1")]
    page = (shop.parent / "r.html").read_text()
    assert "I want a refund of 120 EUR for order 1001" in page
    assert "Your reference is R-0001" in page


def _check_junit(path: Path) -> None:
    cases = {case.attrib["name"]: case for case in ET.parse(path).getroot().iter("testcase")}
    messages = {
        name: failure.attrib["message"] for name, case in cases.items() if (failure := case.find("failure")) is not None
    }
    assert messages["diverged"].startswith("diverged: turn 1: verdict tool.call of c2")
    assert messages["tampered"].startswith("broken: fixtures/tampered.tape.jsonl:2: changed after it was recorded")
    assert messages["return-window"].startswith("stale: persona aria")
    assert messages["return-window"].endswith("(personas/aria/prompt.md:1)")
    at = {one.attrib["name"]: one.attrib["value"] for one in cases["return-window"].iter("property")}
    assert at["greenroom_stale_at"] == "personas/aria/prompt.md:1"
    told = {one.attrib["name"]: one.attrib["value"] for one in cases["diverged"].iter("property")}
    assert told["greenroom_outcome"] == "diverged"
    assert told["greenroom_line"] == "12"
    assert {one.attrib["name"]: one.attrib["value"] for one in cases["observed"].iter("property")}[
        "greenroom_expect"
    ] == "observe"


def test_a_case_that_is_tagged_skip_or_xfail_says_so(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    rewritten(shop, "verdict", 1, rule="refund.huge")
    case = shop / TAPE.replace(".tape.jsonl", ".case.toml")
    words = case.read_text()
    for tag, counted in (("skip", "2 passed, 1 skipped"), ("xfail", "2 passed, 1 xfailed")):
        case.write_text(words.replace('tags   = ["refunds"]', f'tags = ["{tag}"]'))
        code, said = run(shop, ".", "-rsx")
        assert (code, counted in said) == (0, True), said
        assert f"its case is tagged {tag}: A refund above the limit is never made without a person." in " ".join(
            said.split()
        )
    case.write_text(words.replace('tags   = ["refunds"]', 'tags = ["usefixtures"]'))
    code, said = run(shop, ".")
    assert (code, "2 passed, 1 broken" in said) == (1, True), said
    assert "'usefixtures' is a mark of pytest's own" in " ".join(said.split())


def test_what_is_stale_can_be_expected_and_the_ini_file_says_so(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    _outdated(shop / TAPE)
    code, said = run(shop, ".", "--greenroom-stale", "xfail")
    assert (code, "2 passed, 1 xfailed" in said) == (0, True), said
    assert "this run expects them to be stale" in said
    (shop / "pytest.ini").write_text("[pytest]\ngreenroom_stale = warn\n")
    code, said = run(shop, "-vv")
    assert (code, "3 passed" in said) == (0, True), said
    assert f"{TAPE}::refund-over-limit PASSED (stale)" in said
    (shop / "pytest.ini").write_text("[pytest]\ngreenroom_stale = perhaps\n")
    code, said = run(shop)
    assert (code, "greenroom_stale = 'perhaps': write one of fail, warn, xfail" in said) == (4, True), said


def test_what_was_stale_is_run_again_with_last_failed(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    _outdated(shop / TAPE)
    assert "2 passed, 1 stale" in run(shop, ".", cache=True)[1]
    code, said = run(shop, ".", "--lf", cache=True)
    assert (code, "\n1 stale" in said, "passed" in said) == (1, True, False), said


def test_a_team_names_its_workspace_once_and_pytest_from_the_root_collects_it(tmp_path: Path) -> None:
    team = tmp_path / "team"
    copied(team / "one")
    copied(team / "two")
    (team / "tests").mkdir()
    (team / "tests/test_own.py").write_text("def test_own():\n    pass\n")
    (team / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\ngreenroom_workspace = ["one", "two"]\n'
    )
    code, said = run(team, "--collect-only", "--strict-config")
    names = sorted(path.name.removesuffix(".tape.jsonl") for path in (HELPDESK / "fixtures").glob("*.tape.jsonl"))
    ids = [f"{desk}/fixtures/{name}.tape.jsonl::{name}" for desk in ("one", "two") for name in names]
    assert [row for row in said.splitlines() if "::" in row] == ["tests/test_own.py::test_own", *ids]
    assert "1 passed" in run(team, "tests")[1]
    assert "1 passed" in run(team / "tests")[1]
    replaced(team / "pyproject.toml", '"two"', '"too"')
    code, said = run(team)
    assert (code, "greenroom_workspace: there is no greenroom.toml in" in said) == (4, True), said


@pytest.mark.parametrize("odd", [{"retrieve": 5}, {"reply": 1, "calls": 5}, {"held": "c1", "clauses": 5}])
def test_a_tape_of_odd_lines_does_not_keep_the_page_from_being_written(tmp_path: Path, odd: dict[str, object]) -> None:
    shop = copied(tmp_path / "shop")
    tape = read((shop / TAPE).read_bytes(), TAPE)
    (shop / TAPE).write_bytes(write(sealed(tape.header, [tape.events[0], odd, *tape.events[1:]])))
    code, said = run(shop, ".", f"--greenroom-html={tmp_path / 'r.html'}")
    assert (code, "2 passed, 1 broken" in said, "INTERNALERROR" in said) == (1, True, False), said
    assert "refund-over-limit" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_workspaces_elsewhere_have_ids_of_their_own_that_can_be_run_again(tmp_path: Path) -> None:
    team = tmp_path / "team"
    team.mkdir()
    (team / "pytest.ini").write_text("[pytest]\ngreenroom_workspace = ../one ../two\n")
    for desk in (copied(tmp_path / "one"), copied(tmp_path / "two")):
        (desk / "fixtures/return-window.tape.jsonl").write_text(desk.name)
    code, said = run(team, "--junitxml=out.xml", cache=True)
    assert (code, "4 passed, 2 broken" in said) == (1, True), said
    cases = [case.attrib["classname"] for case in ET.parse(team / "out.xml").getroot().iter("testcase")]
    assert len(set(cases)) == 6
    code, said = run(team, "--lf", "-vv", cache=True)
    broken = [row.split("::")[0] for row in said.splitlines() if " BROKEN" in row]
    assert broken == [f"{tmp_path.as_posix()}/{desk}/fixtures/return-window.tape.jsonl" for desk in ("one", "two")]
    assert said.count("/fixtures/return-window.tape.jsonl:1: not a whole tape") == 2, said
    code, said = run(team, f"{tmp_path / 'one' / TAPE}::refund-over-limit")
    assert (code, "1 passed" in said) == (0, True), said


def test_a_page_that_cannot_be_written_fails_the_run_in_one_line(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    code, said = run(shop, TAPE, f"--greenroom-html={shop}")
    assert (code, "greenroom: could not write" in said, "Traceback" in said) == (1, True, False), said
