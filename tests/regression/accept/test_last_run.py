"""What is kept of a replay that differed: only whole, only of its own tape, never where nothing can be taken over."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import DiskFailed
from greenroom.regression.accept import accept as accepting
from greenroom.regression.accept.accept import accept, proposed
from greenroom.regression.accept.last_run import LastRun, LastRuns
from greenroom.regression.accept.tape_diff import Aspect
from greenroom.regression.record.record import record
from greenroom.regression.replay.outcome import Outcome, outcome
from greenroom.regression.replay.replay import Fixture, load_fixture
from greenroom.regression.tape.sealed import SESSION, session_digest
from greenroom.regression.tape.tape import sealed, write
from tests.engine.stage import AmountPolicy
from tests.regression.accept.test_retold import closed
from tests.regression.taped import recorded_session

STALE = outcome("stale", "policy changed", reasons=("policy changed",))
MADE, RECORDS = recorded_session()
PASSAGES: tuple[Aspect, ...] = ("retrieval",)
STRICTER = AmountPolicy(limit=60)


@pytest.fixture
def fixture(tmp_path: Path) -> Fixture:
    """On disk, as an export leaves it."""
    kept = record(RECORDS, MADE.policy)
    folder = tmp_path / "fixtures"
    folder.mkdir()
    (folder / "x.tape.jsonl").write_bytes(write(kept.tape))
    (folder / "x.case.toml").write_text('schema = "case/1"\n', encoding="utf-8")
    fixture = load_fixture(folder / "x.tape.jsonl")
    fixture.parts.write(kept.texts)
    return fixture


def after(runs: LastRuns, fixture: Fixture, told: Outcome, **changes: Any) -> LastRun | None:
    asyncio.run(runs.after(fixture, told, closed(MADE, **changes)))
    return runs.find("x")


def test_what_differs_is_kept_and_what_passes_is_let_go(fixture: Fixture, tmp_path: Path) -> None:
    runs = LastRuns(tmp_path / "last_run")
    run = after(runs, fixture, STALE, policy=STRICTER)
    assert run is not None and run.is_of(fixture.tape)
    assert (run.kind, run.causes, run.missing) == ("stale", ("policy changed",), ())
    assert after(runs, fixture, outcome("failed", "no")) is None
    after(runs, fixture, STALE, policy=STRICTER)
    assert after(LastRuns(tmp_path / "last_run"), fixture, outcome("passed")) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "x.run.json").write_text("{"),
        lambda folder: (folder / "x.run.json").write_text("[" * 100_000),
        lambda folder: (folder / "x.run.json").write_text('{"schema": "run/1"}'),
        lambda folder: (folder / "x.run.json").unlink(),
        lambda folder: (folder / "x.tape.jsonl").write_bytes((folder / "x.tape.jsonl").read_bytes()[:-90]),
        lambda folder: (folder / "x.run.json").write_text(
            json.dumps({**json.loads((folder / "x.run.json").read_text()), "tape": "0" * 32})
        ),
    ],
)
def test_half_a_last_run_is_none(spoil: Any, fixture: Fixture, tmp_path: Path) -> None:
    runs = LastRuns(tmp_path / "last_run")
    assert after(runs, fixture, STALE, policy=STRICTER) is not None
    spoil(runs.folder)
    assert runs.find("x") is None
    assert {path.name for path in runs.leftovers(["x"])} >= {path.name for path in runs.folder.glob("x.*")}


def test_a_last_run_that_somebody_made_up_is_none(fixture: Fixture, tmp_path: Path) -> None:
    runs = LastRuns(tmp_path / "last_run")
    run = after(runs, fixture, STALE, policy=STRICTER)
    assert run is not None
    events = [{**line, "recall": 5} if "recall" in line else line for line in run.tape.events]
    digests = {**run.tape.digests, SESSION: session_digest(events)}
    forged = write(sealed({**run.tape.header, "digests": digests}, events))
    (runs.folder / "x.tape.jsonl").write_bytes(forged)
    about = json.loads((runs.folder / "x.run.json").read_text())
    mark = sha256(forged).hexdigest()[: len(about["tape"])]
    (runs.folder / "x.run.json").write_text(json.dumps({**about, "tape": mark}))
    assert runs.find("x") is None


def test_a_disk_that_refuses_changes_no_outcome(fixture: Fixture, tmp_path: Path) -> None:
    (tmp_path / "last_run").write_text("in the way")
    assert after(LastRuns(tmp_path / "last_run"), fixture, STALE, policy=STRICTER) is None


def test_a_kill_in_between_leaves_the_old_fixture(
    fixture: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts come first and harm nobody; the tape is the last file, and it is written whole."""
    runs = LastRuns(tmp_path / "last_run")
    run = after(runs, fixture, STALE, policy=STRICTER)
    assert run is not None
    folder = tmp_path / "fixtures"
    before = (folder / "x.tape.jsonl").read_bytes()

    def killed(path: Path, data: bytes) -> None:
        raise DiskFailed(f"killed at {path.name}")

    with monkeypatch.context() as patch:
        patch.setattr(accepting, "write_whole", killed)
        with pytest.raises(DiskFailed, match=r"killed at x\.tape\.jsonl"):
            accept(fixture, run, runs, folder, proposed(fixture, run))
    assert (folder / "x.tape.jsonl").read_bytes() == before
    assert runs.find("x") is not None
    done = accept(fixture, run, runs, folder, proposed(fixture, run))
    assert (folder / "x.tape.jsonl").read_bytes() == write(run.tape)
    assert (done.left, done.left_causes, runs.find("x")) == ((), (), None)
    assert load_fixture(folder / "x.tape.jsonl").tape == run.tape


def test_what_is_left_belongs_to_the_tape_as_it_is_now(fixture: Fixture, tmp_path: Path) -> None:
    runs = LastRuns(tmp_path / "last_run")
    run = after(runs, fixture, STALE, policy=AmountPolicy(limit=60, blocked={"retrieval": "five"}))
    assert run is not None and run.missing == ()
    folder = tmp_path / "fixtures"
    done = accept(fixture, run, runs, folder, proposed(fixture, run, PASSAGES))
    assert done.left and {aspect for change in done.taken for aspect in change.aspects} == {"retrieval"}
    now = load_fixture(folder / "x.tape.jsonl")
    left = runs.find("x")
    assert left is not None and left.is_of(now.tape) and not left.is_of(fixture.tape)
    accept(now, left, runs, folder, proposed(now, left))
    assert (folder / "x.tape.jsonl").read_bytes() == write(run.tape)
