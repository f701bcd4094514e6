"""A small workspace with one sound persona, for tests to break in one place at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace

CONTRACT = """\
schema = "persona/1"
id = "aria"
version = "1.3.0"
name = "Aria"

[story]
as_a = "helper"
i_want = "to help"
so_that = "people are helped"

[voice]
tone = ["warm", "brief"]
never = ["guarantee", "as an AI"]

[prompt]
file = "prompt.md"
variables = { shop = "Northwind" }

[model]
use = "scripted/helpdesk"

[knowledge]
collections = ["returns"]

[memory]
read = ["customer"]

[tools]
allow = ["orders.get"]

[policy]
files = ["support"]

[[acceptance]]
id = "refund"
given = "an order"
when = "a refund is asked"
then = "a person is asked"
fixture = "refund"

[dependencies]
policies = ["support@^2.3"]
"""
FILES = {
    "greenroom.toml": 'schema = "workspace/1"\nid = "shop"\n',
    "personas/aria/persona.toml": CONTRACT,
    "personas/aria/prompt.md": "# Aria\n\nYou work for {{ shop }}.\n",
    "policies/support.toml": 'schema = "policy/1"\nid = "support"\nversion = "2.4.0"\n',
    "scripts/helpdesk.toml": "",
    "fixtures/refund.tape.jsonl": "",
}


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    for file, text in FILES.items():
        path = tmp_path / "shop" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Workspace(tmp_path / "shop")
