"""A small workspace whose tools leave files behind, sessions recorded in it, and live runs of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from greenroom.assembly import load_contract, open_session
from greenroom.assembly.fixture.live import live_builder
from greenroom.core.events import ApprovalRequested, Record
from greenroom.core.values import ApprovalReply
from greenroom.engine.session import Session
from greenroom.regression.live import Budget, LiveOptions, LiveOutcome, run_live
from greenroom.regression.record.record import export
from greenroom.regression.replay.replay import load_fixture
from greenroom.workspace.layout import Workspace

SETTINGS = """schema = "workspace/1"
id = "counter"
name = "Counter"
persona = "ada"
[memory.segments.customer]
sensitivity = "personal"
read = ["ada"]
write = ["ada"]
"""
_PERSONA = """schema = "persona/1"
id = "ada"
version = "{version}"
name = "Ada"
[story]
as_a = "clerk"
i_want = "to help"
so_that = "people leave content"
[prompt]
file = "prompt.md"
[model]
use = "{model}"
[memory]
read = ["customer"]
write = ["customer"]
[tools]
allow = ["till.look", "till.pay", "till.ticket", "till.note"]
[policy]
files = ["counter"]
autonomy = 4
[limits]
tool_calls = 6
replies = 6
tokens = 20_000
usd = 5.0
seconds = 60
"""
_POLICY = """schema = "policy/1"
id = "counter"
version = "1.0.0"
[[rule]]
id = "pay.large"
why = "Much money needs a person."
hook = "tool.call"
tools = ["till.pay"]
when = ["args.amount > {limit}"]
then = "require_approval"
"""
_TOOLS = '''"""The till of a counter."""
from itertools import count
from pathlib import Path
from typing import Any
from greenroom.tools import tool

_numbers = count(1)

@tool(name="till.look", effects="none")
def look(order_id: int, detail: bool = False) -> dict[str, Any]:
    """Look at an order."""
    return {"order_id": order_id, "left": 120}

@tool(name="till.pay", effects="once")
def pay(order_id: int, amount: float, workspace: Path) -> dict[str, Any]:
    """Pay back."""
    (workspace / "paid.txt").write_text(str(amount))
    return {"paid": amount, "reference": "R-1"}

@tool(name="till.ticket", effects="once")
def ticket(subject: str, workspace: Path) -> dict[str, Any]:
    """Open a ticket."""
    (workspace / "ticket.txt").write_text(subject)
    return {"ticket": f"T-{next(_numbers)}"}

@tool(name="till.note", effects="once")
def note(ticket: str, text: str, workspace: Path) -> dict[str, Any]:
    """Write to a ticket."""
    (workspace / "noted.txt").write_text(text)
    return {"noted": ticket, "text": text}
'''
Said = str | Callable[[Session], None]
TRACES = ("paid.txt", "ticket.txt", "noted.txt")
"""What a tool leaves behind when it runs."""


def counter(folder: Path, *rules: str) -> Workspace:
    """The workspace; `rules` are those of the model that records."""
    workspace = Workspace(folder.resolve())
    for name in ("personas/ada", "policies", "tools", "scripts", "fixtures", "knowledge"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    workspace.settings_file.write_text(SETTINGS)
    (workspace.tools / "till.py").write_text(_TOOLS)
    persona(workspace)
    policy(workspace)
    script(workspace, "ada", *rules)
    return workspace


def persona(
    workspace: Workspace,
    prompt: str = "Be brief.",
    *,
    version: str = "1.0.0",
    model: str = "scripted/ada",
    extra: str = "",
) -> None:
    """Put another persona in its place; `extra` are tables of its contract."""
    folder = workspace.personas / "ada"
    (folder / "persona.toml").write_text(_PERSONA.format(version=version, model=model) + extra)
    (folder / "prompt.md").write_text(prompt)


def policy(workspace: Workspace, limit: int = 100) -> None:
    """What asks a person."""
    (workspace.policies / "counter.toml").write_text(_POLICY.format(limit=limit))


def script(workspace: Workspace, name: str, *rules: str) -> None:
    """A scripted model of this name, of rules in TOML."""
    body = "\n".join(f'[[rule]]\nid = "r{number}"\n{rule}' for number, rule in enumerate(rules, 1))
    (workspace.scripts / f"{name}.toml").write_text(f'schema = "script/1"\nid = "{name}"\n{body}\n')


def served(workspace: Workspace, address: str) -> None:
    """Have `served` stand for a model behind an address that speaks the OpenAI wire."""
    extra = f'[models.served]\nuse = "openai/gpt-4o-mini"\napi_base = "{address}"\n'
    workspace.settings_file.write_text(SETTINGS + extra)


def recorded(
    workspace: Workspace,
    words: Sequence[Said],
    answers: Sequence[ApprovalReply] = (),
    *,
    case: str = "",
    turns: tuple[int, int] | None = None,
) -> Path:
    """The tape of a session in which `words` are said, or deeds done, and questions answered; `case` are lines for its
    case file.
    """
    asyncio.run(_record(workspace, words, list(answers), turns))
    tape = workspace.fixtures / "talk.tape.jsonl"
    if case:
        tape.with_name("talk.case.toml").write_text(f'schema = "case/1"\n{case}')
    for trace in TRACES:
        (workspace.root / trace).unlink(missing_ok=True)
    return tape


async def _record(
    workspace: Workspace, words: Sequence[Said], answers: list[ApprovalReply], turns: tuple[int, int] | None
) -> None:
    session = await open_session(workspace, instant=True, trusted=True)

    def watch(item: object) -> None:
        if isinstance(item, Record) and isinstance(item.event, ApprovalRequested):
            session.answer(item.event.step, answers.pop(0))

    session.bus.subscribe(watch)
    for said in words:
        if isinstance(said, str):
            await session.turn(said)
        else:
            said(session)
    records = list(session.records)
    await session.aclose()
    kinds = ("trajectory", "verdicts", "passages", "memory")  # what a reply repeats is each test's own business
    contract = load_contract(workspace, trusted=True)
    export(records, contract, workspace.fixtures, "talk", replace=True, kinds=kinds, turns=turns)


def live(tape: Path, workspace: Workspace, budget: Budget | None = None, **options: Any) -> LiveOutcome:
    """What a live run of the tape comes to."""
    build = live_builder(workspace, trusted=True, retries=0)
    return asyncio.run(run_live(load_fixture(tape), build, LiveOptions(**options), budget or Budget()))


def traces(workspace: Workspace) -> list[str]:
    """What tools left behind."""
    return [name for name in TRACES if (workspace.root / name).exists()]
