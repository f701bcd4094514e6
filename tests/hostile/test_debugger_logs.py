"""Logs made by hand that say they are branches: of themselves, of nothing, of what lies elsewhere."""

import asyncio
import shutil
from collections.abc import Sequence

import pytest

from greenroom.assembly import open_session, read_session
from greenroom.assembly.variants.lineage import beside, session_lines, variants
from greenroom.assembly.variants.rerunning import branching_point
from greenroom.core.events import Event, Record, RerunStarted, SessionForked, TurnStarted
from greenroom.core.ids import RandomIds
from greenroom.engine.rerun.turns import before
from greenroom.log.catalog import session_path
from greenroom.log.codec import encode
from greenroom.views.branches.lineage import Line, trees
from greenroom.views.branches.rerun import Branch
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import EVIL, greenroom, line_of

ZERO = "0" * 64
PARENTS = ("sforged", "nosuch", "../../../../etc/passwd", "s" * 5_000, EVIL, "", "a\0b")


@pytest.fixture
def spoken(shop: Workspace) -> Workspace:
    async def talk() -> None:
        session = await open_session(shop, persona="aria", instant=True)
        await session.turn("hello")
        await session.aclose()

    asyncio.run(talk())
    return shop


def forged(shop: Workspace, name: str, events: Sequence[Event], upto: int | None = None) -> list[Record]:
    """A log that begins as the last session does and goes on as somebody wishes, with hashes that fit."""
    records = read_session(shop, "last")
    begun = records[:upto]
    source = next(path for path in shop.sessions.glob("*.jsonl") if path.stem != "sforged")
    lines, prev = b"".join(source.read_bytes().splitlines(keepends=True)[: len(begun)]), begun[-1].hash
    for seq, event in enumerate(events, len(begun)):
        line, record = encode(event, seq, begun[-1].at, prev, RandomIds(), {})
        lines, prev = lines + line, record.hash
    (shop.sessions / f"{name}.jsonl").write_bytes(lines)
    return read_session(shop, name)


@pytest.mark.parametrize("at", [0, -5, 10**9])
@pytest.mark.parametrize("parent", PARENTS, ids=range(len(PARENTS)))
def test_a_branch_of_what_is_not_there_is_still_listed(spoken: Workspace, parent: str, at: int) -> None:
    fork = SessionForked(session="sforged", parent=parent, parent_seq=at, parent_hash=ZERO)
    records = forged(spoken, "sforged", [fork])
    lines = session_lines(spoken)
    assert "sforged" in [line.id for line in lines]
    assert trees(lines, "sforged")
    assert all(session_path(spoken, name).parent == spoken.sessions for name in (parent, *beside(spoken, "sforged")[1]))
    variants(spoken, "sforged")
    assert branching_point(spoken, "sforged", records, 1) == ("sforged", before(records, 1))


def test_a_branch_is_made_only_of_the_record_that_the_variant_shares(spoken: Workspace) -> None:
    parent = read_session(spoken, "last")
    name = next(spoken.sessions.glob("*.jsonl")).stem
    at = before(parent, 1)
    true = forged(spoken, "sforged", [_fork(name, at, parent[at].hash), RerunStarted(turn=1, turns=(1,))], at + 1)
    turn = TurnStarted(turn=1, step="t1", words="x", origin="person")
    assert branching_point(spoken, "sforged", [*true, _record(true, turn)], 1) == (name, at)
    false = forged(spoken, "sforged", [_fork(name, at - 1, ZERO), RerunStarted(turn=1, turns=(1,))], at + 1)
    told = [r.model_copy(update={"hash": ZERO}) if r.seq == at - 1 else r for r in [*false, _record(false, turn)]]
    assert branching_point(spoken, "sforged", told, 1)[0] == "sforged"


def test_a_variant_that_says_nonsense_of_what_it_varies_is_resumed_or_refused_in_a_line(spoken: Workspace) -> None:
    at = before(read_session(spoken, "last"), 1)
    said = RerunStarted(turn=1, turns=(1, -7), left_out={"first": ("x",), "1": ("y",)}, recorded="../../elsewhere")
    forged(spoken, "sforged", [_fork("nosuch", 3, ZERO), said, TurnStarted(turn=1, step="t1", words="hello")], at + 1)
    shutil.copy(spoken.sessions / "sforged.jsonl", spoken.root / "elsewhere.jsonl")
    for command in (("resume", "sforged"), ("tree", "sforged"), ("show", "sforged"), ("rerun", "sforged")):
        done = greenroom(spoken.root, "session", *command)
        assert done.returncode in (0, 1, 2, 5)
        assert b"Traceback" not in done.stderr
        if done.returncode:
            line_of(done)


def test_cycles_and_very_long_lines_of_branches_are_told_as_trees() -> None:
    def line(name: str, parent: str) -> Line:
        return Line(name, "", 1, "", "", Branch(name, parent, 0, 1))

    ring = [line("a", "c"), line("b", "a"), line("c", "b"), line("d", "a"), line("e", "e")]
    assert [(one.id, one.depth) for one in trees(ring)] == [("a", 0), ("d", 1), ("b", 0), ("c", 0), ("e", 0)]
    assert {one.id for one in trees(ring, "d")} == {"a", "d"}
    chain = [line(f"s{number}", f"s{number - 1}") for number in range(1, 1_500)]
    assert trees(chain)[-1].depth == 1_498


def _fork(parent: str, at: int, digest: str) -> SessionForked:
    return SessionForked(session="sforged", parent=parent, parent_seq=at, parent_hash=digest)


def _record(records: Sequence[Record], event: Event) -> Record:
    return records[-1].model_copy(update={"seq": len(records), "event": event})
