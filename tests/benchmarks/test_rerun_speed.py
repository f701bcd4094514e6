"""A rerun of a session of 50 turns that changes only the policy, against its number: 0.5 s (DESIGN section 18).

Run: `pytest tests/benchmarks/test_rerun_speed.py`. Figures are printed; nothing asserts a time. The session has 50 model
replies and more than a thousand records; all of its replies, passages and memories are kept, every verdict is new.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from greenroom.assembly import find_workspace, open_session
from greenroom.assembly.variants.rerunning import Change, rerun_session
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"
QUESTIONS = (
    "How long does a refund take?",
    "Do you ship to France?",
    "Can I use a gift card?",
    "How do I send boots back?",
)
RULE = """
[[rule]]
id   = "no.cards"
why  = "Not even masked."
hook = "output"
find = ["personal.card"]
then = "deny"
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    target = tmp_path_factory.mktemp("fifty") / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    workspace = find_workspace(target)
    asyncio.run(_talk(workspace))
    return workspace


async def _talk(shop: Workspace) -> None:
    session = await open_session(shop, instant=True, trusted=True)
    for turn in range(50):
        await session.turn(QUESTIONS[turn % len(QUESTIONS)])
    await session.aclose()


@pytest.mark.parametrize("since", [1, 50])
def test_a_rerun_of_fifty_turns_under_another_policy(
    benchmark: Any, shop: Workspace, tmp_path: Path, since: int
) -> None:
    policy = tmp_path / "support.toml"
    policy.write_text(f"{(shop.policies / 'support.toml').read_text(encoding='utf-8')}{RULE}", encoding="utf-8")
    parent = min(shop.sessions.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns).stem

    async def one() -> None:
        done = await rerun_session(shop, parent, Change(policy=(policy,)), since=since, instant=True, trusted=True)
        await done.session.aclose()
        assert done.redone == ()
        assert len(done.kept) == 3 * (51 - since)

    with asyncio.Runner() as runner:
        benchmark.pedantic(lambda: runner.run(one()), rounds=5, warmup_rounds=1)
