"""Which files are looked at, and that no way of saving one goes unseen."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from greenroom.workspace.watched import changed, snapshot


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    for file in (
        "personas/aria/persona.toml",
        "policies/a.toml",
        "knowledge/deep/b.md",
        "scripts/c.toml",
        "tools/d.py",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(file, encoding="utf-8")
    (tmp_path / "greenroom.toml").write_text("", encoding="utf-8")
    return Workspace(tmp_path)


def seen(shop: Workspace, act: Callable[[], object]) -> dict[str, str]:
    before = snapshot(shop)
    act()
    return {Path(path).name: kind for path, kind in changed(shop, before, snapshot(shop)).items()}


def test_each_kind_is_known_by_where_it_lies(shop: Workspace) -> None:
    def all_written() -> None:
        for path in snapshot(shop):
            Path(path).write_text("other", encoding="utf-8")

    assert seen(shop, all_written) == {
        "greenroom.toml": "settings",
        "persona.toml": "persona",
        "a.toml": "policy",
        "b.md": "knowledge",
        "c.toml": "script",
        "d.py": "tools",
    }


def test_a_file_put_in_anothers_place_is_seen_though_time_and_size_are_the_same(shop: Workspace) -> None:
    policy, other = shop.policies / "a.toml", shop.root / "other.toml"
    other.write_text("policies/b.toml"[: len("policies/a.toml")], encoding="utf-8")
    stat = policy.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert seen(shop, lambda: other.replace(policy)) == {"a.toml": "policy"}
    assert seen(shop, policy.unlink) == {"a.toml": "policy"}


def test_what_editors_and_python_leave_beside_files_is_not_looked_at(shop: Workspace) -> None:
    def leave() -> None:
        for name in ("policies/.a.toml.swp", "policies/a.toml~", "tools/__pycache__/d.pyc", "knowledge/.#b.md"):
            (shop.root / name).parent.mkdir(exist_ok=True)
            (shop.root / name).write_text("x", encoding="utf-8")

    assert seen(shop, leave) == {}


def test_a_folder_that_leads_back_into_itself_is_entered_once(shop: Workspace) -> None:
    (shop.knowledge / "loop").symlink_to(shop.knowledge, target_is_directory=True)
    assert sum(path.endswith("b.md") for path in snapshot(shop)) == 1
