"""A crash is told by where it was and what kind it is; what the error says may be a customer's words."""

from pathlib import Path

import pytest

from greenroom.workspace.crash_log import keep

SECRET = "4111 1111 1111 1111"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "greenroom.toml").write_text('schema = "workspace/1"\nid = "shop"\n', encoding="utf-8")
    return tmp_path


def fail(words: str) -> None:
    try:
        int(words)
    except ValueError as error:
        raise ExceptionGroup(words, [KeyError(words)]) from error


def test_places_and_kinds_are_kept_and_words_are_not(shop: Path) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        fail(SECRET)
    where = keep(failed.value, str(shop))
    kept = Path(where).read_text(encoding="utf-8")
    assert "in fail" in kept
    assert [kind in kept for kind in ("builtins.ExceptionGroup", "builtins.KeyError", "builtins.ValueError")] == [
        True
    ] * 3
    assert SECRET not in kept
    assert Path(where).stat().st_mode & 0o777 == 0o600


def test_without_a_workspace_nothing_is_kept(tmp_path: Path) -> None:
    assert keep(ValueError("x"), str(tmp_path)) == ""
