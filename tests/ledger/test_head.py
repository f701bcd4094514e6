"""Signatures and exported heads: what they prove, what refuses them, and that a key never leaves the environment."""

import sys
from base64 import b64encode
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.clock import FrozenClock, SystemClock
from greenroom.core.errors import FileInvalid, LogDamaged, ServiceUnavailable
from greenroom.ledger.entries import SIGNED
from greenroom.ledger.head import compare, fingerprint, head_of, read_heads
from greenroom.ledger.ledger import Ledger
from greenroom.ledger.signing import KeySigner, new_key_pair, signed_at_once, signed_up_to, signer_of
from greenroom.workspace.settings import AuditSettings

SEED = b64encode(bytes(range(32))).decode()
OTHER = b64encode(bytes(32)).decode()


def signer(seed: str = SEED) -> KeySigner:
    made = signer_of(AuditSettings(key="KEY"), {"KEY": seed})
    assert made is not None
    return made


def filled(folder: Path, count: int = 4, by: KeySigner | None = None, name: str = "ledger.jsonl") -> Ledger:
    ledger = Ledger(folder / name, FrozenClock(), signer=by)
    for number in range(count):
        ledger.anchor("s1", number, f"{number:064x}")
    return ledger


def test_every_entry_is_signed_in_the_same_write(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3, signer())
    lines = ledger.lines()
    assert [line["entry"]["kind"] == SIGNED for line in lines] == [False, True] * 3
    assert signed_up_to(lines, [signer().public], every=True) == 4
    assert len(ledger.anchors("s1")) == 3


def test_what_came_after_the_last_signature_is_not_signed(tmp_path: Path) -> None:
    filled(tmp_path, 2, signer())
    ledger = filled(tmp_path, 2)
    assert signed_up_to(ledger.lines(), []) == 2
    assert not ledger.sign()
    holder = Ledger(tmp_path / "ledger.jsonl", FrozenClock(), signer=signer())
    assert holder.sign() and not holder.sign()
    assert signed_up_to(holder.lines(), [signer().public], every=True) == 5


def test_a_later_signature_does_not_make_an_entry_one_of_the_key_holder(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    ledger = filled(tmp_path, 2, signer())
    assert signed_up_to(ledger.lines(), [signer().public]) == 4
    assert [line["seq"] for line in signed_at_once(ledger.lines())] == [4, 2]
    filled(tmp_path, 1)
    later = Ledger(tmp_path / "ledger.jsonl", SystemClock(), signer=signer())
    assert later.sign()
    assert signed_up_to(later.lines(), []) == 6
    assert [line["seq"] for line in signed_at_once(later.lines())] == [4, 2]


def test_an_empty_ledger_has_no_head_and_nothing_to_sign(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock(), signer=signer())
    assert head_of(ledger.lines(), signer()) is None
    assert not ledger.sign()
    assert signed_up_to([], []) == -1
    assert not list(signed_at_once([]))


def test_a_signature_by_another_key_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    lines = filled(tmp_path, 2, signer()).lines()
    with pytest.raises(LogDamaged, match="line 4 of the ledger is signed by a key that"):
        signed_up_to(lines, [signer(OTHER).public])
    assert signed_up_to(lines, [signer(OTHER).public, signer().public]) == 2


def test_a_signature_moved_to_another_head_is_false(tmp_path: Path) -> None:
    lines = filled(tmp_path, 2, signer()).lines()
    lines[3]["entry"]["signature"] = lines[1]["entry"]["signature"]
    with pytest.raises(LogDamaged, match="the signature at line 4 of the ledger is false"):
        signed_up_to(lines, [])
    lines[3]["entry"]["head"] = lines[1]["entry"]["head"]
    with pytest.raises(LogDamaged, match="line 4"):
        signed_up_to(lines, [])
    assert signed_up_to(lines[:3], []) == 0


@pytest.mark.parametrize("signed", [False, True])
def test_a_ledger_goes_on_from_the_head_it_had(tmp_path: Path, signed: bool) -> None:
    by = signer() if signed else None
    ledger = filled(tmp_path, 3, by)
    head = head_of(ledger.lines(), by)
    assert head is not None and bool(head.signature) == signed
    assert read_heads(head.text()) == [head]
    same = compare(ledger.lines(), [head])
    assert (same.seq, same.since) == (head.seq, 0)
    filled(tmp_path, 2, by)
    assert compare(ledger.lines(), [head]).since == 2
    by_voice = read_heads(f"it said {head.fingerprint.lower()}, I think")
    assert compare(ledger.lines(), by_voice).since == 2


def test_a_head_is_signed_on_the_way_out_without_a_write(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 3)
    before = (tmp_path / "ledger.jsonl").read_bytes()
    head = head_of(ledger.lines(), signer())
    assert head is not None and head.key == signer().public
    assert read_heads(head.text(), [signer().public]) == [head]
    assert (tmp_path / "ledger.jsonl").read_bytes() == before


def test_a_cut_and_a_rewritten_ledger_are_told_apart_and_the_place_is_narrowed_down(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 6)
    heads = [head for size in (2, 4, 6) if (head := head_of(ledger.lines()[:size]))]
    with pytest.raises(LogDamaged) as cut:
        compare(ledger.lines()[:5], heads)
    assert cut.value.message == "the ledger ends at entry 4, the exported head is entry 5: its tail was cut off"
    forged = Ledger(tmp_path / "forged.jsonl", FrozenClock())
    for number in range(6):
        forged.anchor("s1" if number < 2 else "s2", number, f"{number:064x}")
    with pytest.raises(LogDamaged) as rewritten:
        compare(forged.lines(), heads)
    assert rewritten.value.message == "entry 3 of the ledger is not the exported one"
    assert rewritten.value.hint == "it was rewritten somewhere from entry 2 to entry 3"
    assert (cut.value.code, rewritten.value.code) == ("ledger.cut", "ledger.forked")


@given(data=st.data())
def test_exported_heads_find_every_cut_and_every_rewriting_below_them(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    size = data.draw(st.integers(1, 8))
    lines = filled(folder, size).lines()
    kept = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    heads = [head for place in kept if (head := head_of(lines[: place + 1]))]
    cut = data.draw(st.integers(0, size))
    grown = data.draw(st.integers(0, 3))
    other = Ledger(folder / "other.jsonl", FrozenClock())
    for number in range(cut):
        other.anchor("s1", number, f"{number:064x}")
    for number in range(grown):
        other.anchor("s2", number, f"{number:064x}")
    if max(kept) < cut:
        assert compare(other.lines(), heads).since == cut + grown - max(kept) - 1
    else:
        with pytest.raises(LogDamaged):
            compare(other.lines(), heads)


def test_an_entry_under_another_number_is_not_the_exported_one(tmp_path: Path) -> None:
    lines = filled(tmp_path, 6).lines()
    head = head_of(lines[:3])
    assert head is not None
    with pytest.raises(LogDamaged):
        compare(lines[:1] + lines[:3], [head])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "greenroom-ledger:",
        "greenroom-ledger:x:ABCDE:00",
        "ABCDE-ABCDE-ABCDE",
        "greenroom-ledger:1:A-B:zz",
    ],
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(FileInvalid, match="that is no head of a ledger"):
        read_heads(text)


def test_a_head_changed_on_its_way_is_refused(tmp_path: Path) -> None:
    head = head_of(filled(tmp_path).lines(), signer())
    assert head is not None
    text = head.text()
    with pytest.raises(FileInvalid, match="was changed after it was made"):
        read_heads(text.replace(head.hash, "0" * 64))
    with pytest.raises(FileInvalid, match="was changed after it was made"):
        read_heads(text.replace(f":{head.seq}:", ":2:", 1))
    with pytest.raises(FileInvalid, match="signed by an unknown key"):
        read_heads(text, [signer(OTHER).public])
    assert read_heads(f'"{text}"\n{text}') == [head, head]


def test_a_fingerprint_is_twenty_letters_a_person_can_read() -> None:
    assert fingerprint("00" * 32) == "AAAAA-AAAAA-AAAAA-AAAAA"
    assert fingerprint("ff" * 32) == "77777-77777-77777-77777"


@pytest.mark.parametrize("seed", ["x", "c2hvcnQ=", b64encode(bytes(31)).decode(), b64encode(bytes(64)).decode(), "ü"])
def test_what_is_no_key_is_refused_without_showing_it(seed: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        signer(seed)
    assert caught.value.message == "KEY: is not 32 bytes in base64"
    assert seed not in caught.value.hint


def test_a_key_that_greenroom_toml_does_not_name_signs_nothing() -> None:
    audit = AuditSettings(key="KEY", public=(signer(OTHER).public,))
    with pytest.raises(FileInvalid, match="is not a key that audit") as caught:
        signer_of(audit, {"KEY": SEED})
    assert SEED not in caught.value.line()


def test_without_a_variable_or_a_value_nothing_is_signed() -> None:
    assert signer_of(AuditSettings(), {"KEY": SEED}) is None
    assert signer_of(AuditSettings(key="KEY"), {}) is None


def test_new_keys_differ_and_sign() -> None:
    one, two = new_key_pair(), new_key_pair()
    assert one.private != two.private
    assert signer(one.private).public == one.public


def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = filled(tmp_path, 1, signer()).lines()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    for act in (signer, new_key_pair, lambda: signed_up_to(lines, [])):
        with pytest.raises(ServiceUnavailable, match="signatures need the package cryptography"):
            act()
    assert signed_up_to(filled(tmp_path, 1, name="plain.jsonl").lines(), []) == -1


def test_a_torn_signature_is_cut_off_and_its_entry_stays(tmp_path: Path) -> None:
    ledger, path = filled(tmp_path, 2, signer()), tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert signed_up_to(ledger.lines(), []) == 0
    ledger.anchor("s1", 9, "9" * 64)
    assert [orjson.loads(line)["seq"] for line in path.read_bytes().splitlines()] == [0, 1, 2, 3, 4]
    assert signed_up_to(ledger.lines(), [], every=True) == 3
