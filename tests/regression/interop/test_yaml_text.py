"""YAML as promptfoo and cassettes have it, and as somebody may send it."""

from __future__ import annotations

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.regression.interop.yaml_text import load_yaml


def test_plain_scalars_are_those_of_yaml_1_2() -> None:
    text = "a: no\nb: 12:30\nc: 2026-01-01\nd: 1e3\ne: 0o17\nf: ~\ng: true\nh: 'true'\ni: -0x1f\nj: !!str 12\nk: 012"
    assert load_yaml(text, "x") == {
        "a": "no",
        "b": "12:30",
        "c": "2026-01-01",
        "d": 1000.0,
        "e": 15,
        "f": None,
        "g": True,
        "h": "true",
        "i": "-0x1f",
        "j": "12",
        "k": 12,
    }


def test_aliases_and_merges_are_followed() -> None:
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: *b\n"
    assert load_yaml(text, "x") == {"base": {"x": 1, "y": 2}, "one": {"x": 1, "y": 3}, "two": {"x": 1, "y": 2}}


_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
_MERGES = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: v}}\n" for n in range(1, 40))
_CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2_000))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_LAUGHS, "more than 500000 values"),
        (_MERGES, "more than 500000 values"),
        (_CHAIN, "nested deeper than 64"),
        ("a:\n  - &a [*a]", "x:2: an alias stands within what it stands for"),
        ("[" * 100, "x:1: nested deeper than 64 levels"),
        ("[" * 5_000, "x:1: "),
        ("a: 1\nb: !!python/object/apply:os.system ['x']", "x:2: the tag"),
        ("a: !own x", "x:1: the tag"),
        ("a: !!set {x}", "x:1: the tag"),
        ("a: 1\nb: [1, 2", "x:3: not YAML"),
        ("a: 1\n---\nb: 2", "x:2: holds more than one document"),
        ("- a\n" * 1_100_000, "more than 500000 values"),
        ("a: *nobody", "x:1: not YAML"),
        ("? [a]\n: b", "x:1: a key must be a word"),
        ("a: \x00", "x: not YAML"),
        ("{<<: [1]}", "x:1: only a mapping"),
    ],
)
def test_a_hostile_text_is_one_line_with_its_place(text: str, said: str) -> None:
    with pytest.raises(FileInvalid) as caught:
        load_yaml(text, "x")
    assert said in caught.value.line()
    assert "\n" not in caught.value.line()
