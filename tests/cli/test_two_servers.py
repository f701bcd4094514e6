"""Two tables of greenroom.toml with one model: what is meant for a local server never goes to the hosted one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.log.catalog import read_session
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.cli.suites import RIGHT, talks
from tests.models.loopback import BaseUrl, loopback

_FULL = "openai/gpt-4o-mini"


@contextmanager
def two_servers(workspace: Workspace) -> Iterator[tuple[BaseUrl, BaseUrl]]:
    """A hosted and a local server of one model, the hosted one's table first."""
    with loopback([RIGHT]) as hosted, loopback([RIGHT]) as local:
        tables = "".join(
            f'\n[models.{name}]\nuse = "{_FULL}"\napi_base = "{address}"\nkey = "{name.upper()}_KEY"\n'
            for name, address in (("hosted", hosted), ("local", local))
        )
        workspace.settings_file.write_text(workspace.settings_file.read_text() + tables)
        trust(workspace)
        yield hosted, local


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = talks(tmp_path, "aa")
    monkeypatch.chdir(workspace.root)
    monkeypatch.setenv("HOSTED_KEY", "hosted-secret")
    monkeypatch.setenv("LOCAL_KEY", "local-secret")
    return workspace


def _keys(address: BaseUrl) -> set[str]:
    return {headers["authorization"] for headers, _ in address.requests}


def test_a_session_a_live_test_and_a_matrix_reach_the_server_of_the_table_that_was_named(
    shop: Workspace, run: Run
) -> None:
    with two_servers(shop) as (hosted, local):
        assert run("run", "ada", "How long?", "--model", "local") == 0, run.err
        assert run("test", "--live", "--model", "local") == 0, run.out
        assert run("fixture", "matrix", "--model", "local", "--name", "m") == 0, run.err
        assert not hosted.requests
        assert len(local.requests) == 3 and _keys(local) == {"Bearer local-secret"}


def test_the_name_stays_with_the_session_its_tape_and_what_is_run_of_it_again(shop: Workspace, run: Run) -> None:
    with two_servers(shop) as (hosted, local):
        assert run("run", "ada", "How long?", "--model", "local") == 0
        loaded = next(r.event for r in read_session(shop, "last") if r.event.kind == "contract_loaded")
        assert (loaded.model, loaded.table) == (_FULL, "local")
        assert run("session", "export", "last", "--name", "kept") == 0, run.err
        assert '"table":"local"' in (shop.fixtures / "kept.tape.jsonl").read_text().splitlines()[0]
        assert run("fixture", "check", "kept") == 0, run.out
        assert run("session", "rerun", "last", "--set", "temperature=0.5") == 0, run.err
        assert run("run", "--session", "last", "How long?") == 0, run.err
        assert not hosted.requests and len(local.requests) == 3


def test_a_full_name_that_two_tables_use_is_refused_by_naming_both(shop: Workspace, run: Run) -> None:
    with two_servers(shop) as (hosted, local):
        assert run("run", "ada", "How long?", "--model", _FULL) != 0
        assert "[models.hosted] and [models.local]" in run.err and "hosted or local" in run.err
        assert not hosted.requests and not local.requests


def test_a_session_whose_table_is_gone_does_not_go_to_the_other_one(shop: Workspace, run: Run) -> None:
    with two_servers(shop) as (hosted, local):
        assert run("run", "ada", "How long?", "--model", "local") == 0
        assert run("session", "rerun", "last", "--set", "temperature=0.5") == 0, run.err
        settings = shop.settings_file.read_text()
        shop.settings_file.write_text(settings[: settings.index("[models.local]")])
        trust(shop)
        assert run("run", "--session", "last", "How long?") != 0
        assert "models.local is gone" in run.err and "--model" in run.err
        assert not hosted.requests and len(local.requests) == 2
