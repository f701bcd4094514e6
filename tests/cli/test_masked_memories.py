"""A memory that a rule masks on the command line, where each turn and each answer is a process with masks of its own."""

from __future__ import annotations

import re

from greenroom.assembly import read_session
from greenroom.core.events import ApprovalGiven, MemoryWritten
from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

RULES = """
[[rule]]
id   = "memory.phone"
why  = "Numbers are not remembered."
hook = "memory.write"
find = ["personal.phone"]
then = "redact"

[[rule]]
id   = "memory.ask"
why  = "Somebody looks at what stays."
hook = "memory.write"
find = ["personal.phone"]
then = "require_approval"
"""


def masking(shop: Workspace) -> Workspace:
    path = shop.policies / "support.toml"
    path.write_text(path.read_text(encoding="utf-8") + RULES, encoding="utf-8")
    return shop


def kept(shop: Workspace) -> list[str]:
    return [r.event.memory.text for r in read_session(shop, "last") if isinstance(r.event, MemoryWritten)]


def test_an_answer_from_another_process_counts_for_a_memory_that_is_masked(shop: Workspace, run: Run) -> None:
    masking(shop)
    assert run("run", "aria", "Please remember that I answer +49 30 901820") == 6
    assert run("approve", "yes", "last") == 0, run.err
    assert "changed" not in run.err
    assert kept(shop) == ["I answer ‹phone#1›"]
    answers = [r.event for r in read_session(shop, "last") if isinstance(r.event, ApprovalGiven)]
    assert [one.decision for one in answers] == ["allow"]
    assert run("session", "replay", "last") == 0, run.out


def test_a_value_has_one_mask_in_all_processes_of_a_session_and_on_its_tape(shop: Workspace, run: Run) -> None:
    masking(shop)
    for place, words in enumerate(("I answer +49 30 901820", "I answer +49 40 123456", "it is +49 30 901820")):
        session = ("--session", re.findall(r"^\w+", run.out, re.MULTILINE)[1]) if place else ()
        assert run("run", *session, "aria", f"Please remember that {words}") == 6
        assert run("approve", "yes", "last") == 0, run.err
        assert run("session", "list") == 0
    assert kept(shop) == ["I answer ‹phone#1›", "I answer ‹phone#2›", "it is ‹phone#1›"]
    assert run("session", "replay", "last") == 0, run.out
    assert run("session", "export", "last", "--name", "kept") == 0, run.out
    assert run("fixture", "status", "kept") == 0, run.out
