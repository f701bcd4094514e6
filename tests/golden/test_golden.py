"""Logs of earlier versions are read for ever: verified, decoded, folded by every view, told the same way."""

from pathlib import Path

import pytest

from greenroom.core.chain import GENESIS
from greenroom.core.clock import FrozenClock
from greenroom.core.ids import CountedIds
from greenroom.log.chain import verify
from greenroom.log.codec import encode
from greenroom.log.file_log import read_records
from greenroom.views.people import approvals
from greenroom.views.turns import conversation, memory, retrieval, tools, usage, verdicts
from greenroom.views import timeline
from greenroom.views.prompt import transcript
from greenroom.views.fold import fold_all

LOGS = sorted(Path(__file__).parent.glob("*.jsonl"))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_an_old_log_still_verifies_and_tells_its_story(path: Path) -> None:
    records = read_records(path)
    assert verify(path, {}).records == len(records) > 0
    assert timeline.story(records) == path.with_suffix(".story.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_every_view_folds_an_old_log(path: Path) -> None:
    records = read_records(path)
    assert fold_all(conversation.fold, conversation.EMPTY, records).all()[-1].status == "answered"
    assert fold_all(transcript.fold, transcript.EMPTY, records).all()
    assert any(turn.hits for turn in fold_all(retrieval.fold, retrieval.EMPTY, records).all())
    assert any(turn.proposed for turn in fold_all(memory.fold, memory.EMPTY, records).all())
    assert any(turn.worth_showing() for turn in fold_all(verdicts.fold, verdicts.EMPTY, records).all())
    assert any(turn.calls for turn in fold_all(tools.fold, tools.EMPTY, records).all())
    assert usage.total(fold_all(usage.fold, usage.EMPTY, records)).tokens > 0
    asked = fold_all(approvals.fold, approvals.EMPTY, records)
    assert asked.answered
    assert not asked.open


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_what_was_read_is_written_as_the_same_facts(path: Path) -> None:
    for record in read_records(path):
        _, again = encode(record.event, record.seq, record.at, GENESIS, CountedIds(), {})
        left, right = record.event.model_dump(), again.event.model_dump()
        assert left == right


def test_the_clock_of_a_golden_log_is_the_frozen_one() -> None:
    assert {record.at[:10] for path in LOGS for record in read_records(path)} == {
        FrozenClock().now().date().isoformat()
    }
