"""What a log proves by itself: erasures that explain lost content, texts that are what their digests name."""

from pathlib import Path

import orjson
import pytest

from greenroom.core.canonical import digest
from greenroom.core.clock import FrozenClock
from greenroom.core.errors import LogDamaged
from greenroom.core.events import (
    ApprovalGiven,
    AutonomyChanged,
    ContentErased,
    ContractLoaded,
    DeadLetterDiscarded,
    GrantRevoked,
    SessionOpened,
    TurnFinished,
    TurnStarted,
)
from greenroom.core.ids import RandomIds
from greenroom.log.audit import audit
from greenroom.log.file_log import FileLog


def opened(folder: Path) -> FileLog:
    log = FileLog.create(folder / "s1.jsonl", FrozenClock(), RandomIds())
    log.append(SessionOpened(session="s1", persona="aria", version="1.0.0", workspace="shop", model="m"))
    return log


def contract(**texts: str) -> ContractLoaded:
    return ContractLoaded(
        persona="aria",
        version="1.0.0",
        model="m",
        digests={part: digest(text) for part, text in texts.items()},
        texts={digest(text): text for text in texts.values()},
    )


def erased(folder: Path) -> Path:
    """A log whose second record lost its words, with the event that says so at its end."""
    log = opened(folder)
    log.append(TurnStarted(turn=1, words="my number is 0151 1234"))
    log.append(ContentErased(records=(1,), reason="asked for", by="mara"))
    log.close()
    path = folder / "s1.jsonl"
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    del lines[1]["content"]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def test_an_erasure_is_told(tmp_path: Path) -> None:
    assert audit(erased(tmp_path), {}).erased == (1,)


def test_a_removed_erasure_is_found(tmp_path: Path) -> None:
    path = erased(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(LogDamaged, match="line 2 has lost content that no erasure explains"):
        audit(path, {})


@pytest.mark.parametrize("part", ["persona", "prompt", "tools", "parameters"])
def test_a_text_that_is_not_the_one_its_digest_names_is_found(tmp_path: Path, part: str) -> None:
    log = opened(tmp_path)
    log.append(contract(**{part: "as it was"}))
    good = audit(tmp_path / "s1.jsonl", {})
    assert good.absent == ()
    log.append(
        ContractLoaded(persona="aria", version="1", model="m", digests={part: "0" * 64}, texts={"0" * 64: "another"})
    )
    log.close()
    with pytest.raises(LogDamaged) as caught:
        audit(tmp_path / "s1.jsonl", {})
    assert caught.value.message == f"line 3 holds another {part} text than the one its digest 00000000 names"
    assert caught.value.line_number == 3


def test_a_text_is_held_once_and_a_missing_one_is_told(tmp_path: Path) -> None:
    log = opened(tmp_path)
    first = contract(prompt="as it was", policy="[[rule]]")
    log.append(first)
    log.append(first.model_copy(update={"texts": {}}))
    log.append(first.model_copy(update={"texts": {}, "digests": {"prompt": "1" * 64, "policy": "2" * 64}}))
    log.close()
    found = audit(tmp_path / "s1.jsonl", {})
    assert found.absent == (("prompt", "1" * 64), ("policy", "2" * 64))
    assert found.policies == (digest("[[rule]]"), "2" * 64)


def test_an_answer_without_a_question_and_without_a_name_is_told_as_such(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(ApprovalGiven(step="t1/ask:c1", turn=1, call="c1", decision="allow"))
    record = log.append(TurnFinished(turn=1, outcome="answered"))
    log.close()
    found = audit(tmp_path / "s1.jsonl", {2: record.hash})
    (one,) = found.approvals
    assert one.asked is None and one.card is None and one.commitment == one.policy_digest == ""
    assert one.anchored
    assert [told.said for told in found.anchors] == ["turn 1 ended at 2"]
    assert [told.said for told in audit(tmp_path / "s1.jsonl", {}).due] == [
        "approval at 1 by nobody named via no stated way",
        "turn 1 ended at 2",
    ]


def test_what_else_people_decided_is_told(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(AutonomyChanged(level=3, by="mara", established="terminal", expires="2026-11-21T10:00:00.000000Z"))
    log.append(GrantRevoked(grant="t1/ask:c1", by="kim"))
    log.append(DeadLetterDiscarded(letter="t2/ask:c1"))
    log.close()
    assert [told.said for told in audit(tmp_path / "s1.jsonl", {}).acts] == [
        "autonomy 3 until 2026-11-21T10:00:00.000000Z by mara via terminal",
        "leave given at t1/ask:c1 taken back by kim",
        "t2/ask:c1 let be by nobody named",
    ]
