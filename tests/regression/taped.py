"""A small session that was really recorded, and ways to replay it, whole or edited, on the engine's stage."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from greenroom.core.events import Record
from greenroom.core.values import ApprovalReply, Memory
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.regression.case import Case
from greenroom.regression.record.record import Recorded
from greenroom.regression.replay.outcome import Outcome
from greenroom.regression.replay.plain_log import log_for
from greenroom.regression.replay.replay import replay_tape
from greenroom.regression.tape.given_up import AFTER
from greenroom.regression.tape.header_seal import SEAL, seal_of
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.sealed import SESSION, session_digest
from greenroom.regression.tape.tape import Line, Tape, read, sealed, write
from tests.engine.stage import ListMemory, Stage, answering, says, stage

GOOD = Case(schema="case/1", why="A refund is never made alone.")


class _Closed:
    """Every port at once; whoever comes through it has left the tape."""

    name = "listed/replies"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a replay reached {name}")

    async def aclose(self) -> None:
        """Nothing is held."""


def recorded_session() -> tuple[Stage, list[Record]]:
    """Three turns: an answer with passages and a memory, a refund asked for, edited and made, a denied one."""
    made = stage(
        says("Refunds take five days. [1]"),
        says("Let me see.", ("orders.get", {"order_id": 1001})),
        says("", ("orders.refund", {"amount": 120, "order_id": 1001})),
        says(
            "Done. I refunded 90 EUR for you. It will take five days, as the page about returns says. Is there anything else I can do?"
        ),
        says("", ("orders.refund", {"amount": 5000, "order_id": 1001})),
        says("That is not possible."),
        memory=ListMemory([Memory(id="x81f", segment="customer", subject="visitor", text="Likes trails", key="taste")]),
    )

    async def run() -> list[Record]:
        session = made.session()
        edit = ApprovalReply(decision="edit", approver="kim", arguments={"amount": 90, "order_id": 1001}, reason="less")
        answering(session, edit, ApprovalReply(decision="allow", approver="kim"))
        await session.turn("How long do refunds take? My name is Mara and I wear size 42.")
        await session.turn("Please refund order 1001.")
        await session.turn("And now 5000 more!")
        records = list(session.records)
        await session.aclose()
        return records

    return made, asyncio.run(run())


def builder(made: Stage, **changes: Any) -> Any:
    """`build` over a closed stage; `changes` replace parts of its contract or policy."""
    closed: Any = _Closed()

    def build(recording: Recording, *, persona: str, model: str, clock: Any, ids: Any) -> Session:
        shut = replace(
            made, model=closed, retriever=closed, memory=closed, approver=closed, clock=clock, ids=ids, **changes
        )
        shut.tools = replace(shut.tools, act=lambda call: pytest.fail(f"{call.tool} ran in a replay"))
        return shut.session(log_for(recording), recording)

    return build


def replayed(
    made: Stage, kept: Recorded, folder: Path, case: Case = GOOD, tape: Tape | None = None, **changes: Any
) -> Outcome:
    parts = Parts(folder)
    parts.write(kept.texts)
    stale = changes.pop("stale", "fail")
    build = builder(made, **changes)
    again = read(write(tape or kept.tape), "x.tape.jsonl")
    return asyncio.run(replay_tape(again, case, build, parts, file="x.tape.jsonl", stale=stale))


def edited(tape: Tape, kind: str, number: int = 0, **values: Any) -> Tape:
    """The tape with keys of the nth line of a kind changed, as an editor who recomputes the digest would leave it."""
    places = [i for i, line in enumerate(tape.events) if next(iter(line)) == kind]
    events: list[Line] = list(tape.events)
    events[places[number]] = {**events[places[number]], **values}
    return Tape(tape.header, tuple(events))


def signed(rows: list[bytes]) -> bytes:
    """A tape of these rows, whose last one is made anew as anybody can who has read how: it is a checksum and a digest."""
    rolling, checks = 0, ""
    for row in rows[:-1]:
        rolling = zlib.crc32(row, rolling)
        checks += f"{rolling & 0xFF:02x}"
    body = b"".join(row + b"\n" for row in rows[:-1])
    told = {**json.loads(rows[-1]), "lines": checks, "digest": hashlib.sha256(body).hexdigest()[:32]}
    return body + json.dumps(told, separators=(",", ":")).encode() + b"\n"


def written_as(version: int, tape: Tape) -> bytes:
    """As a tape of an earlier format was written: before 2 headers had no seals, before 3 no turn was said to have been
    given up after something.
    """
    events = [{key: item for key, item in line.items() if key != AFTER} for line in tape.events]
    digests = dict(tape.digests)
    if digests.get(SESSION) == session_digest(tape.events):
        digests[SESSION] = session_digest(events)
    header = {**tape.header, **({"digests": digests} if digests else {})}
    first, *rest = write(sealed(header, events)).splitlines()
    plain: Line = {**json.loads(first), "tape": version}
    plain.pop(SEAL)
    row = orjson.dumps(plain)
    told = {key: item for key, item in plain.items() if key != "tape"}
    return signed([orjson.dumps({**plain, SEAL: seal_of(row, told)}) if version > 1 else row, *rest])


def written_as_1(tape: Tape) -> bytes:
    """As a tape of format 1 was written."""
    return written_as(1, tape)
