"""Whatever is changed in the files that govern a session is told of its fixtures by name, or says the same as before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom.assembly import load_contract
from greenroom.core.errors import GreenroomError
from greenroom.regression.replay.replay import Fixture, load_fixture
from greenroom.regression.stale.stale import changes
from greenroom.workspace.find import require
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.regression.mutation.suites import recorded, shop

_VALUE = re.compile(r'"(?P<text>[^"]*)"|(?P<number>(?<![\w.#])\d[\d_.]*(?!\w))|(?P<word>\b(?:True|False|true|false)\b)')
_OTHER = {"true": "false", "false": "true", "True": "False", "False": "True"}
_RULE = ("[[rule]]", 'id    = "refund.large"', "[[rule.test]]")
_NOT_READ = re.compile(r"\s*(#|\[\[data\]\]|$)")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def fixture(desk: Workspace) -> Fixture:
    return load_fixture(desk.fixtures / "refund-over-limit.tape.jsonl")


def said_of(desk: Workspace, fixture: Fixture) -> tuple[str, ...]:
    """Why the fixture is stale or cannot be replayed; () if it is as it was."""
    try:
        contract = load_contract(require(desk.root), "aria", fixture.tape.model, trusted=True)
    except GreenroomError as error:
        return (error.line(),)
    return changes(fixture.tape, contract.digests, contract.texts, fixture.parts)


def other(line: str) -> str:
    """The line with its last value another one."""
    *_, found = _VALUE.finditer(line)
    if (text := found["text"]) is not None:
        fresh = f'"{text}x"'
    else:
        fresh = _OTHER[found["word"]] if found["word"] else f"{found['number']}1"
    return f"{line[: found.start()]}{fresh}{line[found.end() :]}"


def each(path: Path, wanted: Callable[[int, str], bool]) -> Iterator[str]:
    """Lines of a file that have a value, while the file has another one in that line. It is put back after each."""
    before = path.read_text()
    lines = before.splitlines()
    try:
        for at, line in enumerate(lines):
            if wanted(at, line) and not _NOT_READ.match(line) and _VALUE.search(line):
                path.write_text("\n".join([*lines[:at], other(line), *lines[at + 1 :], ""]))
                yield line.strip()
    finally:
        path.write_text(before)


def test_as_it_was_nothing_is_said(desk: Workspace, fixture: Fixture) -> None:
    assert said_of(desk, fixture) == ()


def test_each_key_of_a_persona(desk: Workspace, fixture: Fixture) -> None:
    tried = 0
    for line in each(desk.personas / "aria" / "persona.toml", lambda at, line: True):
        tried += 1
        assert said_of(desk, fixture), line
    assert tried > 50


def test_a_sentence_of_the_prompt(desk: Workspace, fixture: Fixture) -> None:
    prompt = desk.personas / "aria" / "prompt.md"
    before = prompt.read_text()
    prompt.write_text(f"{before}One sentence more.\n")
    (said,) = said_of(desk, fixture)
    prompt.write_text(before)
    assert said.startswith("persona aria 1.3.0: prompt: one sentence: ")
    assert said.endswith("+One sentence more.")


def test_each_key_of_a_rule_and_of_an_envelope(desk: Workspace, fixture: Fixture) -> None:
    path = desk.policies / "support.toml"
    lines = path.read_text().splitlines()
    begin = lines.index(_RULE[1])
    end = next(at for at in range(begin, len(lines)) if _RULE[2] in lines[at])
    envelope = lines.index("[envelope.persona]")
    tried = 0
    for line in each(path, lambda at, line: begin <= at < end or envelope < at < envelope + 4):
        tried += 1
        (said,) = said_of(desk, fixture)
        assert "refund" in said or "support" in said, (line, said)
    assert tried == 12


def test_whatever_a_tool_declares(desk: Workspace, fixture: Fixture) -> None:
    path = desk.root / "tools" / "orders.py"
    before = path.read_text()
    for old, new, named in (
        ('effects="once", reversible=False', 'effects="repeatable", reversible=False', "orders.refund"),
        ('effects="once", reversible=False', 'effects="once", reversible=True', "orders.refund"),
        ('name="orders.refund"', 'name="orders.repay"', "orders.refund"),
        ("order_id: int, amount: float, reason: str", "order_id: int, amount: int, reason: str", "orders.refund"),
        (
            "order_id: int, amount: float, reason: str",
            'order_id: int, amount: float, reason: str = ""',
            "orders.refund",
        ),
        ("Pay money back for an order", "Pay some money back for an order", "orders.refund"),
        ("The order number, four digits.", "The order number.", "orders.get"),
        ('sensitivity="personal", timeout=10', 'sensitivity="public", timeout=10', "orders.refund"),
        ('sensitivity="personal", timeout=10', 'sensitivity="personal", timeout=11', "orders.refund"),
    ):
        assert old in before, old
        path.write_text(before.replace(old, new, 1))
        assert any(named in said for said in said_of(desk, fixture)), (new, said_of(desk, fixture))
    path.write_text(before)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seconds    = 120", "seconds    = 10", "greenroom.toml: limits.seconds the persona's own -> 10"),
        ("usd        = 0.50", "usd        = 0.10", "greenroom.toml: limits.usd the persona's own -> 0.1"),
        ('read           = ["aria"]', 'read           = ["nobody"]', "aria may not read the memory segment 'customer'"),
        ('"OPENAI_API_KEY"', '"OTHER_KEY"', ""),  # how a model is reached: a replay reaches none
        ("timeout        = 120", "timeout        = 1", ""),
        ("retention_days = 365", "retention_days = 1", ""),  # how long memories are kept: a replay keeps none
        ("sessions_days = 90", "sessions_days = 1", ""),
        (
            '["returns.md", ',
            "[",
            "",
        ),  # what is found today; of what this fixture was shown nothing came from there
    ],
)
def test_the_settings_of_a_workspace(desk: Workspace, fixture: Fixture, old: str, new: str, said: str) -> None:
    path = desk.root / "greenroom.toml"
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    found = said_of(desk, fixture)
    path.write_text(before)
    assert said in "".join(found) if said else not found


def test_what_a_personas_own_name_of_a_model_stands_for(tmp_path: Path) -> None:
    desk = shop(tmp_path)
    contract, settings = desk.personas / "aria" / "persona.toml", desk.root / "greenroom.toml"
    contract.write_text(contract.read_text().replace('"scripted/helpdesk"', '"desk"'))
    plain = settings.read_text()
    settings.write_text(f'{plain}\n[models.desk]\nuse = "scripted/helpdesk"\n')
    trust(require(desk.root))
    fixture = load_fixture(recorded(require(desk.root), "named", "How long may I return shoes?"))
    assert (said_of(desk, fixture), fixture.tape.model) == ((), "scripted/helpdesk")
    settings.write_text(f'{plain}\n[models.desk]\nuse = "scripted/outage"\n')
    assert said_of(desk, fixture) == ("models: desk scripted/helpdesk -> scripted/outage",)
    settings.write_text(plain)
    assert said_of(desk, fixture) == ("models: desk scripted/helpdesk -> none",)
