"""File names, tags and keys that a terminal, a build log, a report or a reader would take for something else."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import tables
from greenroom.regression.case import load_case
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import HELPDESK, RAW, greenroom
from tests.pytest_plugin.running import copied, run

NAMES = ("e\x1b]0;pwned\x07\x1b[2J", "a\n::error file=x::pwned\nb", "x\u202eabc", "x\udcff\udc9b", "x\x9b31m")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no files of such names")


def misnamed(fixtures: Path, name: str) -> None:
    for end in (".tape.jsonl", ".case.toml"):
        shutil.copyfile(fixtures / f"return-window{end}", os.fsencode(fixtures) + os.fsencode(f"/{name}{end}"))


def test_pytest_says_of_each_that_it_is_misnamed(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    for name in NAMES:
        misnamed(shop / "fixtures", name)
    code, said = run(shop, "fixtures", "-v", "--junitxml=j.xml", "--greenroom-html=r.html", GITHUB_ACTIONS="true")
    assert code == 1, said
    assert not RAW.search(said.encode())
    assert f"3 passed, {len(NAMES)} broken" in said
    forged = [
        line for line in said.splitlines() if line.startswith("::") and "pwned" in line and "broken%3A" not in line
    ]
    assert forged == []
    ET.parse(shop / "j.xml")
    assert not RAW.search((shop / "r.html").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_check_says_so_in_one_line_and_checks_the_others(shop: Workspace, name: str) -> None:
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures)
    misnamed(shop.fixtures, name)
    done = greenroom(shop.root, "fixture", "check")
    assert (done.returncode, done.stderr) == (3, b"")
    told, summary = done.stdout.decode().splitlines()
    assert told.startswith("broken ") and told.endswith("(rename it)")
    assert summary == "4 fixtures: 3 fine, 1 broken"
    assert not RAW.search(done.stdout)


@pytest.mark.parametrize("command", ["list", "status", "prune", "upgrade", "diff"])
def test_no_command_shows_such_a_name_as_it_is(shop: Workspace, command: str) -> None:
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures)
    for name in NAMES:
        misnamed(shop.fixtures, name)
    done = greenroom(shop.root, "fixture", command)
    written = done.stdout + done.stderr
    assert not RAW.search(written) and b"Traceback" not in written
    assert not any(line.lstrip().startswith(b"::") for line in written.splitlines())


def test_a_tag_that_pytest_cannot_have_spoils_no_run(tmp_path: Path) -> None:
    shop = copied(tmp_path / "shop")
    case = shop / "fixtures" / "return-window.case.toml"
    case.write_text(case.read_text().replace('tags   = ["returns"', 'tags   = ["__class__"'), encoding="utf-8")
    assert "__class__" in case.read_text()
    code, said = run(shop, "fixtures")
    assert (code, "2 passed, 1 broken" in said) == (1, True), said


@pytest.mark.parametrize("part", ["a", '"a"', "'a'"])
@pytest.mark.parametrize(
    "text", ["{} = 1", "[{}]\nx = 1", "[[{}]]\nx = 1", "x = {{ y = 1, {} = 1 }}", "x = [{{{} = 1}}]"]
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(text: str, part: str) -> None:
    key = ".".join([part] * 40_000)
    with pytest.raises(FileInvalid, match="nested too deeply"):
        tables(text.format(key), "x.toml")
    with pytest.raises(FileInvalid, match="nested too deeply"):
        tables(text.format(key.replace(".", "  .\t")), "x.toml")


def test_dots_in_a_text_are_no_key(tmp_path: Path) -> None:
    path = tmp_path / "x.case.toml"
    path.write_text(f'schema = "case/1"\nwhy = """\n{"." * 400}\n{"One. " * 60}\n"""\n', encoding="utf-8")
    assert "One. One." in load_case(path).why
