"""`fixture judge`: a judge beside people, over a file of labelled replies."""

import asyncio
import json
from pathlib import Path

import pytest

from greenroom.commands.invocation import Invocation
from greenroom.commands.judge import judge
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.inert import hidden_count
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.judge.test_judge import SCRIPT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "scripts").mkdir(parents=True)
    (root / "rubrics").mkdir()
    (root / "greenroom.toml").write_text('schema = "workspace/1"\nid = "shop"\n')
    (root / "scripts" / "judge.toml").write_text(SCRIPT)
    (root / "rubrics" / "tone.md").write_text("Be kind.")
    rows = [("Hello!", "pass"), ("Dear idiot \x1b[31m", "pass"), ("You idiot", "fail"), ("unreadable", "fail")]
    (root / "labelled.jsonl").write_text(
        "".join(json.dumps({"reply": reply, "label": label}) + "\n" for reply, label in rows)
    )
    trust(Workspace(root))
    return root


def asked(folder: Path, **more: object) -> Invocation:
    return Invocation(
        {
            "workspace": str(folder),
            "rubric": "rubrics/tone.md",
            "labelled": str(folder / "labelled.jsonl"),
            "model": "scripted/judge",
            **more,
        }
    )


def test_agreement_is_printed_with_what_they_differ_about(folder: Path) -> None:
    done = asyncio.run(judge(asked(folder)))
    text = "\n".join(done.lines)
    assert "4 replies judged, 3 decided, 1 left undecided" in text
    assert "raw agreement  0.67  (2 of 3)" in text
    assert "Cohen's kappa  0.40" in text
    assert any(line.split()[:3] == ["2", "pass", "fail"] for line in done.lines)
    assert all(hidden_count(line) == 0 for line in done.lines)
    assert done.exit_code == 0
    assert done.data["kappa"] == pytest.approx(0.4)
    assert [one["agrees"] for one in done.data["replies"]] == [True, False, True, None]
    assert json.dumps(done.data)


def test_a_judge_that_says_nothing_is_a_failure(folder: Path) -> None:
    (folder / "labelled.jsonl").write_text('{"reply": "unreadable", "label": "fail"}\n')
    done = asyncio.run(judge(asked(folder, votes=1)))
    assert done.exit_code == 1
    assert done.data["raw_agreement"] is None


def test_what_is_missing_or_not_trusted_is_one_line(folder: Path) -> None:
    with pytest.raises(UsageError, match="not a number of votes"):
        asyncio.run(judge(asked(folder, votes=0)))
    with pytest.raises(FileInvalid, match=r"rubrics/no\.md"):
        asyncio.run(judge(asked(folder, rubric="rubrics/no.md")))
    (folder / "tools").mkdir()
    (folder / "tools" / "new.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="not trusted"):
        asyncio.run(judge(asked(folder)))
