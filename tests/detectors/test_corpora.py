"""The labelled texts: enough of them, read honestly, and the document says what comes out of them now."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.detectors import detectors
from greenroom.core.clock import FrozenClock, SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.detectors.about import ABOUT
from greenroom.detectors.corpus import Sample, measure, read_corpora
from greenroom.detectors.find import KINDS
from greenroom.detectors.own import OwnDetectors, own_detector
from greenroom.detectors.report import COMMAND, document

ROOT = Path(__file__).parents[2]
CORPORA = ROOT / "tests" / "detectors" / "corpora"
HEAD = 'schema = "corpus/1"\nid = "c"\nabout = "a"\n'


def test_the_document_is_what_the_command_writes_now() -> None:
    samples = read_corpora(CORPORA)
    written = (ROOT / ".github" / "DETECTORS.md").read_text(encoding="utf-8")
    assert written == document(samples, measure(samples, FrozenClock())), f"run: {COMMAND}"


def test_there_are_enough_texts_of_every_kind() -> None:
    samples = read_corpora(CORPORA)
    for name in {sample.corpus for sample in samples}:
        mine = [sample for sample in samples if sample.corpus == name]
        assert sum(len(sample.labels) for sample in mine) >= 40, name
        assert sum(not sample.labels for sample in mine) >= 60, name
    labelled = {kind for sample in samples for kind, _ in sample.labels}
    assert labelled == set(KINDS) - {"voice.never"}
    assert set(ABOUT) == set(KINDS)


def test_nothing_got_worse() -> None:
    scores = measure(read_corpora(CORPORA), FrozenClock())
    assert sum(score.found for score in scores) >= 176
    assert sum(len(score.alarms) for score in scores) <= 4
    assert all(score.partial == 0 for score in scores)


def test_every_outcome_is_counted() -> None:
    samples = (
        Sample("c", "card 4111 1111 1111 1111", (("personal.card", "4111 1111 1111 1111"),)),
        Sample("c", "card 4111 1111 1111 1111!", (("personal.card", "4111 1111"),)),
        Sample("c", "card four one one one", (("personal.card", "four one one one"),)),
        Sample("c", "card 5555 5555 5555 4444 and NW-1"),
    )
    own = OwnDetectors((own_detector("shop.code", "NW-[0-9]"),))
    card, code = measure(samples, SystemClock(), own)
    assert (card.labels, card.exact, card.partial, len(card.missed), len(card.alarms)) == (3, 1, 1, 1, 1)
    assert (card.without, card.found) == (1, 2)
    assert (code.kind, code.labels, len(code.alarms), code.without) == ("shop.code", 0, 1, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'schema', 'id' and 'about' are missing"),
        (HEAD + 'found = [["personal.crd", "a", "a"]]', "no detector is named 'personal.crd'"),
        (HEAD + 'found = [["personal.card", "a", "b"]]', "the text does not hold 'b'"),
        (HEAD + 'found = [["personal.card", "a"]]', "at least 3"),
        (HEAD + "clean = [", "not TOML"),
    ],
)
def test_a_broken_corpus_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FileInvalid, match=said) as caught:
        read_corpora(tmp_path)
    assert caught.value.where.startswith("c.toml")


def test_a_folder_without_texts_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="no corpora"):
        read_corpora(tmp_path)


def test_the_command_lists_measures_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = detectors(Invocation())
    assert {row["kind"] for row in listed.data["detectors"]} == set(KINDS)
    shop = detectors(Invocation({"workspace": str(ROOT / "workspaces" / "helpdesk")}))
    assert shop.data["detectors"][-1]["kind"] == "shop.gift_code"
    assert shop.data["detectors"][-1]["held_in_streams"] == 17
    done = detectors(Invocation({"corpus": str(CORPORA), "write": "d.md"}))
    assert (tmp_path / "d.md").read_text(encoding="utf-8") == (ROOT / ".github" / "DETECTORS.md").read_text("utf-8")
    assert len(done.lines) == 1 + len(done.value) == 13
    assert done.data["texts"] == len(read_corpora(CORPORA))
    with pytest.raises(UsageError, match="needs --corpus"):
        detectors(Invocation({"write": "d.md"}))
    with pytest.raises(UsageError, match="cannot be written"):
        detectors(Invocation({"corpus": str(CORPORA), "write": "no/such/d.md"}))
