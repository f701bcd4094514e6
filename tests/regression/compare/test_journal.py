"""The journal of a comparison: what is missing is what was not carried to its end, whatever ended it."""

from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid, UsageError
from greenroom.regression.compare.journal import FOLDER, Combination, Header, Journal, Outcome, Row, Run

STAMP = "2026-11-28T10:00:00.000000Z"


def header(name: str = "one", repeat: int = 2) -> Header:
    both = (Combination(persona="aria", label="aria@1", name="m"), Combination(persona="bo", label="bo@1", name="m"))
    return Header(name=name, at=STAMP, file="in.txt", inputs=("a", "b"), combinations=both, repeat=repeat)


def row(run: Run, outcome: Outcome = "done", session: str = "cmp1") -> Row:
    return Row(**run._asdict(), outcome=outcome, session=session, at=STAMP)


def test_the_first_of_everything_comes_before_the_second_of_anything() -> None:
    runs = list(header().runs())
    assert runs[:4] == [Run(1, 0, 1), Run(1, 1, 1), Run(2, 0, 1), Run(2, 1, 1)]
    assert [run.repeat for run in runs] == [1] * 4 + [2] * 4


def test_what_failed_or_was_cut_is_made_again(tmp_path: Path) -> None:
    first, second, third, *rest = header().runs()
    with Journal.begin(tmp_path, header()) as journal:
        journal.append(row(first))
        journal.append(row(second, "error"))
        journal.append(row(third, "cut"))
    with Journal.resume(tmp_path) as journal:
        assert journal.missing() == [second, third, *rest]
        journal.append(row(second, session="cmp2"))
        journal.append(row(second, "error"))
        assert journal.settled()[second].session == "cmp2"
        assert journal.missing() == [third, *rest]


def test_a_torn_or_foreign_line_destroys_no_other(tmp_path: Path) -> None:
    first, second, *_ = header().runs()
    with Journal.begin(tmp_path, header()) as journal:
        journal.append(row(first))
    path = tmp_path / FOLDER / "one.jsonl"
    with path.open("ab") as file:
        file.write(row(Run(99, 0, 1)).model_dump_json().encode() + b'\n{"input": 1, "combi')
    with Journal.resume(tmp_path, "one") as journal:
        journal.append(row(second))
    with Journal.resume(tmp_path, "one") as journal:
        assert set(journal.settled()) == {first, second}


def test_names_and_locks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no comparison to go on with"):
        Journal.resume(tmp_path)
    with pytest.raises(UsageError, match="cannot be the name"):
        Journal.begin(tmp_path, header("../away"))
    with pytest.raises(UsageError, match="more than 100000 runs"):
        Journal.begin(tmp_path, header(repeat=100_000))
    with Journal.begin(tmp_path, header()), pytest.raises(UsageError, match="another process"):
        Journal.resume(tmp_path, "one")
    with pytest.raises(UsageError, match="already"):
        Journal.begin(tmp_path, header())
    (tmp_path / FOLDER / "two.jsonl").write_text("{}\n")
    with pytest.raises(FileInvalid, match="does not say what was asked"):
        Journal.resume(tmp_path, "two")
    with Journal.resume(tmp_path, "one"):
        pass
