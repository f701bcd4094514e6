"""A session run again under versions and commits until the one that changed it is known: real git, real live runs."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from greenroom.assembly import ingest_knowledge, open_session
from greenroom.assembly.variants.bisecting import Search
from greenroom.commands.answer import Answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.bisect import bisect
from greenroom.commands.session.export import export
from greenroom.core.errors import CheckFailed, KillSwitchThrown, UsageError
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
WORDS = "What is your return policy for shoes? How many days do I have?"
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on this machine")
AT = {
    "GIT_AUTHOR_NAME": "Mara",
    "GIT_AUTHOR_EMAIL": "mara@example.org",
    "GIT_COMMITTER_NAME": "Mara",
    "GIT_COMMITTER_EMAIL": "mara@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    shutil.copytree(HELPDESK, tmp_path / "team" / "helpdesk", ignore=shutil.ignore_patterns(".greenroom"))
    workspace = Workspace(tmp_path / "team" / "helpdesk")
    trust(workspace)
    ingest_knowledge(workspace)
    asyncio.run(_talk(workspace))
    return workspace


async def _talk(workspace: Workspace) -> None:
    session = await open_session(workspace, persona="aria", instant=True)
    await session.warm()
    await session.turn(WORDS)
    await session.aclose()


def look(shop: Workspace, good: str, bad: str, **more: object) -> Answer[Search]:
    options = {"workspace": str(shop.root), "session": "last", "good": good, "bad": bad, "expect": "return-window"}
    return asyncio.run(bisect(Invocation({**options, **more})))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def freeze(shop: Workspace, version: str) -> Path:
    at_work = shop.personas / "aria"
    folder = at_work / "versions" / version
    folder.mkdir(parents=True)
    for name in ("persona.toml", "prompt.md"):
        shutil.copy(at_work / name, folder / name)
    edit(folder / "persona.toml", 'version = "1.3.0"', f'version = "{version}"')
    return folder


def git(shop: Workspace, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(shop.root), *words], check=True, capture_output=True, text=True, env={**os.environ, **AT}
    ).stdout


def committed(shop: Workspace, words: str) -> str:
    git(shop, "add", "-A", ".")
    git(shop, "commit", "-q", "--allow-empty", "-m", words)
    return git(shop, "rev-parse", "HEAD").strip()


@pytest.fixture
def history(shop: Workspace) -> list[str]:
    """Seven commits; the fourth has a script that says another number of days, the sixth other code of a tool."""
    git(shop, "init", "-q")
    found = [committed(shop, "Begin")]
    for number in range(1, 7):
        with (shop.root / "greenroom.toml").open("a") as file:
            file.write(f"# {number}\n")
        tool = shop.tools / "orders.py"
        if number == 3:
            edit(shop.scripts / "helpdesk.toml", "30 days", "14 days")
        if number == 5:
            tool.write_text(tool.read_text() + "# other\n")
        if number == 6:
            edit(tool, "# other\n", "")
        found.append(committed(shop, f"Change \x1b[31m{number}"))
    return found


def test_the_version_that_lost_its_documents_is_named_with_what_changed(shop: Workspace) -> None:
    for version in ("1.0.0", "1.2.1", "1.2.2", "1.2.10"):
        freeze(shop, version)
    edit(shop.personas / "aria" / "versions" / "1.2.10" / "persona.toml", '"returns", ', "")
    edit(shop.personas / "aria" / "persona.toml", '"returns", ', "")
    found = look(shop, "aria@1.0.0", "aria@1.3.0")
    assert found.lines[:2] == ("first bad: aria@1.2.10", "last good: aria@1.2.2")
    assert 'does not contain "30 days"' in found.lines[2]
    assert found.lines[3] == "what changed: persona changed aria@1.2.10"
    assert isinstance(found.data, dict)
    assert [one["point"] for one in found.data["tried"]][:2] == ["aria@1.0.0", "aria"]


def test_ends_that_do_not_differ_and_points_that_do_not_belong_together(shop: Workspace) -> None:
    freeze(shop, "1.0.0")
    with pytest.raises(CheckFailed, match="aria is good too"):
        look(shop, "aria@1.0.0", "aria")
    with pytest.raises(UsageError, match="does not come before"):
        look(shop, "aria", "aria@1.0.0")
    with pytest.raises(UsageError, match=r"no version '1\.1\.0'"):
        look(shop, "aria@1.1.0", "aria")
    with pytest.raises(UsageError, match="do not belong together"):
        look(shop, "aria@1.0.0", "HEAD")
    with pytest.raises(UsageError, match="no fixture"):
        look(shop, "aria@1.0.0", "aria", expect="nothing")


def test_the_commit_that_changed_the_behaviour_is_named_with_its_files(shop: Workspace, history: list[str]) -> None:
    found = look(shop, history[0], "HEAD")
    assert isinstance(found.data, dict)
    assert (found.data["kind"], found.data["first_bad"], found.data["last_good"]) == ("commit", history[3], history[2])
    assert found.data["files"] == ["greenroom.toml", "scripts/helpdesk.toml"]
    assert "\x1b" not in "".join(found.lines)
    assert not git(shop, "status", "--porcelain", "--", "personas", "scripts", "tools")


def test_a_search_clears_what_a_killed_one_left_behind(
    shop: Workspace, history: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, others = tmp_path / "greenroom-bisect-abc", tmp_path / "greenroom-bisect-others"
    for folder in (left, others):
        (folder / "files").mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
    (left / "running.lock").touch(0o600)
    assert look(shop, history[0], "HEAD").exit_code == 0
    assert [one.name for one in tmp_path.glob("greenroom-*")] == [others.name]


@pytest.mark.parametrize("leads_to", ["/etc/passwd", "../../../../etc"])
def test_a_commit_with_a_link_that_leads_out_is_passed_over(shop: Workspace, leads_to: str) -> None:
    git(shop, "init", "-q")
    first = committed(shop, "Begin")
    link = shop.knowledge / "leak.md"
    link.symlink_to(leads_to)
    committed(shop, "A link")
    link.unlink()
    edit(shop.scripts / "helpdesk.toml", "30 days", "14 days")
    last = committed(shop, "Other days")
    found = look(shop, first, last)
    assert isinstance(found.data, dict)
    assert (found.data["first_bad"], found.data["last_good"]) == (last, first)
    assert [one["judgement"] for one in found.data["tried"]].count("unjudged") == 1


def test_a_commit_whose_code_nobody_trusted_does_not_run(shop: Workspace, history: list[str]) -> None:
    marker = shop.root / "ran"
    tool = shop.tools / "orders.py"
    text = tool.read_text()
    tool.write_text(f"{text}\nopen({str(marker)!r}, 'w').close()\n")
    strange = committed(shop, "Strange")
    tool.write_text(text)
    with pytest.raises(CheckFailed, match="could not be judged: error, its tools or hosts are not those"):
        look(shop, history[0], strange)
    assert not marker.exists()
    trusting = look(shop, history[0], strange, trust=True)
    assert isinstance(trusting.data, dict)
    assert trusting.data["first_bad"] == history[3]
    assert marker.exists()


def test_what_is_no_commit_or_in_no_git_is_said_in_a_line(shop: Workspace) -> None:
    with pytest.raises(UsageError, match="git"):
        look(shop, "HEAD~1", "HEAD")
    git(shop, "init", "-q")
    committed(shop, "Begin")
    for word in ("nothing", "--upload-pack=x", "HEAD:greenroom.toml"):
        with pytest.raises(UsageError, match="git knows no commit"):
            look(shop, word, "HEAD")


def test_nothing_runs_while_everything_is_stopped(shop: Workspace) -> None:
    freeze(shop, "1.0.0")
    (shop.state / "stop.json").write_text("")
    with pytest.raises(KillSwitchThrown):
        look(shop, "aria@1.0.0", "aria")


def test_a_session_whose_prompt_changed_on_the_way_is_run_again_from_the_turns_its_fixture_is_about(
    shop: Workspace,
) -> None:
    async def more() -> None:
        session = await open_session(shop, persona="aria", session="last", instant=True)
        await session.turn(WORDS)
        await session.aclose()

    freeze(shop, "1.0.0")
    with (shop.personas / "aria" / "prompt.md").open("a") as file:
        file.write("\nBe brief.\n")
    asyncio.run(more())
    with pytest.raises(UsageError, match="the contract changed during this session"):
        look(shop, "aria@1.0.0", "aria")
    options = {"workspace": str(shop.root), "session": "last", "name": "second", "turns": "2"}
    case = export(Invocation({**options, "expect": "good"})).value.case
    case.write_text(case.read_text() + '\n[[assert]]\nturn = 2\ntext = { contains = ["30 days"] }\n')
    edit(shop.personas / "aria" / "persona.toml", '"returns", ', "")
    assert look(shop, "aria@1.0.0", "aria", expect="second").lines[:2] == ("first bad: aria", "last good: aria@1.0.0")
