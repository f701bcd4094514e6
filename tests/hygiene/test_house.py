from __future__ import annotations

import subprocess

from tests.hygiene.source import ROOT


def test_the_command_that_ci_runs_is_the_one_readme_gives() -> None:
    shown = subprocess.run([ROOT / ".ci" / "run", "--show"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert 'pip install -e ".[test]"' in shown.stdout
    assert "pytest" in shown.stdout.split()
    assert f"\n{shown.stdout.strip()}\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_contributing_names_every_folder_of_the_package() -> None:
    table = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {
        path.name for path in (ROOT / "src" / "greenroom").iterdir() if path.is_dir() and path.name[0] not in "_."
    }
    assert {name for name in folders if f"`src/greenroom/{name}/`" not in table} == set()
