"""The file of inputs: three forms, and one clear line for whatever is none of them."""

import os
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.regression.compare.inputs import Spoken, read_inputs


def spoken(folder: Path, name: str, data: bytes) -> list[Spoken]:
    path = folder / name
    path.write_bytes(data)
    return read_inputs(path)


def test_text_has_one_input_a_line(tmp_path: Path) -> None:
    found = spoken(tmp_path, "in.txt", "\ufeffHello\n\n  Where is it?  \r\n".encode())
    assert found == [Spoken(1, ("Hello",)), Spoken(2, ("Where is it?",))]


def test_json_lines_have_texts_and_conversations(tmp_path: Path) -> None:
    lines = b'"Hello"\n["One","Two"]\n\n{"text":"Three"}\n{"turns":["Four","Five"],"id":7}\n'
    assert [one.turns for one in spoken(tmp_path, "in.jsonl", lines)] == [
        ("Hello",),
        ("One", "Two"),
        ("Three",),
        ("Four", "Five"),
    ]


def test_csv_has_a_column_text(tmp_path: Path) -> None:
    data = b'id,text,expected\n1,"Hello, you\nthere",x\n2,,y\n3,Bye,z\n'
    assert [one.turns for one in spoken(tmp_path, "in.csv", data)] == [("Hello, you\nthere",), ("Bye",)]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("in.txt", b"", "has no input"),
        ("in.txt", b"\xff\xfe", "is no UTF-8 at byte 0"),
        ("in.csv", b"a,b\n1,2\n", "in.csv:1: has no column `text` (its columns: a, b)"),
        ("in.csv", b'text\n"never closed', "in.csv:1: is no CSV"),
        ("in.csv", b"", "has no column `text`"),
        ("in.jsonl", b'"fine"\n{"a":', "in.jsonl:2: is no JSON"),
        ("in.jsonl", b"[" * 100_000, "in.jsonl:1: is no JSON"),
        ("in.jsonl", b'{"turns":[1]}', "in.jsonl:1: is neither a text nor a list of turns"),
        ("in.jsonl", b"[]", "is neither"),
        ("in.jsonl", b'["  "]', "is neither"),
        ("in.jsonl", orjson.dumps(["x"] * 201), "more than 200 turns"),
        ("in.txt", b"x\n" * 10_001, "more than 10000 inputs"),
        ("in.txt", b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        spoken(tmp_path, name, data)
    assert said in caught.value.line()
    assert "\n" not in caught.value.line()


@given(st.sampled_from(["in.txt", "in.jsonl", "in.csv"]), st.binary(max_size=200))
def test_no_bytes_give_anything_but_inputs_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
) -> None:
    with suppress(FileInvalid):
        found = spoken(tmp_path_factory.mktemp("inputs"), name, data)
        assert all(turn.strip() for one in found for turn in one.turns)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of Unix")
def test_a_pipe_and_a_device_are_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    for name in ("pipe.txt", "zero.txt"):
        with pytest.raises(FileInvalid, match="cannot be read"):
            read_inputs(tmp_path / name)
