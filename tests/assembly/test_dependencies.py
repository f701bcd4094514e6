"""A persona whose policies are not those it depends on: it does not speak, and no fixture of it replays."""

from __future__ import annotations

import asyncio

import pytest

from greenroom.assembly import load_contract, open_session
from greenroom.commands.fixture import accept, show, status
from greenroom.core.errors import FileInvalid
from greenroom.workspace.layout import Workspace
from tests.commands.fixture.test_fixture import PERSONA, POLICY, call, change, shop
from tests.pytest_plugin.running import run

__all__ = ["shop"]

NEEDED = "needs policy support@^3, but 'support' is 2.3.0"


def test_a_version_that_is_not_there_is_said_in_one_line_wherever_the_persona_would_speak(shop: Workspace) -> None:
    change(shop, PERSONA, "temperature = 0.2", "temperature = 0.7")
    assert call(status.status, shop).lines[0] == "3 fixtures: 3 stale"
    change(shop, PERSONA, '"support@^2.3"', '"support@^3"')
    with pytest.raises(FileInvalid, match=r"persona\.toml:\d+ dependencies\.policies") as refused:
        asyncio.run(open_session(shop))
    assert NEEDED in refused.value.line() and refused.value.code == "persona.dependency"
    for handler in (show.check, status.status):
        done = call(handler, shop)
        assert done.exit_code == 3 and sum(NEEDED in line for line in done.lines) == 1, done.lines
        assert any("3 broken" in line for line in done.lines)
    done = call(accept.accept, shop)
    assert done.exit_code == 3 and all(one.done is None and NEEDED in one.refused for one in done.value)
    code, said = run(shop.root, "fixtures")
    assert code == 1 and "3 broken" in said and said.count(NEEDED) == 1, said


def test_a_policy_that_is_raised_to_what_is_needed_is_held(shop: Workspace) -> None:
    change(shop, PERSONA, '"support@^2.3"', '"support@^3"')
    change(shop, POLICY, 'version = "2.3.0"', 'version = "3.1.0"')
    assert load_contract(shop).persona.dependencies.policies == ("support@^3",)


def test_one_that_is_not_there_at_all_is_told_with_those_that_are(shop: Workspace) -> None:
    change(shop, PERSONA, '"support@^2.3"', '"suport"')
    with pytest.raises(FileInvalid, match="unknown policy 'suport'"):
        load_contract(shop)
