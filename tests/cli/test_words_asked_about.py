"""A rule that asks about a passage or a prompt, on the command line: its answers export and replay, though both hold the
shop's own address, which is no private word where the shop has published it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from tests.cli.conftest import Run

RULE = """
[[rule]]
id   = "looked.at"
why  = "Somebody looks at addresses first."
hook = "{hook}"
find = ["personal.email"]
then = "require_approval"
"""


@pytest.mark.parametrize("hook", ["retrieval", "prompt"])
def test_what_a_person_said_of_words_with_an_address_replays(shop: Workspace, run: Run, hook: str) -> None:
    path = shop.policies / "support.toml"
    path.write_text(path.read_text(encoding="utf-8") + RULE.format(hook=hook), encoding="utf-8")
    assert run("run", "aria", "How can I contact you?") == 6
    while (code := run("approve", "yes", "last")) == 6:
        pass
    assert code == 0, run.err
    assert run("session", "export", "last", "--name", "asked") == 0, run.out
    assert run("fixture", "status", "asked") == 0, run.out
    tape = Path("fixtures/asked.tape.jsonl").read_text(encoding="utf-8")
    assert f'"ask":"{hook}:' in tape
    assert ("help@northwind.example" in tape) is (hook == "retrieval")
