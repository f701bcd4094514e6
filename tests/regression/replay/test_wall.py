"""A replay connects nowhere and starts nothing, whichever way it is tried; what else the process does goes on."""

from __future__ import annotations

import _socket
import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenroom.regression.accept.retold import retell
from greenroom.regression.case import Case
from greenroom.regression.record.record import record
from greenroom.regression.replay.replay import Fixture, replay_tape
from greenroom.regression.replay.wall import Refused, walled
from greenroom.regression.tape.parts import Parts
from tests.regression.taped import recorded_session

MADE, RECORDS = recorded_session()


def _below(at: Any) -> None:
    with socket.socket() as one:
        _socket.socket.connect(one, at)


def _datagram(at: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", at)


async def _connected(at: Any) -> None:
    _, writer = await asyncio.open_connection(*at)
    writer.close()
    await writer.wait_closed()


async def _process() -> None:
    await (await asyncio.create_subprocess_exec(sys.executable, "-c", "")).wait()


TRIED: dict[str, Callable[[Any], object]] = {
    "create_connection": lambda at: socket.create_connection(at, 5).close(),
    "the class below": _below,
    "asyncio": lambda at: asyncio.run(_connected(at)),
    "a datagram": _datagram,
    "a name": lambda at: socket.gethostbyname("localhost"),
    "another name": lambda at: socket.getaddrinfo("localhost", 80),
    "a process": lambda at: subprocess.run([sys.executable, "-c", ""], check=True),
    "a shell": lambda at: os.system("true"),
    "an async process": lambda at: asyncio.run(_process()),
}


@pytest.fixture
def listener() -> Any:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()


@pytest.mark.parametrize("tried", TRIED.values(), ids=TRIED)
def test_nothing_goes_round_it(tried: Callable[[Any], object], listener: Any) -> None:
    with walled(), pytest.raises(Refused, match="a replay tried to"):
        tried(listener)
    tried(listener)


def test_it_stands_round_the_replay_and_what_is_told_again_while_the_rest_goes_on(listener: Any) -> None:
    kept = record(RECORDS, MADE.policy)
    fixture = Fixture("x.tape.jsonl", kept.tape, Case(schema="case/1"), Parts(Path("nowhere")))
    said: list[str] = []

    def build(*_: object, **__: object) -> Any:
        try:
            socket.create_connection(listener, 5)
        except Refused as error:
            said.append(str(error))
        raise RuntimeError("so far")

    async def both(replay: Any) -> None:
        with pytest.raises(RuntimeError, match="so far"):
            await replay
        (await asyncio.to_thread(socket.create_connection, listener, 5)).close()

    parts = _InMemory(kept.texts)
    asyncio.run(both(replay_tape(kept.tape, fixture.case, build, parts)))
    asyncio.run(both(retell(Fixture(fixture.file, kept.tape, fixture.case, parts), build)))
    assert said == ["a replay tried to use the network; everything it needs must be on the tape"] * 2


def test_a_session_beside_it_reaches_its_model(listener: Any) -> None:
    reached = []

    async def live(ready: asyncio.Event) -> None:
        await ready.wait()
        reached.append(socket.create_connection(listener, 5))

    async def replayed(ready: asyncio.Event) -> None:
        with walled():
            ready.set()
            for _ in range(3):
                await asyncio.sleep(0)
            with pytest.raises(Refused):
                socket.create_connection(listener, 5)

    async def together() -> None:
        ready = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(live(ready))
            group.create_task(replayed(ready))

    asyncio.run(together())
    [connection] = reached
    connection.close()


class _InMemory(Parts):
    def __init__(self, texts: Any) -> None:
        super().__init__(Path("nowhere"))
        self._read.update(texts)


def test_a_thread_that_a_person_s_session_runs_is_not_within(listener: Any) -> None:
    reached = []
    with walled():
        thread = threading.Thread(target=lambda: reached.append(socket.create_connection(listener, 5)))
        thread.start()
        thread.join()
    [connection] = reached
    connection.close()
