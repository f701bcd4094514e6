"""Cost of the screen: a streamed reply, a long session, the first paint. Printed, never asserted as times."""

import asyncio
import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from textual.app import ComposeResult

from greenroom.tui.entries import Entry
from greenroom.tui.guard import GuardedApp
from greenroom.tui.transcript import Transcript

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
SCREEN = """
from textual.app import ComposeResult
from greenroom.core.values import Verdict
from greenroom.tui.card import CardApp
from greenroom.tui.composer import Composer
from greenroom.tui.header import Header
from greenroom.tui.hints import Hints
from greenroom.tui.theme import themes
from greenroom.tui.transcript import Transcript
class A(CardApp):
    def __init__(self):
        super().__init__()
        for theme in themes().values(): self.register_theme(theme.textual())
        self.theme = "greenroom-dark"
    def compose(self):
        yield Header(); yield Transcript(); yield Composer(); yield Hints()
    def on_mount(self):
        self.call_after_refresh(self.exit)
A().run()
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
    runs = [(_cpu(FIVE_LINES, tmp_path / "bare"), _cpu(SCREEN, tmp_path / "screen")) for _ in range(6)][1:]
    bare, screen = min(run[0] for run in runs), min(run[1] for run in runs)
    print(f"\nfirst paint, CPU s and MB: five lines {bare}, screen {screen}, ratio {screen[0] / bare[0]:.2f}")
    assert screen[0] > 0
