"""What the ledger takes: a closed set of kinds with checked fields, a reason that can be erased, and later kinds read past."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.chain import link
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import DiskFailed, LogDamaged
from greenroom.core.ids import CountedIds
from greenroom.ledger.entries import ERASED, LONGEST_REASON
from greenroom.ledger.ledger import Ledger

REASON = "Kim from the shop on the corner asked for it."


def written(folder: Path) -> Ledger:
    ledger = Ledger(folder / "ledger.jsonl", FrozenClock(), ids=CountedIds())
    ledger.policy_loaded("s1", "aria", "a" * 64, "support@2.3.0")
    ledger.note("stop_pressed", scope="tool", target="orders.refund", by="mara", reason=REASON)
    ledger.note("stop_lifted", scope="tool", target="orders.refund", by="kim")
    return ledger


def test_what_was_noted_is_read_back(tmp_path: Path) -> None:
    policy, pressed, lifted = written(tmp_path).entries()
    assert (policy.kind, policy.fields["label"]) == ("policy_loaded", "support@2.3.0")
    assert pressed.fields == {"scope": "tool", "target": "orders.refund", "by": "mara", "reason": REASON}
    assert lifted.fields == {"scope": "tool", "target": "orders.refund", "by": "kim"}


def test_a_reason_stands_outside_the_entry_and_can_be_erased(tmp_path: Path) -> None:
    ledger, path = written(tmp_path), tmp_path / "ledger.jsonl"
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert REASON not in orjson.dumps(lines[1]["entry"]).decode()
    del lines[1]["content"]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    assert ledger.entries()[1].fields["reason"] == ERASED


def test_an_edited_reason_is_found(tmp_path: Path) -> None:
    ledger, path = written(tmp_path), tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Kim from", b"Ann from"))
    with pytest.raises(LogDamaged, match="damaged at line 2"):
        ledger.entries()


@given(data=st.data())
def test_every_changed_byte_is_found_and_its_line_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger, path = written(folder), folder / "ledger.jsonl"
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 2).filter(lambda at: good[at] != 10))
    byte = data.draw(st.integers(33, 255).filter(lambda code: code != good[place]))
    path.write_bytes(good[:place] + bytes([byte]) + good[place + 1 :])
    with pytest.raises(LogDamaged) as caught:
        ledger.entries()
    assert caught.value.line_number == good[:place].count(b"\n") + 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session_anchored", {"session": "s1", "seq": 1, "head": "0"}),
        ("policy_loaded", {"session": "s1", "persona": "aria", "digest": "d"}),
        ("policy_loaded", {"session": "s1", "persona": "aria", "digest": "d", "label": 3}),
        ("policy_loaded", {"session": "s1", "persona": "aria", "digest": "d", "label": "x", "reason": "r"}),
        ("stop_pressed", {"scope": "tool", "target": "x", "by": "mara", "why": "r"}),
        ("release", {}),
    ],
)
def test_other_kinds_and_fields_are_refused(tmp_path: Path, kind: Any, fields: dict[str, Any]) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    if kind == "session_anchored":
        fields = {**fields, "seq": "1"}
    with pytest.raises(ValueError, match=re.escape(kind)):
        ledger.note(kind, **fields)
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_reason_is_cut_and_cleaned(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    ledger.note("stop_pressed", scope="everything", target="", by="mara", reason="\udc80" + "x" * 100_000)
    ledger.note("stop_lifted", scope="everything", target="", by="mara", reason="")
    pressed, lifted = ledger.entries()
    assert len(pressed.fields["reason"]) == LONGEST_REASON
    assert "reason" not in lifted.fields


def test_a_policy_is_noted_when_it_is_another_one_than_before(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl", FrozenClock())
    steps = [("aria", "a"), ("aria", "a"), ("ben", "a"), ("aria", "a"), ("aria", "b"), ("ben", "a"), ("aria", "a")]
    noted = [ledger.policy_loaded("s1", persona, digest, "x@1") for persona, digest in steps]
    assert noted == [True, False, True, False, True, False, True]


def test_kinds_of_later_versions_are_read_past(tmp_path: Path) -> None:
    ledger, path = written(tmp_path), tmp_path / "ledger.jsonl"
    last = orjson.loads(path.read_bytes().splitlines()[-1])
    entry = {"kind": "release_made", "what": [1, {"deep": None}], "reason": "plain"}
    line = {"v": 1, "seq": last["seq"] + 1, "at": last["at"], "entry": entry, "prev": last["hash"]}
    line["hash"] = link(line["seq"], line["at"], "entry", entry, line["prev"])
    path.write_bytes(path.read_bytes() + orjson.dumps(line) + b"\n")
    assert ledger.entries()[-1].fields == {"what": [1, {"deep": None}], "reason": "plain"}
    ledger.anchor("s1", 4, "0" * 64)
    assert ledger.anchors("s1") == {4: "0" * 64}


def test_an_entry_too_long_to_be_found_again_is_not_written(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    before = (tmp_path / "ledger.jsonl").read_bytes()
    with pytest.raises(DiskFailed, match="too long"):
        ledger.policy_loaded("s1", "aria", "0" * 64, "p" * 70_000)
    assert (tmp_path / "ledger.jsonl").read_bytes() == before
    ledger.anchor("s1", 1, "0" * 64)
