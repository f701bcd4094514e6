"""Places are named from where pytest was started, wherever the workspace is."""

from pathlib import Path

import pytest

from greenroom.pytest_plugin.summary import concerning
from tests.pytest_plugin.telling import told

CAUSE = "policy: rule refund.large: when args.amount > 100 -> args.amount > 90"


@pytest.mark.parametrize(("started_in", "before"), [("", "shop/"), ("shop", ""), ("elsewhere", None)])
def test_a_cause_is_in_a_file_as_seen_from_where_one_is(tmp_path: Path, started_in: str, before: str | None) -> None:
    here = tmp_path / started_in
    tape = tmp_path / "shop" / "fixtures" / "refund.tape.jsonl"
    tape.parent.mkdir(parents=True)
    (tmp_path / "shop" / "greenroom.toml").touch()
    shown = str(tape.relative_to(here)) if tape.is_relative_to(here) else str(tape)
    one = told(
        kind="stale", path=str(tape), shown=shown, reasons=[CAUSE], places=["policies/a.toml:20, policies/b.toml"]
    )
    at = f"{tmp_path}/shop/" if before is None else before
    assert concerning(CAUSE, [one]) == f"{CAUSE} ({at}policies/a.toml:20, {at}policies/b.toml); 1 fixture: refund"


def test_a_place_that_the_cause_names_is_not_told_twice() -> None:
    cause = "greenroom.toml:9: limits.usd 1 -> 2"
    one = told(kind="stale", reasons=[cause], places=["greenroom.toml:9"])
    assert concerning(cause, [one]) == f"{cause}; 1 fixture: refund"


def test_a_cause_that_names_a_file_is_told_with_the_line_in_it() -> None:
    cause = "greenroom.toml: limits.usd 1 -> 2"
    one = told(kind="stale", reasons=[cause], places=["greenroom.toml:9"])
    assert concerning(cause, [one]) == f"{cause} (greenroom.toml:9); 1 fixture: refund"
