"""A shop whose only turn is varied in everything a person can name, and how a variant of it is made and opened."""

import asyncio
import shutil
from pathlib import Path

from greenroom.assembly import find_workspace, open_session
from greenroom.assembly.variants.rerunning import AS_ON_DISK, Change, rerun_session
from greenroom.engine.session import Session
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
STRICT = """schema = "policy/1"
id = "strict"
version = "9.0.0"
[[rule]]
id   = "no.cards"
why  = "Not even masked."
hook = "output"
find = ["personal.card"]
then = "deny"
"""


WHAT = ("persona", "prompt", "model", "policy", "parameters", "knowledge")


def recorded_in(target: Path) -> Path:
    """A shop with a frozen older version, in which one turn was said."""
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__", "fixtures"))
    aria = target / "personas" / "aria"
    old = aria / "versions" / "1.2.0"
    old.mkdir(parents=True)
    contract = (aria / "persona.toml").read_text(encoding="utf-8")
    version = next(line for line in contract.splitlines() if line.startswith("version"))
    (old / "persona.toml").write_text(contract.replace(version, 'version = "1.2.0"'), encoding="utf-8")
    (old / "prompt.md").write_text("You are Aria as she was. {{shop}}\n", encoding="utf-8")
    (target / "other.md").write_text("Another prompt.\n", encoding="utf-8")
    (target / "strict.toml").write_text(STRICT, encoding="utf-8")
    shutil.copy(target / "scripts" / "helpdesk.toml", target / "scripts" / "second.toml")

    async def talk() -> None:
        session = await open_session(find_workspace(target), instant=True, trusted=True)
        await session.turn("hi there")
        await session.aclose()

    asyncio.run(talk())
    return target


def change_of(shop: Workspace, what: str) -> Change:
    return {
        "persona": Change(persona="aria@1.2.0"),
        "prompt": Change(prompt=shop.root / "other.md"),
        "model": Change(model="scripted/second"),
        "policy": Change(policy=(shop.root / "strict.toml",)),
        "parameters": Change(parameters={"top_k": 40}),
        "knowledge": Change(knowledge={"top_k": 1}),
    }[what]


async def varied(shop: Workspace, change: Change = AS_ON_DISK, session: str = "last") -> str:
    done = await rerun_session(shop, session, change, instant=True, trusted=True)
    await done.session.aclose()
    return done.session.id


async def opened(shop: Workspace, name: str, persona: str = "") -> Session:
    return await open_session(shop, session=name, persona=persona, instant=True, trusted=True)
