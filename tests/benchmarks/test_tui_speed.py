"""Cost of the screen: a streamed reply, a long session, the first paint. Printed, never asserted as times."""

import asyncio
import contextlib
import gc
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from textual import events
from textual.app import ComposeResult

from greenroom.assembly import open_session
from greenroom.core.events import Record, TurnStarted
from greenroom.core.signals import TextArrived
from greenroom.core.values import StepMode
from greenroom.engine.session import Session
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.folds import Folds
from greenroom.tui.rehearsal import Open
from greenroom.tui.text.guard import GuardedApp
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"

PROSE = (
    "The quick brown fox considers **seven** possible routes, then `writes` a note about the river and the old mill. "
)
KINDS = {
    "prose": (PROSE * 6 + "\n\n") * 58,
    "list": "".join(f"{n}. {PROSE}\n" for n in range(1, 355)),
    "code": "```python\n" + "".join(f"def f{n}(x: int) -> int:\n    return x + {n}\n\n" for n in range(870)) + "```\n",
    "table": "| a | b | c |\n|---|---|---|\n" + "".join(f"| one {n} | {PROSE} | three |\n" for n in range(300)),
}


class Stage(GuardedApp[None]):
    def compose(self) -> ComposeResult:
        yield Transcript()


async def _stalls(stop: asyncio.Event) -> float:
    """The longest time the loop did not come round, in seconds."""
    worst = 0.0
    while not stop.is_set():
        start = time.perf_counter()
        await asyncio.sleep(0.005)
        worst = max(worst, time.perf_counter() - start - 0.005)
    return worst


async def _streamed(text: str) -> dict[str, float]:
    stage = Stage()
    async with stage.run_test(size=(120, 40)) as pilot:
        transcript = stage.query_one(Transcript)
        await pilot.pause(0.8)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(_stalls(stop))
            cpu, wall = time.process_time(), time.perf_counter()
            for start, end in pairwise([*range(0, len(text), 24), len(text)]):
                transcript.stream("r", text[start:end], title="Aria")
                await asyncio.sleep(0.001)
            await pilot.pause(0.1)
            transcript.update_entry(Entry("r", "persona", "Aria", text))
            await pilot.pause()
            spent, took = time.process_time() - cpu, time.perf_counter() - wall
            stop.set()
        return {"kilobytes": len(text) / 1000, "cpu_s": spent, "wall_s": took, "worst_stall_ms": watch.result() * 1000}


@pytest.mark.parametrize("kind", KINDS)
def test_a_streamed_reply(kind: str) -> None:
    figures = asyncio.run(_streamed(KINDS[kind]))
    print(f"\nstreamed {kind}: " + json.dumps({name: round(value, 3) for name, value in figures.items()}))
    assert figures["kilobytes"] >= 20


def _memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _long(count: int) -> dict[str, float]:
    text = PROSE + "\n\n- first thing\n- second thing\n\nSo `maybe` we walk there on Sunday?"
    entries = [Entry(str(n), "person" if n % 2 else "persona", "Aria", f"{n} {text}") for n in range(count)]
    stage = Stage()
    async with stage.run_test(size=(120, 40)) as pilot:
        transcript = stage.query_one(Transcript)
        transcript.focus()
        await pilot.pause(0.8)
        before, start = _memory(), time.process_time()
        transcript.set_entries(entries)
        await pilot.pause()
        opened, start = time.process_time() - start, time.process_time()
        for _ in range(50):
            transcript.action_page(-1)
            await pilot.pause()
        paged, start = (time.process_time() - start) / 50, time.process_time()
        await pilot.resize_terminal(90, 40)
        await pilot.pause()
        return {
            "opened_s": opened,
            "page_ms": paged * 1000,
            "resize_ms": (time.process_time() - start) * 1000,
            "memory_mb": _memory() - before,
        }


@pytest.mark.parametrize("count", [100, 10_000])
def test_a_long_session(count: int) -> None:
    figures = asyncio.run(_long(count))
    print(f"\n{count} entries: " + json.dumps({name: round(value, 3) for name, value in figures.items()}))
    assert figures["opened_s"] > 0


FIVE_LINES = """
from textual.app import App
from textual.widgets import Static
class A(App):
    def compose(self): yield Static("x")
    def on_mount(self): self.call_after_refresh(self.exit)
A().run()
"""
WORKBENCH = """
import gc, os
gc.disable()
from pathlib import Path
from greenroom.tui.rehearsal import Wanted
from greenroom.tui.workbench import Workbench
from greenroom.workspace.layout import Workspace
bench = Workbench(Workspace(Path(os.getcwd())), Wanted(), trusting=False)
bench.doing.begin = lambda wanted: bench.exit(0)  # the first paint is done; opening the session is not part of it
bench.run()
"""


def _cpu(program: str, report: Path) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of a program on a terminal of its own."""
    master, slave = pty.openpty()
    code = (
        program
        + """
import sys, time
high = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
open(sys.argv[1], "w").write(f"{time.process_time()} {int(high) / 1024}")
"""
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(report)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment,
    )
    os.close(slave)
    while process.poll() is None:
        if select.select([master], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):  # the other end is gone
                os.read(master, 65536)
    os.close(master)
    seconds, memory = report.read_text().split()
    return float(seconds), float(memory)


def test_first_paint(tmp_path: Path) -> None:
    runs = [(_cpu(FIVE_LINES, tmp_path / "bare"), _cpu(WORKBENCH, tmp_path / "screen")) for _ in range(6)][1:]
    bare, screen = min(run[0] for run in runs), min(run[1] for run in runs)
    print(f"\nfirst paint, CPU s and MB: five lines {bare}, workbench {screen}, ratio {screen[0] / bare[0]:.2f}")
    assert screen[0] > 0


def _workbench(folder: Path, opener: Open) -> Workbench:
    shutil.copytree(HELPDESK, folder / "helpdesk", ignore=shutil.ignore_patterns(".greenroom", "__pycache__"))
    return Workbench(Workspace((folder / "helpdesk").resolve()), opener=opener, trusting=False)


async def _opened(workspace: Workspace, *, persona: str, model: str, session: str, mode: StepMode) -> Session:
    return await open_session(workspace, persona=persona, model=model, session=session, instant=True, trusted=True)


async def _echo(folder: Path, seconds: float) -> dict[str, float]:
    """Keys typed into the real screen while a reply streams at 1 000 tokens a second."""
    bench = _workbench(folder, _opened)
    async with bench.run_test(size=(140, 40)) as pilot:
        while bench.opening:
            await pilot.pause(0.02)
        bench.doing.said("What is your return policy for shoes?")
        await pilot.pause(1.5)
        composer = bench.query_one(Composer)
        words = (PROSE * 8).split(" ")
        waits: list[float] = []
        streamed, begun, cpu = 0, time.perf_counter(), time.process_time()
        while (now := time.perf_counter() - begun) < seconds:
            while streamed < now * 1000:
                bench._happened(TextArrived(1, "t1/generate:9", words[streamed % len(words)] + " "))
                streamed += 1
                if streamed % 400 == 0:
                    bench._happened(TextArrived(1, "t1/generate:9", "\n\n"))
            if streamed // 250 > len(waits):
                before, pressed = len(composer.text), time.perf_counter()
                bench.post_message(events.Key("a", "a"))
                while len(composer.text) == before:  # noqa: ASYNC110  the screen has no event for it
                    await asyncio.sleep(0.001)
                waits.append((time.perf_counter() - pressed) * 1000)
            await asyncio.sleep(0.004)
        waits.sort()
        figures = {
            "tokens": float(streamed),
            "behind_ms": (time.perf_counter() - begun - seconds) * 1000,
            "cpu_share": (time.process_time() - cpu) / seconds,
            "echo_p50_ms": waits[len(waits) // 2],
            "echo_max_ms": waits[-1],
        }
        bench.doing.do("quit")
        await pilot.pause(0.3)
    return figures


def test_keys_echo_while_a_reply_streams(tmp_path: Path) -> None:
    figures = asyncio.run(_echo(tmp_path, 6))
    print("\nkey to echo at 1 000 tokens/s: " + json.dumps({name: round(value, 2) for name, value in figures.items()}))
    assert figures["tokens"] >= 5_000


def _long_log(records: Sequence[Record], turns: int) -> list[Record]:
    """The records of one real turn, over and over."""
    first = next(place for place, record in enumerate(records) if isinstance(record.event, TurnStarted))
    made = list(records[:first])
    for turn in range(1, turns + 1):
        for record in records[first:]:
            event = record.event.model_copy(update={"turn": turn})
            made.append(record.model_copy(update={"seq": len(made), "event": event}))
    return made


async def _ten_thousand(folder: Path) -> dict[str, float]:
    """A session of 10 000 messages (5 000 turns) put behind the real screen: folded, shown, paged, one more record."""
    bench = _workbench(folder, _opened)
    async with bench.run_test(size=(140, 40)) as pilot:
        while bench.opening:
            await pilot.pause(0.02)
        bench.doing.said("What is your return policy for shoes?")
        await pilot.pause(1.5)
        session = bench.rehearsal.session
        assert session is not None
        log = _long_log(session.records, 5_000)
        gc.disable()  # as opening does
        before, start = _memory(), time.process_time()
        folds = Folds(log)
        folds.grow()
        folded = time.process_time() - start
        bench.rehearsal._folds = folds
        start = time.process_time()
        bench.opened()
        await pilot.pause()
        shown = time.process_time() - start
        gc.freeze()
        gc.enable()
        await pilot.pause(0.3)  # the panes
        start = time.process_time()
        transcript = bench.query_one("#conversation", Transcript)
        for _ in range(30):
            transcript.action_page(-1)
            await pilot.pause()
        paged, start = (time.process_time() - start) / 30, time.process_time()
        for record in log[-15:]:
            bench.rehearsal._see(record)
        await pilot.pause()
        record_ms = (time.process_time() - start) / 15 * 1000
        figures = {
            "records": float(len(log)),
            "folded_s": folded,
            "shown_s": shown,
            "page_ms": paged * 1000,
            "record_ms": record_ms,
            "memory_mb": _memory() - before,
        }
        bench.doing.do("quit")
        await pilot.pause(0.3)
    return figures


def test_a_session_of_ten_thousand_messages(tmp_path: Path) -> None:
    figures = asyncio.run(_ten_thousand(tmp_path))
    print("\n10 000 messages: " + json.dumps({name: round(value, 3) for name, value in figures.items()}))
    assert figures["records"] >= 50_000
