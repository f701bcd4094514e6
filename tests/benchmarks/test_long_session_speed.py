"""Cost of living with a long session on the real screen: memory, keys, searching. Printed beside a short one, never asserted as times."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from textual import events

from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.panes.side import Side
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.workbench import Workbench
from greenroom.views.travel.finding import query
from greenroom.workspace.layout import Workspace
from tests.benchmarks.recording import PEOPLE, recorded, words
from tests.benchmarks.test_scrub_speed import LONG, _opener, _turns, _write
from tests.tui.rehearsing import helpdesk


def _megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _cost(act: Callable[[], object]) -> float:
    """CPU milliseconds of a deed and of what it paints."""
    begun = time.process_time()
    act()
    await asyncio.sleep(0.03)
    return (time.process_time() - begun) * 1000


async def _lived_with(workspace: Workspace) -> dict[str, float]:
    before = _megabytes()
    bench = Workbench(workspace, Wanted(session=LONG, latest=False), opener=_opener, trusting=False)
    async with bench.run_test(size=(140, 40)) as pilot:
        while not bench.rehearsal.begun or not bench.rehearsal.folds.turns:  # noqa: ASYNC110  the screen has no event for it
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        figures = {"records": float(bench.rehearsal.folds.count), "memory_mb": _megabytes() - before}
        bench.query_one(Composer).focus()
        keys = sorted([await _cost(lambda: bench.post_message(events.Key("a", "a"))) for _ in range(40)])
        transcript, side = bench.query_one("#conversation", Transcript), bench.query_one(Side)
        found = sorted([await _cost(lambda: transcript.search(word)) for word in ("s", "sh", "shoes", "refund")])  # noqa: B023  done at once
        bench.doing.do("pane", "Trace")
        await asyncio.sleep(0.3)

        def seek(sought: str) -> None:
            side.panes.trace.seek(query(sought), only=True)
            bench.redraw()

        filtered = [await _cost(lambda: seek(word)) for word in ("k", "kind:tool", "refund")]  # noqa: B023  done at once
        figures |= {"key_p50_ms": keys[20], "key_p95_ms": keys[38], "find_ms": found[2]}
        figures |= {"first_filter_ms": filtered[0], "filter_ms": max(filtered[1:])}
        bench.doing.do("quit")
        await pilot.pause(0.3)
    return figures


def test_living_with_two_and_with_two_thousand_messages(tmp_path: Path) -> None:
    workspace = helpdesk(tmp_path)
    records = asyncio.run(recorded(workspace, words(*PEOPLE[0])))
    figures: dict[str, float] = {}
    for messages in (2, 2_000):
        _write(workspace, _turns(records, messages // 2))
        figures = asyncio.run(_lived_with(workspace))
        print(
            f"\nliving with {messages} messages: {json.dumps({name: round(one, 1) for name, one in figures.items()})}"
        )
    assert figures["records"] > 10_000
