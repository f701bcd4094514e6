"""Each key that a persona, a policy file, greenroom.toml or a tool can have is told of where it changed, or is known to
govern no recorded turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from pydantic import BaseModel

from greenroom.assembly import load_contract
from greenroom.core.errors import GreenroomError
from greenroom.core.values import ToolSpec
from greenroom.persona.contract import Persona
from greenroom.policy.files.rules import PolicyFile
from greenroom.regression.replay.replay import load_fixture
from greenroom.regression.stale.cause import Cause
from greenroom.regression.stale.stale import causes
from greenroom.regression.tape.tape import read, sealed, write
from greenroom.tools.declare import Declaration
from greenroom.workspace.find import require
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import Settings
from greenroom.workspace.trust import trust
from tests.regression.mutation.suites import recorded, shop
from tests.regression.stale import keys

CONTRACT, POLICY, SETTINGS, TOOLS = (
    "personas/aria/persona.toml",
    "policies/whole.toml",
    "greenroom.toml",
    "tools/desk.py",
)

REFUSED = {
    CONTRACT: {"schema", "id"},
    POLICY: {"schema", "detector[].id", "rule[].hook", "exception[].rule"},
    SETTINGS: {"schema", "knowledge.embedder", "memory.segments.*.read", "memory.segments.*.write"},
}
"""Keys of which another value cannot be read, or does not fit the rest: no fixture is replayed then."""

_REACHED = "how a model is reached and what it may cost: a replay reaches none, and a fixture names its model in full"
_SERVER = "how tools of a server are reached: what they declare is among the tools"
IRRELEVANT = {
    SETTINGS: {
        "id": "what people call the workspace",
        "name": "what people call the workspace",
        "persona": "who speaks where nobody is named: a fixture names its persona",
        "memory.segments.*.sensitivity": "nothing reads it",
        "memory.segments.*.retention_days": "until when memories are kept: what was recalled stands on the tape",
        **dict.fromkeys(
            (f"models.*.{key}" for key in ("api_base", "key", "timeout", "context_tokens", "input_usd", "output_usd")),
            _REACHED,
        ),
        **dict.fromkeys((f"servers.*.{key}" for key in ("command", "url", "secrets")), _SERVER),
        "store.chroma": "where passages are kept: those that were found stand on the tape",
        "retention.sessions_days": "until when logs are kept",
        "audit.key": "who signs the ledger",
        "audit.public": "who signs the ledger",
    }
}
"""Keys that govern no recorded turn, with the reason."""

SAID = {
    CONTRACT: {
        "version": "1.3.0 -> 1.4.0",
        "prompt.file": "prompt: ",
        "model.use": "model ",
        "model.params": "parameters: ",
    },
    POLICY: {"id": "whole removed; other added", "rule[].id": "rule large removed"},
    SETTINGS: {"knowledge.collections": "corpus: returns.md is in the collection", "models.*.use": "models: desk "},
}
"""What is said where it is not the key by its last name."""


PLACED = {
    CONTRACT: {},
    POLICY: {},
    SETTINGS: {"knowledge.collections": "greenroom.toml:10"},
}
"""What line is told where it is not the one that differs: that of the key, whose value stands a line below."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace in which every key is written, and a session that was recorded in it."""

    workspace: Workspace
    tape: Path

    def told(self) -> tuple[Cause, ...] | str:
        """Why the fixture is stale today; a line where what governs it cannot be read."""
        fixture = load_fixture(self.tape)  # afresh, for what was read of a workspace is read once
        tape = fixture.tape
        try:
            contract = load_contract(require(self.workspace.root), "aria", tape.model, trusted=True)
        except GreenroomError as error:
            return error.line()
        return causes(tape, contract.digests, contract.texts, fixture.parts)


_TOOL = '''"""Tools."""

from greenroom.tools import tool


@tool({declared})
def look({taken}) -> {returns}:
    """{words}

    Args:
        order_id: {argument}
    """
    return {{}}
'''
_DECLARED = {
    "name": '"desk.look"',
    "effects": '"none"',
    "reversible": "False",
    "timeout": "30",
    "output_limit": "20_000",
    "outbound": "False",
    "sensitivity": '"internal"',
    "untrusted": "False",
}


def tool_file(taken: str = "order_id: int", words: str = "Look.", argument: str = "A number.", **declared: str) -> str:
    said = ", ".join(f"{key}={value}" for key, value in {**_DECLARED, **declared}.items() if key != "returns")
    returns = declared.get("returns", "dict[str, int]")
    return _TOOL.format(declared=said, taken=taken, returns=returns, words=words, argument=argument)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    workspace = shop(tmp_path_factory.mktemp("desk"))
    (workspace.root / TOOLS).write_text(tool_file())
    for file, data in ((CONTRACT, keys.PERSONA_BEFORE), (POLICY, keys.POLICY_BEFORE), (SETTINGS, keys.SETTINGS_BEFORE)):
        (workspace.root / file).write_text(tomli_w.dumps(data))
    for prompt, words in (("prompt.md", "You speak for {{ shop }}.\n"), ("other.md", "You are someone else.\n")):
        (workspace.personas / "aria" / prompt).write_text(words)
    trust(workspace)
    return Desk(workspace, recorded(workspace, "whole", "How long may I return shoes?", expect="observe"))


def each(desk: Desk, file: str, model: type[BaseModel], before: Any, after: Any) -> Iterator[tuple[str, Any, str]]:
    """Every key with what is told when it alone is another, and the line in which the file is another by that."""
    path = desk.workspace.root / file
    plain = set(keys.declared(model))
    whole = path.read_text()
    found = list(keys.leaves(before, plain))
    assert {keys.spelled(one) for one in found} == plain, "every key that can be written is written"
    try:
        for one in found:
            text = tomli_w.dumps(keys.changed(before, one, keys.value_at(after, one)))
            assert text != whole, keys.spelled(one)
            path.write_text(text)
            lines = zip(text.splitlines(), whole.splitlines(), strict=False)
            at = next((at for at, (new, old) in enumerate(lines, 1) if new != old), 0)
            yield keys.spelled(one), desk.told(), f"{file}:{at}"
    finally:
        path.write_text(whole)


FILES = [
    (CONTRACT, Persona, keys.PERSONA_BEFORE, keys.PERSONA_AFTER),
    (POLICY, PolicyFile, keys.POLICY_BEFORE, keys.POLICY_AFTER),
    (SETTINGS, Settings, keys.SETTINGS_BEFORE, keys.SETTINGS_AFTER),
]


@pytest.mark.parametrize(("file", "model", "before", "after"), FILES, ids=[file for file, *_ in FILES])
def test_each_key_is_told_of_or_known_to_govern_nothing(
    desk: Desk, file: str, model: type[BaseModel], before: Any, after: Any
) -> None:
    assert desk.told() == ()
    refused, silent = set(), set()
    for key, told, place in each(desk, file, model, before, after):
        if isinstance(told, str):
            refused.add(key)
        elif not told:
            silent.add(key)
        else:
            said = SAID[file].get(key) or ("tests changed" if ".test[]." in key else key.rpartition(".")[2])
            assert any(said in one.told for one in told), (key, told)
            where = PLACED[file].get(key, place)
            assert any(where in one.place for one in told), (key, where, told)
    assert refused == REFUSED[file]
    assert silent == set(IRRELEVANT.get(file, ()))
    assert desk.told() == ()


OTHERWISE = {
    "name": '"desk.see"',
    "effects": '"repeatable"',
    "reversible": "True",
    "timeout": "31",
    "output_limit": "10_000",
    "outbound": "True",
    "sensitivity": '"secret"',
    "untrusted": "True",
    "taken": "order_id: str",
    "words": "Look closely.",
    "argument": "Four digits.",
}
"""Another value of all that a tool declares, in its decorator, its signature and its words."""


@pytest.mark.parametrize("key", OTHERWISE)
def test_whatever_a_tool_declares_is_told_of_with_its_line(desk: Desk, key: str) -> None:
    file = desk.workspace.root / TOOLS
    before = file.read_text()
    file.write_text(tool_file(**{key: OTHERWISE[key]}))
    told = desk.told()
    file.write_text(before)
    if isinstance(told, str):
        assert key == "name" and "there is no tool 'desk.look'" in told
    else:
        assert [one.place for one in told if "desk.look" in one.told] == [f"{TOOLS}:6"], told


_OTHER = """

@tool(name="desk.other")
def other(order_id: int) -> dict[str, int]:
    \"\"\"{words}\"\"\"
    return {{}}
"""


def test_a_tool_that_the_persona_may_not_use_is_told_by_name_too(desk: Desk) -> None:
    """A policy is compiled with it. A tape of before tapes told of such tools goes on as it was, and says it less well."""
    file = desk.workspace.root / TOOLS
    before = file.read_text()
    tape = read(desk.tape.read_bytes(), desk.tape.name)
    digests = {part: name for part, name in tape.digests.items() if part != "other_tools"}
    earlier = desk.tape.with_name("earlier.tape.jsonl")
    earlier.write_bytes(write(sealed({**tape.header, "digests": digests}, tape.events)))
    earlier.with_name("earlier.case.toml").write_text('schema = "case/1"\nexpect = "observe"\n')
    old = Desk(desk.workspace, earlier)
    assert (desk.told(), old.told()) == ((), ())
    file.write_text(before + _OTHER.format(words="Another."))
    line = before.count("\n") + 3
    assert desk.told() == (Cause("other tools: desk.other added", f"{TOOLS}:{line}"),)
    assert old.told() == (Cause("policy: the same rules, but other tools or bounds of the persona"),)
    trust(desk.workspace)
    now = Desk(desk.workspace, recorded(desk.workspace, "now", "How long may I return shoes?", expect="observe"))
    file.write_text(before + _OTHER.format(words="Quite another."))
    assert now.told() == (Cause("other tools: desk.other: description -Another +Quite another", f"{TOOLS}:{line}"),)
    file.write_text(before)
    assert now.told() == (Cause("other tools: desk.other removed", TOOLS),)


def test_what_a_tool_gives_back_is_no_part_of_what_a_model_is_told(desk: Desk) -> None:
    file = desk.workspace.root / TOOLS
    before = file.read_text()
    file.write_text(tool_file(returns="list[int]"))
    told = desk.told()
    file.write_text(before)
    assert told == ()


def test_the_keys_of_a_tool_are_all_there_are() -> None:
    of_signature = {"timeout_seconds", "description", "parameters", "returns"}
    assert set(Declaration._fields) - {"timeout_seconds"} | {"timeout"} == set(_DECLARED)
    assert set(ToolSpec.model_fields) - of_signature == set(_DECLARED) - {"timeout"}
