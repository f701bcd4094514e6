"""The journal of a suite: what was put down is read again, whatever a crash or somebody else left in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.core.errors import DiskFailed, FileInvalid, UsageError
from greenroom.regression.suite.journal import Header, Journal, Row, kept, names, path_of, read
from tests.regression.suite.asked import header, row

ROWS = [row("aa", "ada", 1), row("aa", "ada@0.9.0", 1, "failed", line="no"), row("bb", "ada", 2, micro_usd=7)]


def written(state: Path, asked: Header, rows: list[Row]) -> Path:
    with Journal.begin(state, asked) as journal:
        journal.start()
        for one in rows:
            journal.append(one)
    return path_of(state, asked.suite)


def test_what_was_put_down_is_read_again_and_the_rest_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path, header(), ROWS)
    assert read(path) == (header(), tuple(ROWS))
    assert path.stat().st_mode & 0o777 == 0o600
    with Journal.resume(tmp_path, "s") as journal:
        missing = journal.missing()
    assert len(missing) == 12 - 3
    assert [run.number for run in missing] == sorted(run.number for run in missing)
    assert not {one.run for one in ROWS} & set(missing)


def test_an_error_is_no_verdict_so_its_run_is_missing(tmp_path: Path) -> None:
    written(tmp_path, header(runs=1), [row("aa", "ada", 1, "error"), row("aa", "ada@0.9.0", 1, "broken")])
    with Journal.resume(tmp_path, "s") as journal:
        assert len(journal.missing()) == 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_wherever_a_journal_is_torn_the_whole_rows_before_count_and_it_goes_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    state = tmp_path_factory.mktemp("state")
    path = written(state, header(), ROWS)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    cut = data.draw(st.integers(first, len(whole)))
    path.write_bytes(whole[:cut])
    with Journal.resume(state, "s") as journal:
        kept_rows = len(journal.rows)
        journal.append(row("bb", "ada", 3))
    _, rows = read(path)
    assert rows[-1] == row("bb", "ada", 3) and list(rows[:kept_rows]) == ROWS[:kept_rows]
    assert kept_rows >= whole[:cut].count(b"\n") - 1


def test_rows_that_were_never_asked_for_and_noise_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, header(), ROWS)
    deep = b"[" * 100_000
    foreign = [row("zz", "ada", 1), row("aa", "ada", 99), row("aa", "eve", 1)]
    lines = [one.model_dump_json().encode() for one in foreign]
    path.write_bytes(path.read_bytes() + b"\n".join([deep, b"\xff\x00", b'{"kind":"passed"}', b"null", *lines]) + b"\n")
    assert read(path)[1] == tuple(ROWS)


@pytest.mark.parametrize("first", [b"", b"{}", b"\xff", b"[" * 50_000, b'{"v":2,"suite":"s"}'])
def test_a_journal_that_does_not_say_what_was_asked_is_refused_in_one_line(tmp_path: Path, first: bytes) -> None:
    path = written(tmp_path, header(), ROWS)
    path.write_bytes(first + b"\n" + path.read_bytes())
    with pytest.raises(FileInvalid) as refused:
        Journal.resume(tmp_path, "s")
    assert "suites/s.jsonl:1" in refused.value.line() and "\n" not in refused.value.line()
    assert kept(tmp_path) == []
    with pytest.raises(FileInvalid):
        Journal.resume(tmp_path, "s")  # the lock was let go


def test_a_journal_under_another_name_is_not_taken_for_that_suite(tmp_path: Path) -> None:
    path = written(tmp_path, header(), ROWS)
    path.rename(path.with_name("other.jsonl"))
    with pytest.raises(FileInvalid, match="is the journal of the suite 's'"):
        Journal.resume(tmp_path, "other")


@pytest.mark.parametrize("name", ["", "..", "../s", "a/b", "a\\b", "a b", "-s", ".s", "s" * 65, "s\n", "\x1b[2J", "ſ"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        path_of(tmp_path, name)


def test_a_journal_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere.jsonl"
    path = written(state_of(state), header(), ROWS)
    elsewhere.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(elsewhere)
    assert kept(state) == [] and names(state) == ["s"]
    with pytest.raises((FileInvalid, DiskFailed, UsageError)):
        Journal.resume(state, "s")
    assert elsewhere.read_bytes().count(b"\n") == 4


def state_of(state: Path) -> Path:
    state.mkdir()
    return state


def test_two_cannot_go_on_with_one_suite(tmp_path: Path) -> None:
    written(tmp_path, header(), ROWS)
    with Journal.resume(tmp_path, "s"), pytest.raises(UsageError, match="another process runs the suite 's'"):
        Journal.resume(tmp_path, "s")
    with Journal.resume(tmp_path, "s") as journal:
        assert len(journal.rows) == 3
