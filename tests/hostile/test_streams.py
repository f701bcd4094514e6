"""Streams, folders and words as no shell should hand them over: one line, and an exit code that says what it was."""

import sys
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.models.script_file import ScriptFile
from greenroom.persona.contract import Persona
from greenroom.policy.files.rules import PolicyFile
from greenroom.regression.case import Case
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import Settings
from tests.hostile.attack import HELPDESK, greenroom, line_of

LONG = "a" * 5_000


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of Unix")
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_streams_change_nothing_of_the_work(shop: Workspace, closed: tuple[int, ...]) -> None:
    first = "\n".join(f"os.close({descriptor})" for descriptor in closed)
    done = greenroom(shop.root, "run", "aria", "hello", first=first)
    line_of(done)
    assert (done.returncode, bool(done.stdout)) == (0, 1 not in closed)
    assert greenroom(shop.root, "session", "verify", "last").returncode == 0
    assert greenroom(shop.root, "session", "list", first=first).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_result_that_cannot_be_written_is_said_and_the_turn_is_kept(shop: Workspace) -> None:
    full = "os.dup2(os.open('/dev/full', os.O_RDWR), 1)"
    for more in ((), ("--json",)):
        done = greenroom(shop.root, "run", "aria", "hello", *more, first=full)
        assert (done.returncode, "could not write the result" in line_of(done)) == (70, True)
    # As JSON already the first record could not be told, so no turn was begun.
    assert [line.split()[3:5] for line in greenroom(shop.root, "session", "list", "--all").stdout.splitlines()[1:]] == [
        [b"0", b"empty"],
        [b"1", b"closed"],
    ]
    assert greenroom(shop.root, "--version", first=full).returncode == 70


@pytest.mark.skipif(sys.platform == "win32", reason="Unix lets a current folder be removed")
def test_a_current_folder_that_is_gone(shop: Workspace, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    first = f"os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    done = greenroom(shop.root, "session", "list", first=first)
    assert (done.returncode, line_of(done)) == (2, "greenroom: cannot use the folder .: No such file or directory")


@pytest.mark.parametrize(
    "command",
    [
        (LONG,),
        ("run", LONG, "hi"),
        ("session", "show", LONG),
        ("session", "list", "--workspace", LONG),
        ("knowledge", "add", LONG),
        ("init", LONG),
        ("run", "aria", "hi", "--model", f"scripted/{LONG}"),
        ("session", "fork", "last", "--at", "9" * 30),
    ],
    ids=lambda command: " ".join(word[:9] for word in command),
)
def test_endless_words(shop: Workspace, command: tuple[str, ...]) -> None:
    done = greenroom(shop.root, *command)
    line = line_of(done)
    assert done.returncode in (2, 3, 70)
    assert len(line) < 2_200


def test_words_that_are_no_text_and_words_without_end(shop: Workspace) -> None:
    done = greenroom(shop.root, "run", "aria", words=b"caf\xe9 \xff\xfe\n")
    assert (done.returncode, line_of(done)) == (0, "")
    done = greenroom(shop.root, "run", "aria", words=b"a" * 50_000_000)
    assert done.returncode == 2
    assert "in parts" in line_of(done)
    assert sum(path.stat().st_size for path in shop.sessions.glob("*.jsonl")) < 500_000


BROKEN = (
    '"a[b" = 1',
    '"\\u001b[31m" = 1',
    '"" = 1',
    "x = 1" + "0" * 5_000,
    "x = " + "[" * 3_000 + "]" * 3_000,
    '"[[" = {"[" = {"]" = 1}}',
    "x = nan",
    "\x00",
    'x = "\\ud800"',
    "id = {}",
    "rule = 1",
    "rule = [[1]]",
    '[[rule]]\n"x[" = 1',
    '[[rule]]\nwhen = {"[" = 1}',
    '[voice]\nexample = [{"[" = 1}]',
    '[models]\n"a[" = {"b[" = 1}',
    'assert = [{"[" = 1}]',
)
FILES = (
    (Persona, "personas/aria/persona.toml"),
    (Settings, "greenroom.toml"),
    (PolicyFile, "policies/support.toml"),
    (ScriptFile, "scripts/outage.toml"),
    (Case, "fixtures/return-window.case.toml"),
)


@pytest.mark.parametrize(("model", "file"), FILES, ids=lambda part: getattr(part, "__name__", ""))
def test_every_broken_file_is_one_line_with_its_place(model: type[Persona], file: str) -> None:
    whole = (HELPDESK / file).read_text(encoding="utf-8")
    for broken in BROKEN:
        for text in (broken, f"{broken}\n{whole}", f"{whole}\n{broken}\n"):
            with pytest.raises(FileInvalid) as caught:
                parse(text, model, "f.toml")
            assert caught.value.where.startswith("f.toml"), broken
            assert len(caught.value.line()) < 600, broken
