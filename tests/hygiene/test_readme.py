"""What README tells a stranger to type works as it stands there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

ROOT = Path(__file__).parents[2]
SCREENS = ("greenroom demo", "greenroom repl", "greenroom my-shop")
"""These open a screen; tests/tui, tests/repl and tests/cli open them."""


def commands(text: str) -> list[str]:
    """The greenroom lines of the fenced blocks, without their comments."""
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("greenroom ") and not line.startswith(SCREENS)]


def test_there_are_commands_to_try() -> None:
    assert len(commands((ROOT / "README.md").read_text(encoding="utf-8"))) >= 6


def test_every_command_of_the_readme_works(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(ROOT / "workspaces" / "helpdesk", shop, ignore=shutil.ignore_patterns(".greenroom", "outbox"))
    trust(Workspace(shop))
    for line in commands((ROOT / "README.md").read_text(encoding="utf-8")):
        words = shlex.split(line)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "greenroom", *words],
            cwd=shop,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["README.md", "workspaces/helpdesk/README.md"])
def test_links_and_paths_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), target
