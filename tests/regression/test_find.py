"""Fixtures are found by name, pattern and path, and in one folder only."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.core.errors import UsageError
from greenroom.regression.find import chosen, name_of, required, tapes_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("refund-large", "refund-small", "window.v2"):
        (tmp_path / f"{name}.tape.jsonl").touch()
        (tmp_path / f"{name}.case.toml").touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "other.tape.jsonl").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["refund-large", "refund-small", "window.v2"]),
        (("refund-*",), ["refund-large", "refund-small"]),
        (("window.v2", "refund-large"), ["refund-large", "window.v2"]),
        (("refund-small", "refund-*"), ["refund-large", "refund-small"]),
        (("fixtures/window.v2.tape.jsonl",), ["window.v2"]),
        (("fixtures/window.v2.case.toml",), ["window.v2"]),
    ],
)
def test_what_words_mean(folder: Path, words: tuple[str, ...], names: list[str]) -> None:
    assert list(chosen(folder, words)) == list(required(folder, words)) == names
    assert all(name_of(path) == name for name, path in tapes_in(folder).items())


@pytest.mark.parametrize("word", ["refund-larg", "../secret", "other", "refund"])
def test_a_word_that_means_none_is_said_as_it_was_given(folder: Path, word: str) -> None:
    with pytest.raises(UsageError, match=f"no fixture '{word}'") as caught:
        chosen(folder, [word])
    assert caught.value.hint == "did you mean 'refund-large'?" or word != "refund-larg"


def test_where_there_is_none(tmp_path: Path) -> None:
    assert chosen(tmp_path) == {}
    for words in ((), ("x",)):
        with pytest.raises(UsageError) as caught:
            required(tmp_path, words)
        assert "this workspace has no fixtures yet" in caught.value.line()
