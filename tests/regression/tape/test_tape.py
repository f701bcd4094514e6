"""The tape file: what was read is written with the same bytes, and a touched line is noticed and named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import hidden_count
from greenroom.regression.tape import versions
from greenroom.regression.tape.long_text import LONG, pack, pieces, unpack
from greenroom.regression.tape.tape import Line, Tape, read, sealed, sorted_json, write
from tests.regression.taped import written_as_1

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "One. Two! " * 12,
        "¶",
        "¶¶",
        "\u202eevil\u202c " * 20,
        "a\nb\n" * 60,
        "\x1b[2J. " * 30,
        "‹card#1›",
        "\x7f\x85\u2028 ",
    ]
)
NUMBERS = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    NUMBERS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=12
)
LINES = st.dictionaries(TEXT, VALUES, min_size=1, max_size=4)
TAPES = st.builds(
    lambda header, lines: sealed({k: v for k, v in header.items() if k != "tape"}, lines),
    st.dictionaries(TEXT, VALUES, max_size=3),
    st.lists(LINES, max_size=5),
)
SMALL = sealed(
    {"persona": "aria@1.0.0", "model": "m", "digests": {"prompt": "ab"}},
    ({"turn": 1, "user": "Hello"}, {"reply": 1, "text": "First sentence. " * 9}, {"finish": "answered"}),
)


@given(TAPES)
def test_what_was_read_is_written_with_the_same_bytes(tape: Tape) -> None:
    data = write(tape)
    again = read(data, "x")
    assert again == tape
    assert write(again) == data


@given(TAPES)
def test_no_line_can_do_anything_to_a_terminal(tape: Tape) -> None:
    for line in write(tape).decode().split("\n"):
        assert hidden_count(line) == 0


@given(VALUES)
def test_packing_loses_nothing(value: object) -> None:
    out: list[str] = []
    assert unpack(pack(value, out), iter(out)) == value


@given(st.text(max_size=400))
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_long_text_stands_one_sentence_a_line() -> None:
    rows = write(SMALL).decode().splitlines()
    assert rows[2] == '{"reply":1,"text":{"¶":9}}'
    assert rows[3:12] == ['"First sentence. "'] * 9
    assert len("First sentence. " * 9) > LONG
    assert read(write(SMALL), "x").line_numbers == (2, 3, 13)


def test_equal_values_are_written_alike() -> None:
    assert json.dumps(sorted_json({"b": [{"d": 1, "c": 2}], "a": 1})) == '{"a": 1, "b": [{"c": 2, "d": 1}]}'


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda text: text.replace('"Hello"', '"Hallo"'), 2),
        (lambda text: text.replace('"First sentence. "', '"Other sentence. "', 1), 4),
        (lambda text: text.replace('"m"', '"n"'), 1),
        (lambda text: text.replace('{"finish":"answered"}\n', ""), 13),
        (lambda text: text.replace('{"turn":1', '{"turn":1,"user":"x"}\n{"turn":1'), 2),
        (lambda text: text[: text.index('{"finish"')], 12),
        (lambda text: re.sub(r'"digest":"."?', '"digest":"0', text), 1),
    ],
)
def test_a_touched_line_is_named(edit: Callable[[str], str], line: int) -> None:
    with pytest.raises(FileInvalid) as raised:
        read(edit(write(SMALL).decode()).encode(), "x.tape.jsonl")
    assert raised.value.code == "tape.tampered"
    assert raised.value.where == f"x.tape.jsonl:{line}"
    assert "\n" not in raised.value.line()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_tape_or_one_clear_error(data: bytes) -> None:
    with pytest.raises(FileInvalid) as raised:
        read(data, "x")
    assert "\n" not in raised.value.line()


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_any_one_changed_byte_is_noticed(place: int, byte: int) -> None:
    data = bytearray(write(SMALL))
    place %= len(data)
    if data[place] != byte:
        data[place] = byte
        with pytest.raises(FileInvalid):
            read(bytes(data), "x")


def test_a_deep_or_huge_tape_is_refused() -> None:
    deep = b'{"tape":1}\n{"a":' + b"[" * 900 + b"]" * 900 + b"}\n"
    with pytest.raises(FileInvalid, match="not"):
        read(deep + b'{"events":1,"lines":"","digest":""}\n', "x")
    with pytest.raises(FileInvalid, match="larger than 16 MB"):
        read(b" " * 16_000_001, "x")


def test_a_tape_of_an_earlier_format_is_read_as_todays_and_written_as_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    old = written_as_1(Tape({"persona": "aria@1.0.0"}, ({"turn": 1, "said": "Hello."}, {"finish": "answered"})))
    said = {"said": "user"}

    def step(header: Line, events: list[Line]) -> tuple[Line, list[Line]]:
        return {**header, "model": "m"}, [{said.get(key, key): item for key, item in line.items()} for line in events]

    monkeypatch.delitem(versions.UPGRADES, 1)
    with pytest.raises(FileInvalid, match="tape format 1 is not known") as caught:
        read(old, "x")
    assert caught.value.hint == "export the session again"
    monkeypatch.setitem(versions.UPGRADES, 1, step)
    tape = read(old, "x")
    assert (tape.events[0], tape.model) == ({"turn": 1, "user": "Hello."}, "m")
    assert tape.line_numbers == (2, 3)
    fresh = write(tape)
    assert fresh.startswith(b'{"tape":3,')
    assert read(fresh, "x") == tape
    assert read(write(tape), "x").line_numbers == tape.line_numbers
    monkeypatch.setitem(versions.UPGRADES, 1, lambda header, events: ({"x": header["none"]}, events))
    with pytest.raises(FileInvalid, match="not a tape of format 1"):
        read(old, "x")


@pytest.mark.parametrize("version", [0, -1, 4, 99])
def test_other_formats_are_refused_in_one_line(version: int) -> None:
    data = write(sealed({"persona": "aria@1.0.0"}, ({"finish": "answered"},)))
    with pytest.raises(FileInvalid, match="is not known here") as caught:
        read(data.replace(b'"tape":3', b'"tape":%d' % version), "x")
    assert (caught.value.code, "\n" in caught.value.line()) == ("tape.version", False)
