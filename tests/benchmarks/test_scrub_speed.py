"""Cost of going through a long session and of opening one, on the real screen. Printed with ratios, never asserted as times.

The yardstick is the first paint of a five-line Textual program in the same run, and a step's is one redraw of the present.
"""

import asyncio
import gc
import json
import random
import time
from pathlib import Path

from greenroom.assembly import open_session
from greenroom.core.chain import GENESIS
from greenroom.core.events import Record, SessionOpened, TurnStarted
from greenroom.core.ids import RandomIds
from greenroom.core.values import StepMode
from greenroom.engine.session import Session
from greenroom.log.codec import encode
from greenroom.tui.folds import Folds
from greenroom.tui.panes.side import NAMES, Side
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
from tests.benchmarks.recording import PEOPLE, recorded, words
from tests.tui.rehearsing import helpdesk

LONG = "long"


def _turns(records: list[Record], turns: int) -> list[Record]:
    """The records of a session's turns, over and over, as those of `turns` turns."""
    first = next(place for place, record in enumerate(records) if isinstance(record.event, TurnStarted))
    own = [[r for r in records[first:] if r.event.turn == turn] for turn in range(1, records[-1].event.turn + 1)]
    made = list(records[:first])
    for turn in range(1, turns + 1):
        for record in own[(turn - 1) % len(own)]:
            old = record.event
            step = old.step.replace(f"t{old.turn}/", f"t{turn}/", 1)
            event = old.model_copy(update={"turn": turn, "step": step})
            made.append(record.model_copy(update={"seq": len(made), "event": event}))
    return made


def _write(workspace: Workspace, records: list[Record]) -> int:
    """The records as a session on disk, sealed anew; its bytes."""
    head, ids = GENESIS, RandomIds()
    lines = []
    for seq, record in enumerate(records):
        event = record.event
        if isinstance(event, SessionOpened):
            event = event.model_copy(update={"session": LONG})
        line, sealed = encode(event, seq, record.at, head, ids, {})
        lines.append(line)
        head = sealed.hash
    return (workspace.sessions / f"{LONG}.jsonl").write_bytes(b"".join(lines))


async def _opener(workspace: Workspace, *, persona: str, model: str, session: str, mode: StepMode) -> Session:
    return await open_session(workspace, persona=persona, model=model, session=session, instant=True, trusted=True)


async def _open(workspace: Workspace, session: str) -> tuple[float, float]:
    """CPU seconds from the start of the app to its first screen, and to the conversation on it."""
    begun = time.process_time()
    bench = Workbench(workspace, Wanted(session=session, latest=False), opener=_opener, trusting=False)
    painted = asyncio.Event()
    opened = bench.opened

    def shown() -> None:
        opened()
        bench.call_after_refresh(painted.set)

    bench.opened = shown  # type: ignore[method-assign]  # to know when the conversation is on the screen
    async with bench.run_test(size=(140, 40)) as pilot:
        mounted = time.process_time() - begun
        await painted.wait()
        seconds = time.process_time() - begun
        await pilot.pause(0.5)
        bench.doing.do("quit")
        await pilot.pause(0.3)
    return mounted, seconds


def test_opening_two_thousand_and_ten_thousand_messages(tmp_path: Path) -> None:
    workspace = helpdesk(tmp_path)
    records = asyncio.run(recorded(workspace, words(*PEOPLE[0])))
    asyncio.run(_open(workspace, ""))  # what is imported once is not part of it
    for messages in (2, 2_000, 10_000):
        log = _turns(records, messages // 2)
        size = _write(workspace, log)
        runs = [asyncio.run(_open(workspace, LONG)) for _ in range(3)]
        mounted, seconds = min(run[0] for run in runs), min(run[1] for run in runs)
        figures = {
            "records": len(log),
            "megabytes": round(size / 1e6, 1),
            "painted_s": round(seconds, 3),
            "of_first_screen": round(seconds / mounted, 1),
        }
        print(f"\nopening {messages} messages: {json.dumps(figures)}")
        assert seconds > 0


async def _step(workspace: Workspace, records: list[Record], turns: int) -> dict[str, float]:
    bench = Workbench(workspace, Wanted(latest=False), opener=_opener, trusting=False)
    chance = random.Random(1)
    async with bench.run_test(size=(140, 40)) as pilot:
        while bench.opening:
            await pilot.pause(0.02)
        log = _turns(records, turns)
        folds = Folds(log)
        folds.grow()
        bench.rehearsal._folds = folds
        bench.opened()
        await pilot.pause(0.3)
        bench.doing.do("pane", "Trace")
        await pilot.pause(0.3)
        gc.freeze()
        figures: dict[str, float] = {"records": len(log)}

        async def cost(act: object, times: int) -> list[float]:
            assert callable(act)
            spent = []
            for _ in range(times):
                begun = time.process_time()
                act()
                await pilot.pause()
                spent.append((time.process_time() - begun) * 1000)
            return sorted(spent)

        side = bench.query_one(Side)
        now = (await cost(bench.redraw, 20))[10]
        first = (await cost(lambda: bench.doing.do("event", "-1"), 1))[0]
        figures |= {"redraw_now_ms": now, "first_step_ms": first}
        for name in sorted(set(NAMES) - {"Trace"}):
            next(slot for slot in side.slots if slot.shown != "Trace").shown = name
            await cost(bench.redraw, 1)
            walk = await cost(lambda: bench.doing.do("event", "-1"), 30)
            leap = await cost(lambda: bench.scrub.go(chance.randrange(len(log))), 30)
            figures |= {
                f"{name}_step_p50_ms": walk[15],
                f"{name}_step_p95_ms": walk[28],
                f"{name}_leap_p50_ms": leap[15],
            }
        steps = [value for key, value in figures.items() if key.endswith("step_p50_ms") and key != "first_step_ms"]
        figures["step_of_redraw"] = max(steps) / now
        bench.doing.do("quit")
        await pilot.pause(0.3)
    return figures


def test_stepping_through_ten_thousand_events(tmp_path: Path) -> None:
    workspace = helpdesk(tmp_path)
    records = asyncio.run(recorded(workspace, words(*PEOPLE[0])))
    figures: dict[str, float] = {}
    for turns in (5, 545):
        figures = asyncio.run(_step(workspace, records, turns))
        print("\nstepping: " + json.dumps({name: round(value, 1) for name, value in figures.items()}))
    assert figures["records"] >= 10_000


def test_the_views_as_of_an_event(tmp_path: Path) -> None:
    """What the folds alone cost, beside folding from the start."""
    records = asyncio.run(recorded(helpdesk(tmp_path), words(*PEOPLE[0])))
    log = _turns(records, 545)
    folds = Folds(log)
    names = ("conversation", "memory", "retrieval", "verdicts", "approvals", "tools", "transcript", "usage", "grants")
    begun = time.process_time()
    for name in names:
        getattr(folds, name)
    whole = (time.process_time() - begun) * 1000
    chance = random.Random(1)
    begun = time.process_time()
    for _ in range(100):
        past = folds.as_of(chance.randrange(len(log)))
        for name in names:
            getattr(past, name)
    each = (time.process_time() - begun) * 10
    figures = {"records": len(log), "from_the_start_ms": whole, "as_of_ms": each, "ratio": whole / each}
    print("\nviews as of an event: " + json.dumps({name: round(value, 2) for name, value in figures.items()}))
    assert each > 0
