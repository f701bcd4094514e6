"""What a comparison's journal keeps of its inputs: enough to know them again, and nothing they could be guessed from."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from greenroom.core.canonical import canonical, digest
from greenroom.core.errors import UsageError
from greenroom.regression.compare.inputs import Spoken
from greenroom.regression.compare.journal import FOLDER, Combination, Header, Journal, Row
from greenroom.regression.compare.same_inputs import fresh_key, require_same, sealed

STAMP = "2026-11-28T10:00:00.000000Z"
PIN = [Spoken(1, ("4711",)), Spoken(2, ("4711",))]
OTHER = [Spoken(1, ("4712",)), Spoken(2, ("4711",))]


def header(inputs: tuple[str, ...], v: int = 2) -> Header:
    both = (Combination(persona="aria", label="aria@1", name="m"),)
    return Header.model_validate(
        {"v": v, "name": "one", "at": STAMP, "file": "/x/in.txt", "inputs": inputs, "combinations": both}
    )


def begun(state: Path) -> Path:
    key = fresh_key()
    with Journal.begin(state, header(sealed(PIN, key)), key):
        pass
    return state / FOLDER / "one.jsonl"


def test_no_digest_in_the_journal_is_one_that_somebody_could_compute(tmp_path: Path) -> None:
    text = begun(tmp_path).read_text(encoding="utf-8")
    kept = json.loads(text.splitlines()[0])["inputs"]
    guesses = {digest(["4711"]), digest([1, ["4711"]]), hashlib.sha256(b"4711").hexdigest()}
    guesses |= {hashlib.sha256(canonical(one)).hexdigest() for one in ("4711", ["4711"], [1, ["4711"]])}
    assert not guesses & set(kept)
    assert kept[0] != kept[1], "the same words twice do not look alike"
    assert "4711" not in text


def test_the_key_is_a_file_of_its_own_for_its_owner_and_goes_with_the_last_run(tmp_path: Path) -> None:
    path = begun(tmp_path)
    key = path.with_suffix(".key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text(encoding="ascii") not in path.read_text(encoding="utf-8")
    with Journal.resume(tmp_path, "one") as journal:
        require_same(journal, PIN)
        with pytest.raises(UsageError, match="other inputs"):
            require_same(journal, OTHER)
        for run in journal.missing():
            journal.append(Row(**run._asdict(), outcome="done", session="cmp1", at=STAMP))
        journal.forget_key()
        require_same(journal, OTHER)  # nothing of them would be said
    assert not key.exists()


@pytest.mark.parametrize("text", [None, "", "no key", "AAAA"])
def test_without_its_key_it_is_said_that_nothing_can_be_told(tmp_path: Path, text: str | None) -> None:
    key = begun(tmp_path).with_suffix(".key")
    key.unlink()
    if text is not None:
        key.write_text(text, encoding="ascii")
    with Journal.resume(tmp_path, "one") as journal, pytest.raises(UsageError, match="its key is gone"):
        require_same(journal, PIN)


def test_a_journal_with_bare_digests_is_brought_to_this_format_and_keeps_its_rows(tmp_path: Path) -> None:
    bare = tuple(digest(list(one.turns)) for one in PIN)
    with Journal.begin(tmp_path, header(bare, v=1)) as journal:
        journal.append(Row(input=1, combination=0, repeat=1, outcome="done", session="cmp1", at=STAMP))
    with Journal.resume(tmp_path, "one") as journal:
        with pytest.raises(UsageError, match="other inputs"):
            require_same(journal, OTHER)
        require_same(journal, PIN)
    path = tmp_path / FOLDER / "one.jsonl"
    assert bare[0] not in path.read_text(encoding="utf-8")
    with Journal.resume(tmp_path, "one") as journal:
        require_same(journal, PIN)
        assert (journal.header.v, len(journal.rows)) == (2, 1)
