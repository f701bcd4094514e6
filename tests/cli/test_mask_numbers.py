"""The number of a mask stands for one value in a session, whichever session a memory with a mask in it came from."""

from __future__ import annotations

from greenroom.assembly import read_session
from greenroom.core.events import MemoryWritten
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run
from tests.cli.test_masked_memories import masking


def test_a_number_that_a_recalled_memory_shows_is_not_given_to_another_value(shop: Workspace, run: Run) -> None:
    masking(shop)
    for words in ("remember that I answer +49 30 901820", "remember that I answer +49 40 123456"):
        assert run("run", "aria", words) == 6
        assert run("approve", "yes", "last") == 0, run.err
    kept = [r.event.memory.text for r in read_session(shop, "last") if isinstance(r.event, MemoryWritten)]
    assert kept == ["I answer ‹phone#2›"]  # the first session's, which was recalled, is ‹phone#1›
    assert run("session", "replay", "last") == 0, run.out
    assert run("session", "export", "last", "--name", "second") == 0, run.out
    assert run("fixture", "status", "second") == 0, run.out
