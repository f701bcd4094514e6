"""No change of a header passes, though its maker signs the tape anew: every key of it dropped, doubled, swapped, changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from greenroom.assembly import replay_builder
from greenroom.core.errors import FileInvalid
from greenroom.core.inert import hidden_count
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.check import check_file
from greenroom.regression.replay.outcome import broken
from greenroom.regression.replay.replay import load_fixture, replay_fixture
from greenroom.regression.tape.header_form import wrong_form
from greenroom.regression.tape.tape import SUFFIX, Tape, read, sealed, write
from greenroom.workspace.layout import Workspace
from tests.engine.stage import AmountPolicy
from tests.regression.record.test_ranges import reloaded
from tests.regression.replay.test_check_and_difference import written
from tests.regression.taped import signed, written_as_1

HELPDESK = Workspace(Path(__file__).parents[3] / "workspaces" / "helpdesk")
NAMED = "the header was changed after it was recorded"
Pairs = list[tuple[str, Any]]


def pairs(text: bytes) -> Pairs:
    """A header as its keys and values in order, so that one may stand there twice."""
    return Several(json.loads(text, object_pairs_hook=Several))


class Several(list[tuple[str, Any]]):
    """An object whose keys may come more than once."""


def row(found: Pairs) -> bytes:
    return text_of(found).encode()


def text_of(value: Any) -> str:
    if isinstance(value, Several):
        return "{" + ",".join(f"{json.dumps(key)}:{text_of(item)}" for key, item in value) + "}"
    return json.dumps(value, separators=(",", ":"))


def others(value: Any) -> list[Any]:
    """Values that might stand in the place of one, its own kind first."""
    if isinstance(value, int):
        return [value - 1, value + 1, None]
    return (
        [f"{value[:-1]}{'0' if value[-1:] != '0' else '1'}", "", None, 7, []] if isinstance(value, str) else [None, {}]
    )


def spoiled(found: Pairs, path: str = "") -> Iterator[tuple[str, Pairs]]:
    """One change of a header each, with what it is."""
    for at, (key, value) in enumerate(found):
        before, after = found[:at], found[at + 1 :]
        name = f"{path}{key}"
        yield f"{name} dropped", Several([*before, *after])
        yield f"{name} doubled", Several([*before, (key, value), (key, value), *after])
        yield f"{name} named otherwise", Several([*before, (f"{key}s", value), *after])
        for other in others(value):
            yield f"{name} is {other!r}", Several([*before, (key, other), *after])
        if isinstance(value, Several):
            yield from ((what, Several([*before, (key, inner), *after])) for what, inner in spoiled(value, f"{name}."))
    for (one, first), (two, second) in combinations(list(enumerate(found)), 2):
        moved, exchanged = Several(found), Several(found)
        moved[one], moved[two] = second, first
        exchanged[one], exchanged[two] = (first[0], second[1]), (second[0], first[1])
        yield f"{path}{first[0]} and {second[0]} moved", moved
        if first[1] != second[1]:
            yield f"{path}{first[0]} and {second[0]} exchanged", exchanged
    yield f"{path} has another key", Several([*found, ("more", "x")])
    yield f"{path} begins with another key", Several([("more", "x"), *found])


def refused(data: bytes) -> str:
    """What is said of a tape that is none."""
    with pytest.raises(FileInvalid) as caught:
        read(data, "x")
    said = caught.value.line()
    assert "\n" not in said and hidden_count(said) == 0
    assert caught.value.where == "x:1" and caught.value.code in ("tape.tampered", "tape.malformed", "tape.version"), (
        said
    )
    return said


def taken_over() -> Tape:
    """A tape with everything a header can have."""
    made, records = reloaded(AmountPolicy(limit=100), AmountPolicy(limit=90))
    tape = record(records, made.policy, (2, 2)).tape
    assert {"turns", "context"} <= set(tape.header)
    return tape


def shipped() -> Tape:
    path = HELPDESK.fixtures / f"refund-over-limit{SUFFIX}"
    return read(path.read_bytes(), path.name)


@pytest.mark.parametrize("make", [shipped, taken_over])
def test_every_key_dropped_doubled_moved_exchanged_or_changed_is_noticed(make: Any) -> None:
    rows = write(make()).splitlines()
    found = pairs(rows[0])
    assert signed([row(found), *rows[1:]]) == write(make())
    changes = dict(spoiled(found))
    assert len(changes) > 100
    for what, changed in changes.items():
        assert refused(signed([row(changed), *rows[1:]])), what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"persona":"aria@1.3.0"', '"persona":"aria@1.2.0"', "'persona' is not what was written"),
        ('"model":"scripted/helpdesk"', '"model":"scripted/other"', "'model' is not what was written"),
        ('"model":"scripted/helpdesk",', "", "a key before 'digests.corpus' is missing"),
        ('"digests":', '"turns":"2-3","digests":', "'turns' was added"),
        ('"policy":"', '"policy":"0', "'digests.policy' is not what was written"),
        ('"corpus":', '"corpses":', "'digests.corpses' is not what was written"),
        (',"seal":"', ',"seals":"', "its seal is missing"),
        ('"seal":"', '"seal":"0', "its seal is not where it was written"),
        ('{"tape":3,', '{"tape":1,', "it has a seal, which its format has not"),
        ('{"tape":3,', '{"tape": 3,', "a key was moved or doubled, or the seal was changed"),
    ],
)
def test_what_was_changed_is_named(old: str, new: str, said: str) -> None:
    rows = write(shipped()).splitlines()
    assert old.encode() in rows[0]
    assert refused(signed([rows[0].replace(old.encode(), new.encode()), *rows[1:]])) == (
        f"x:1: {NAMED}: {said} (restore it from git, or export the session again)"
    )


def test_whoever_writes_it_with_our_own_code_is_noticed_too() -> None:
    tape = shipped()
    for key in tape.header:
        header = {name: value for name, value in tape.header.items() if name != key}
        assert NAMED in refused(write(Tape(header, tape.events))), key
    assert NAMED in refused(write(Tape({**tape.header, "model": "other/model"}, tape.events)))


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers(-9, 9), max_size=4), st.data())
def test_no_other_header_has_the_same_seal(more: dict[str, Any], data: st.DataObject) -> None:
    assume(wrong_form(more) is None)
    for known in ("tape", "seal", "turns"):
        more.pop(known, None)
    tape = sealed(more, ({"finish": "answered"},))
    assert read(write(tape), "x") == tape
    key = data.draw(st.sampled_from([*more, "another"]))
    changed = {key: data.draw(st.text(max_size=8)), **{name: item for name, item in tape.header.items() if name != key}}
    if key != "turns" and wrong_form(changed) is None and changed[key] != more.get(key):
        assert NAMED in refused(write(Tape(changed, tape.events)))


def test_check_and_replay_say_the_same(tmp_path: Path) -> None:
    path = written(tmp_path)
    rows = path.read_bytes().splitlines()
    path.write_bytes(signed([rows[0].replace(b'"m"', b'"n"'), *rows[1:]]))
    found = check_file(path)
    assert (found.kind, found.tape_line) == ("broken", 1)
    assert f"{NAMED}: 'model' is not what was written" in found.line
    with pytest.raises(FileInvalid) as caught:
        load_fixture(path)
    assert broken(caught.value, path.name) == found


@pytest.mark.parametrize("path", sorted(HELPDESK.fixtures.glob(f"*{SUFFIX}")), ids=lambda one: one.name)
def test_a_tape_of_format_1_still_replays_and_is_written_with_a_seal(path: Path, tmp_path: Path) -> None:
    now = path.read_bytes()
    old = written_as_1(read(now, path.name))
    assert b'"tape":1' in old and b"seal" not in old
    (tmp_path / path.name).write_bytes(old)
    (tmp_path / ".parts").symlink_to(path.parent / ".parts")
    fixture = load_fixture(tmp_path / path.name, case=Case(schema="case/1"))
    assert asyncio.run(replay_fixture(fixture, replay_builder(HELPDESK, trusted=True))).kind == "passed"
    assert write(fixture.tape) == now
    spoilt = old.replace(b'"text":', b'"text ":', 1)
    assert refused_line(signed(spoilt.splitlines()), tmp_path / path.name)


def refused_line(data: bytes, path: Path) -> bool:
    """Whether a check of a tape of format 1 still holds its lines to the digest its header has of them."""
    path.write_bytes(data)
    return check_file(path).kind == "broken"
