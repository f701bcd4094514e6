"""Words that a rule masks only later than they came in, on their way to a model or into memory, replay from a tape, where
placeholders of the export stand beside the masks of the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.core.events import MemoryWritten, Record, VerdictReached
from greenroom.engine import waiting
from greenroom.regression.record.record import record
from greenroom.regression.tape.replaced import replaced_of
from greenroom.retrieval.port import Found, PassageQuery
from tests.engine.chaos import Steady
from tests.engine.chaos_world import contract
from tests.engine.scripted import NOTE, Lives, Scripted, lines, same_again
from tests.engine.stage import OnePassage


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Runner]:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    with asyncio.Runner(loop_factory=Steady) as made:
        yield made


class Addressed(OnePassage):
    """Documents that say whom to write to."""

    async def retrieve(self, query: PassageQuery) -> Found:
        found = await super().retrieve(query)
        told = [one.model_copy(update={"text": f"{one.text} Write to kim@post.example."}) for one in found.candidates]
        return found.model_copy(update={"candidates": tuple(told)})


def said(rest: str, runner: asyncio.Runner, words: str) -> list[Record]:
    """A turn with a call in it under such rules."""

    async def scene() -> list[Record]:
        lives = Lives([NOTE], rest=rest)
        await lives.say(words).over()
        return lives.records

    return runner.run(scene())


def test_a_prompt_whose_documents_a_rule_masks_for_the_model_is_held_to_what_it_was_made_of(
    runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "documents", lambda self: Addressed())
    records = said("masking prompts", runner, "refund, please")
    masked = [r.event.effect for r in records if isinstance(r.event, VerdictReached) and r.event.hook == "prompt"]
    assert masked == ["redact", "redact"]
    told = [line["added"] for line in lines(records, "masking prompts") if "added" in line]
    assert ["passages" in str(added) for added in told] == [True, False]
    same_again(records, runner, tmp_path, rest="masking prompts")


def test_a_memory_of_words_whose_placeholder_is_the_mask_it_was_kept_with_is_proposed_as_it_was(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    rest = "masking what goes out"
    records = said(rest, runner, "My e-mail is kim@post.example, and I wear size 42.")
    kept = [r.event.memory.text for r in records if isinstance(r.event, MemoryWritten)]
    assert [text.partition("#")[0] for text in kept] == ["E-mail: ‹email", "Size: 42"]
    mask = kept[0].removeprefix("E-mail: ")
    made = record(records, contract("usual", rest).policy)
    assert mask in str(made.tape.events[0]["user"])
    assert replaced_of(made.tape.header) == {mask}
    same_again(records, runner, tmp_path, rest=rest)
