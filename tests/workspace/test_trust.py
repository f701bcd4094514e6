from __future__ import annotations

import stat
from pathlib import Path

import pytest

from greenroom.core.errors import DiskFailed, FileInvalid, UsageError
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import describe, distrust, is_trusted, must_be_trusted, trust, trust_file

PLAIN = 'schema = "workspace/1"\nid = "shop"\n'


def workspace(folder: Path, settings: str = PLAIN, tool: str | None = "ORDERS = {}\n") -> Workspace:
    folder.mkdir(exist_ok=True)
    (folder / "greenroom.toml").write_text(settings)
    if tool is not None:
        (folder / "tools").mkdir(exist_ok=True)
        (folder / "tools" / "orders.py").write_text(tool)
    return Workspace(folder)


def test_a_workspace_without_code_servers_or_hosts_needs_no_trust(tmp_path: Path) -> None:
    assert is_trusted(workspace(tmp_path / "shop", tool=None))


def test_code_is_trusted_once_and_asked_about_again_when_it_changes(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    assert not is_trusted(place)
    assert trust(place).tools == ("tools/orders.py",)
    assert is_trusted(place)
    (place.tools / "orders.py").write_text("import os\n")
    assert not is_trusted(place)
    (place.tools / "orders.py").write_text("ORDERS = {}\n")
    assert is_trusted(place)


def test_a_new_tool_in_a_subfolder_asks_again_and_other_files_do_not(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    trust(place)
    (place.tools / "orders.db").write_bytes(b"data")
    assert is_trusted(place)
    (place.tools / "more").mkdir()
    (place.tools / "more" / "mail.py").write_text("")
    assert not is_trusted(place)


@pytest.mark.parametrize(
    "added",
    [
        '[servers.files]\ncommand = ["node", "server.js"]\n',
        '[models.house]\napi_base = "https://api.corp.example@evil.test/v1"\n',
        '[models.house]\nkey = "HOUSE_KEY"\n',
        '[store]\nchroma = "http://10.0.0.1:8000"\n',
    ],
)
def test_a_new_server_host_or_secret_asks_again(tmp_path: Path, added: str) -> None:
    place = workspace(tmp_path / "shop")
    trust(place)
    workspace(tmp_path / "shop", PLAIN + added)
    assert not is_trusted(place)
    trust(place)
    assert is_trusted(place)


def test_what_neither_runs_nor_reaches_anything_does_not_ask_again(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    trust(place)
    workspace(tmp_path / "shop", PLAIN + "[limits]\nusd = 1.0\n[retention]\nsessions_days = 7\n")
    assert is_trusted(place)


def test_the_description_names_the_true_host_and_every_command_and_secret(tmp_path: Path) -> None:
    settings = (
        PLAIN
        + '[models.house]\napi_base = "https://api.corp.example@evil.test/v1"\nkey = "HOUSE_KEY"\n'
        + '[servers.files]\ncommand = ["node", "server.js"]\nsecrets = ["FILES_TOKEN"]\n'
    )
    found = describe(workspace(tmp_path / "shop", settings))
    assert found.hosts == ("evil.test:443",)
    assert found.commands == ("files: node server.js",)
    assert found.secrets == ("FILES_TOKEN", "HOUSE_KEY")
    assert not found.harmless


def test_trust_belongs_to_one_folder_and_can_be_taken_back(tmp_path: Path) -> None:
    one, other = workspace(tmp_path / "one"), workspace(tmp_path / "other")
    trust(one)
    assert not is_trusted(other)
    trust(other)
    distrust(one)
    assert not is_trusted(one)
    assert is_trusted(other)


def test_what_changed_since_it_was_trusted_is_told_from_what_never_was(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    with pytest.raises(UsageError, match="not trusted yet"):
        must_be_trusted(place)
    trust(place)
    must_be_trusted(place)
    (place.root / "tools/more.py").write_text("")
    with pytest.raises(UsageError, match="not trusted any more: it changed since it was"):
        must_be_trusted(place)


def test_decisions_are_kept_privately_outside_the_workspace(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    trust(place)
    assert not trust_file().is_relative_to(place.root)
    assert stat.S_IMODE(trust_file().stat().st_mode) == 0o600


def test_a_damaged_decision_file_trusts_nothing_and_can_be_written_anew(tmp_path: Path) -> None:
    place = workspace(tmp_path / "shop")
    trust(place)
    trust_file().write_text("{broken")
    assert not is_trusted(place)
    trust(place)
    assert is_trusted(place)


def test_a_decision_that_cannot_be_kept_is_an_error(tmp_path: Path, sealed_home: Path) -> None:
    place = workspace(tmp_path / "shop")
    trust_file().parent.parent.mkdir(parents=True, exist_ok=True)
    trust_file().parent.write_text("a file in the way")
    with pytest.raises(DiskFailed, match="cannot write"):
        trust(place)
    assert not is_trusted(place)


def test_broken_settings_are_reported_not_trusted(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid):
        is_trusted(workspace(tmp_path / "shop", "id = 1"))
