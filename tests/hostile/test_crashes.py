"""A disk that fills up, a process that is killed at any moment, several at once: nothing written is lost or done twice."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from greenroom.assembly import sessions, verify_session
from greenroom.core.events import ToolReturned, ToolStarted
from greenroom.log.catalog import read_session
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import change, greenroom, line_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and signals of Unix")

REFUND = ("run", "aria", "I want a refund of 20 EUR for order 1001")
ALLOW = ("session", "resume", "--answer", "allow")


def refunds(shop: Workspace) -> list[tuple[int, int]]:
    """Order and cents of every refund that was really made."""
    found: list[tuple[int, int]] = []
    for path in shop.state.glob("data/*.db"):
        with sqlite3.connect(path) as connection:
            found += connection.execute("select order_id, amount_cents from refunds").fetchall()
        connection.close()
    return found


def accounted(shop: Workspace) -> int:
    """Refunds that a log says were begun; every session verifies."""
    begun = 0
    for one in sessions(shop):
        verify_session(shop, one.id)
        events = [record.event for record in read_session(shop, one.id)]
        begun += sum(isinstance(event, ToolStarted) and event.tool == "orders.refund" for event in events)
    return begun


@pytest.mark.parametrize("kilobytes", [30, 42, 60, 70, 80, 256])
def test_a_disk_that_fills_up_at_any_stage(shop: Workspace, kilobytes: int) -> None:
    assert greenroom(shop.root, "run", "aria", "hello").returncode == 0  # the documents are in the store now
    first = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({kilobytes * 1024},) * 2)"
    for command in (REFUND, ALLOW):
        done = greenroom(shop.root, *command, first=first)
        assert done.returncode in (0, 1, 2, 6, 70)
        assert line_of(done) or done.returncode == 0
        assert len(refunds(shop)) <= accounted(shop) <= 1
    # With room again, what was begun can be ended, once, and a new session works.
    for _ in range(2):
        assert greenroom(shop.root, *ALLOW).returncode in (0, 1, 2, 6)
    assert len(refunds(shop)) <= 1
    assert greenroom(shop.root, "run", "aria", "hello").returncode == 0
    assert kilobytes < 256 or refunds(shop) == [(1001, 2000)]


def test_a_process_killed_at_random_moments(shop: Workspace) -> None:
    change(shop.scripts / "helpdesk.toml", r"(?m)^pace .*$", "pace = { first_ms = 30, per_chunk_ms = 5 }")
    begun = time.monotonic()
    assert greenroom(shop.root, "run", "aria", "hello").returncode == 0
    whole = time.monotonic() - begun  # so that a slow machine's processes are killed as far along as a quick one's
    moments = random.Random(7)
    for order in range(1001, 1009):
        words = f"I want a refund of 20 EUR for order {order}"
        child = subprocess.Popen(
            [sys.executable, "-m", "greenroom", "run", "aria", words],
            cwd=shop.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            child.wait(whole * moments.uniform(0.3, 2.5))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
        line_of(greenroom(shop.root, "session", "resume", "last"))  # as far as its question, if it came to none yet
        line_of(greenroom(shop.root, "session", "resume", "last", "--answer", "allow"))
    made = refunds(shop)
    assert 0 < len(made) == len(set(made)) <= accounted(shop)
    for one in sessions(shop):
        steps = [r.event for r in read_session(shop, one.id) if isinstance(r.event, ToolReturned)]
        assert len({event.step for event in steps}) == len(steps)


def test_several_processes_at_once(shop: Workspace) -> None:
    codes: list[int] = []

    def go(*command: str) -> None:
        done = greenroom(shop.root, *command)
        line_of(done)
        codes.append(done.returncode)

    commands = [
        REFUND,
        REFUND,
        ("run", "aria", "My name is Kim"),
        ("knowledge", "add"),
        ("knowledge", "search", "returns"),
    ]
    threads = [threading.Thread(target=go, args=command) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 0, 0, 6, 6]
    for _ in range(2):
        assert greenroom(shop.root, *ALLOW).returncode == 0
    assert [one.status for one in sessions(shop)] == ["closed"] * 3
    assert refunds(shop) == [(1001, 2000)] * 2
    assert len(refunds(shop)) == accounted(shop)
