"""The ledger commands as a person uses them: list, head, verify, sign, keygen; a new user's way from key to proof."""

import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.commands import ledger as commands
from greenroom.commands.answer import Answer
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import FileInvalid, LogDamaged, UsageError
from greenroom.ledger.ledger import Ledger
from greenroom.workspace.layout import Workspace

SETTINGS = 'schema = "workspace/1"\nid = "shop"\n'


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    """A workspace whose ledger knows a policy, an anchor and a stop."""
    workspace = Workspace(tmp_path)
    workspace.settings_file.write_text(SETTINGS)
    workspace.make_state()
    ledger = Ledger.of(workspace, FrozenClock())
    ledger.policy_loaded("s1", "aria", "a" * 64, "support@2.3.0")
    ledger.anchor("s1", 7, "b" * 64)
    ledger.note("stop_pressed", scope="tool", target="mail.send", by="mara", reason="\x1b[2Jtwice")
    return workspace


def asked(shop: Workspace, **options: Any) -> Invocation:
    return Invocation({"workspace": str(shop.root), **options})


def keyed(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do what keygen says: the secret into the environment, the rest into greenroom.toml."""
    done: Answer[Any] = commands.keygen(asked(shop))
    name, _, private = done.lines[0].removeprefix("export ").partition("=")
    monkeypatch.setenv(name, private)
    shop.settings_file.write_text(SETTINGS + "\n".join(done.lines[1:]) + "\n")
    return str(done.value.public)


def test_entries_are_told_in_words_that_no_terminal_obeys(shop: Workspace) -> None:
    done = commands.list_entries(asked(shop))
    text = "\n".join(done.lines)
    assert "aria runs under support@2.3.0#aaaaaaaa, since session s1" in text
    assert "s1 up to record 7, head bbbbbbbbbbbbbbbb" in text
    assert "tool mail.send by mara: " in text and "twice" in text and "\x1b" not in text
    assert [one["kind"] for one in done.data] == ["policy_loaded", "session_anchored", "stop_pressed"]
    assert len(commands.list_entries(asked(shop, session="s1")).value) == 2


def test_from_a_key_to_a_proof(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    public = keyed(shop, monkeypatch)
    assert "not signed" in commands.verify(asked(shop)).lines[0]
    line = commands.sign(asked(shop)).lines[0]
    Ledger.of(shop, FrozenClock()).anchor("s1", 9, "c" * 64)
    monkeypatch.delenv("GREENROOM_SIGNING_KEY")
    done = commands.verify(asked(shop, head=line))
    assert f"signed by {public} up to entry 4" in done.lines[0]
    assert done.lines[1] == "it goes on from the exported head of entry 2: 1 entry added since"
    assert done.data["exported"] == {"entry": 2, "since": 1}
    assert done.notes == ("3 entries written without the key and signed only later: 0, 1, 2",)
    assert len(commands.list_entries(asked(shop)).value) == 4
    assert len(commands.list_entries(asked(shop, all=True)).value) == 6


def test_an_exported_head_is_taken_from_a_file_too(shop: Workspace, tmp_path: Path) -> None:
    kept = tmp_path / "heads.txt"
    done = commands.head(asked(shop))
    kept.write_text(f"2026-11-21 {done.lines[0]}\n{json.dumps(done.data)}\n")
    found = commands.verify(asked(shop, head=str(kept)))
    assert found.lines[1] == "it is the exported ledger: nothing came after entry 2"
    lines = shop.ledger.read_bytes().splitlines(keepends=True)
    shop.ledger.write_bytes(b"".join(lines[:2]))
    with pytest.raises(LogDamaged, match="the ledger ends at entry 1, the exported head is entry 2"):
        commands.verify(asked(shop, head=str(kept)))


@pytest.mark.parametrize("given", ["nonsense", "/", "x" * 100_000, "a\0b"])
def test_what_is_no_head_is_one_line(shop: Workspace, given: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        commands.verify(asked(shop, head=given))
    assert len(caught.value.line()) < 300


def test_an_empty_ledger_and_a_missing_key_say_what_to_do(shop: Workspace) -> None:
    with pytest.raises(UsageError, match="there is no key to sign with") as caught:
        commands.sign(asked(shop))
    assert "keygen" in caught.value.hint
    shop.ledger.unlink()
    with pytest.raises(UsageError, match="the ledger is empty"):
        commands.head(asked(shop))
    assert commands.verify(asked(shop)).lines == ("sound: 0 entries on 0 sessions",)
    assert commands.list_entries(asked(shop)).notes


def test_a_key_written_into_greenroom_toml_is_refused_and_not_shown(shop: Workspace) -> None:
    private = commands.keygen(asked(shop)).value.private
    shop.settings_file.write_text(f'{SETTINGS}[audit]\nkey = "{private}"\n')
    with pytest.raises(FileInvalid) as caught:
        commands.head(asked(shop))
    assert "audit.key" in caught.value.message and private not in caught.value.line()


@pytest.mark.parametrize("public", ["x", "c2hvcnQ="])
def test_a_public_key_must_be_one(shop: Workspace, public: str) -> None:
    shop.settings_file.write_text(f'{SETTINGS}[audit]\npublic = "{public}"\n')
    with pytest.raises(FileInvalid, match=r"audit\.public"):
        commands.verify(asked(shop))


def test_former_keys_still_count(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keyed(shop, monkeypatch)
    commands.sign(asked(shop))
    second = keyed(shop, monkeypatch)
    with pytest.raises(LogDamaged, match="signed by a key"):
        commands.verify(asked(shop))
    text = shop.settings_file.read_text().replace(f'public = "{second}"', f'public = ["{second}", "{first}"]')
    shop.settings_file.write_text(text)
    Ledger.of(shop, FrozenClock()).anchor("s1", 9, "c" * 64)
    assert "up to entry 4" in commands.verify(asked(shop)).lines[0]
