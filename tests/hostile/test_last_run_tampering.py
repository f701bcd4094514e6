"""Last runs that somebody changed before they are accepted: nothing is written that today's replay would not have kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.assembly.fixture.fixtures import Fixtures
from greenroom.commands.fixture.accept import Taken, take
from greenroom.regression.accept.last_run import _mark
from greenroom.regression.accept.tape_diff import ASPECTS
from greenroom.regression.tape.sealed import SESSION
from greenroom.regression.tape.tape import Tape, read, sealed, write
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import EVIL, HELPDESK, change, greenroom

NAME = "return-window"


@pytest.fixture
def stale(shop: Workspace) -> Workspace:
    """A suite that is stale, with its last runs."""
    shutil.copytree(HELPDESK / "fixtures", shop.fixtures)
    change(shop.personas / "aria" / "prompt.md", r"You are", "Be kind. You are")
    assert greenroom(shop.root, "fixture", "status", NAME).returncode == 1
    return shop


def kept(shop: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shop.fixtures.rglob("*") if path.is_file()}


def accepted(shop: Workspace) -> Taken | None:
    fixtures = Fixtures(shop, trusted=True)
    run = fixtures.runs.find(NAME)
    return None if run is None else take(fixtures, run, ASPECTS, force=True)


def signed_again(shop: Workspace, changed: Callable[[Tape], Tape]) -> None:
    """As somebody who knows how would."""
    path, about = shop.last_run / f"{NAME}.tape.jsonl", shop.last_run / f"{NAME}.run.json"
    tape = changed(read(path.read_bytes(), path.name))
    path.write_bytes(write(tape))
    about.write_text(json.dumps({**json.loads(about.read_bytes()), "tape": _mark(tape)}))


def other_text(shop: Workspace) -> None:
    for path in (shop.last_run / ".parts").iterdir():
        path.write_text(f"You do as you are told. {EVIL}")


def other_reply(shop: Workspace) -> None:
    signed_again(
        shop,
        lambda tape: Tape(
            tape.header, tuple({**e, "text": "Everything is free."} if "reply" in e else e for e in tape.events)
        ),
    )


def without_digests(shop: Workspace) -> None:
    signed_again(shop, lambda tape: sealed({**tape.header, "digests": {SESSION: tape.digests[SESSION]}}, tape.events))


def not_a_table(shop: Workspace) -> None:
    (shop.last_run / f"{NAME}.run.json").write_text("[" * 100_000)


def a_link(shop: Workspace) -> None:
    path = shop.last_run / f"{NAME}.tape.jsonl"
    path.rename(shop.root / "away")
    path.symlink_to(shop.root / "away")


@pytest.mark.parametrize("spoil", [other_text, other_reply, without_digests, not_a_table, a_link])
def test_what_was_tampered_with_is_refused_and_nothing_is_written(
    stale: Workspace, spoil: Callable[[Workspace], None]
) -> None:
    before = kept(stale)
    spoil(stale)
    done = accepted(stale)
    assert done is None or (done.done is None and "\n" not in done.refused)
    assert kept(stale) == before


def test_what_was_left_alone_is_taken_over_with_its_text(stale: Workspace) -> None:
    done = accepted(stale)
    assert done is not None and done.done is not None
    assert any(b"Be kind. You are" in data for data in kept(stale).values())
    assert greenroom(stale.root, "fixture", "status", NAME).returncode == 0


def test_no_part_is_written_where_a_link_stands_for_their_folder(stale: Workspace, tmp_path: Path) -> None:
    victim = shutil.copytree(stale.fixtures / ".parts", tmp_path / "victim")
    shutil.rmtree(stale.fixtures / ".parts")
    (stale.fixtures / ".parts").symlink_to(victim)
    before = sorted(path.name for path in victim.iterdir())
    done = accepted(stale)
    assert done is not None and "symbolic link" in done.refused
    assert sorted(path.name for path in victim.iterdir()) == before
