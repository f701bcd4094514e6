"""A session written as a fixture that pytest replays, and replayed at once to see that it does."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from greenroom.commands.answer import Answer, answer, counted, from_here
from greenroom.commands.fixture.new_parts import told_new
from greenroom.commands.invocation import Invocation, listed
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ContractLoaded, Record, TurnAbandoned, TurnFinished, TurnStarted
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.core.values import Json
    from greenroom.engine.contract import Contract
    from greenroom.regression.record.record import Exported
    from greenroom.regression.replay.outcome import Outcome

Expect = Literal["good", "bad", "observe"]
EXPECTS: tuple[Expect, ...] = get_args(Expect)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of an export beside its name: how it stands, and what is proposed (None: the usual)."""

    expect: Expect = "good"
    kinds: Collection[str] | None = None
    why: str = ""
    tags: Sequence[str] = ()
    turns: str = ""
    replace: bool = False
    case: str = ""

    @property
    def proposed(self) -> Collection[str]:
        """What is proposed: what was named, else the usual, and nothing of a fixture of which nothing is expected."""
        from greenroom.regression.record.proposal import USUAL

        return self.kinds if self.kinds is not None else () if self.expect == "observe" else USUAL

    @property
    def said(self) -> Sequence[str]:
        """What was said of the case, by the names of the options."""
        given = {"expect": self.kinds is not None or self.expect != "good", "why": self.why, "tag": self.tags}
        return [name for name, value in given.items() if value]


@dataclass(frozen=True, slots=True)
class Tried:
    """How the fixture went when it was replayed right after it was written."""

    outcome: Outcome
    milliseconds: int
    expect: Expect

    @property
    def as_it_should(self) -> bool:
        """What was recorded as bad comes back, and fails, until somebody puts it right."""
        return self.outcome.kind == ("failed" if self.expect == "bad" else "passed")

    @property
    def line(self) -> str:
        """`passed in 4 ms`, or what differs."""
        if self.expect == "bad" and self.outcome.good:
            return "passed, so nothing shows that what was bad comes back; see how it replays with: --expect observe"
        if self.outcome.good:
            return f"passed in {self.milliseconds} ms"
        if self.as_it_should:
            return f"failed in {self.milliseconds} ms, as it should until this is put right"
        return f"{self.outcome.kind}: {self.outcome.line}"


def export(asked: Invocation) -> Answer[Exported]:
    """Write `<name>.tape.jsonl` and `<name>.case.toml`, replay them, and say how to replay them again.

    Exit 1 where the replay does not go as it should; the files stay.

    Raises:
        UsageError: no name, a name that is taken, a tag that is none, no finished turn, or turns that do not share one contract, or go
            otherwise under the policy they ended with.
        FileInvalid, LogDamaged: the session cannot be read.
        CheckFailed: the policy forbids the export.
        DiskFailed: the folder cannot be written.
    """
    from greenroom.assembly import load_contract, read_session
    from greenroom.regression.case import require_tag

    expect, kinds = expected(asked.text("expect"))
    for word in asked.words("tag"):
        require_tag(word)
    wanted = Wanted(expect, kinds, asked.text("why"), asked.words("tag"), asked.text("turns"), asked.flag("replace"))
    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    loaded = [record.event for record in records if isinstance(record.event, ContractLoaded)]
    contract = load_contract(workspace, loaded[-1].persona if loaded else "", loaded[-1].model if loaded else "")
    return written(workspace, records, contract, asked.text("name"), wanted)


def expected(text: str) -> tuple[Expect, Collection[str] | None]:
    """What words such as `bad,trajectory,contains` say: what the fixture stands for, and which kinds are proposed.

    Raises:
        UsageError: a word is neither, or they contradict each other.
    """
    from greenroom.regression.record.proposal import KINDS

    words = listed(text, (*EXPECTS, *KINDS), "cannot be expected", "export.expect")
    stands = [one for one in EXPECTS if one in words]
    if len(stands) > 1:
        raise UsageError(f"a fixture is {' or '.join(stands)}, not both", code="export.expect")
    kinds = frozenset(words) - frozenset(EXPECTS)
    return (stands[0] if stands else "good"), kinds or None


def in_words(words: str) -> tuple[str, Wanted]:
    """What `NAME [good|bad|observe] [TURNS] [WHY]` asks for. Raises as `expected`."""
    name, rest = _first(words)
    expect, rest = ("", rest) if _is_range(rest) else _first(rest)
    turns, why = _first(rest) if _is_range(rest) else ("", rest)
    stands, kinds = expected(expect)
    return name, Wanted(stands, kinds, why.strip(), turns=turns)


def _first(words: str) -> tuple[str, str]:
    first, _, rest = words.strip().partition(" ")
    return first, rest


def _is_range(words: str) -> bool:
    """Whether the first word is meant as turns."""
    first, _ = _first(words)
    return first[:1].isdigit() and set(first) <= set("0123456789-")


def written(
    workspace: Workspace, records: Sequence[Record], contract: Contract, name: str, wanted: Wanted = Wanted()
) -> Answer[Exported]:
    """Write one fixture and replay it. Blocks, with an event loop of its own. Raises as `export` does."""
    from greenroom.assembly.past.taped import goes_otherwise
    from greenroom.regression.record import record
    from greenroom.regression.tape.under_test import stretch

    if not name:
        raise UsageError("a fixture needs a name", hint="such as refund-over-limit", code="export.name")
    done = record.export(
        records,
        contract,
        workspace.fixtures,
        name,
        why=wanted.why,
        expect=wanted.expect,
        tags=wanted.tags,
        replace=wanted.replace,
        turns=stretch(wanted.turns),
        kinds=wanted.proposed,
        case=wanted.case,
        replays=goes_otherwise,
    )
    left = 0 if wanted.turns else not_over(records)
    return _told(workspace, done, tried(workspace, done), [*in_left(left), *_notes(workspace, done, wanted)])


def not_over(records: Sequence[Record]) -> int:
    """The turn that an export of all leaves out because it is not over; 0 where all are."""
    over = {one.event.turn for one in records if isinstance(one.event, TurnFinished | TurnAbandoned)}
    begun = max((one.event.turn for one in records if isinstance(one.event, TurnStarted)), default=0)
    return 0 if begun in over else begun


def in_left(turn: int) -> list[str]:
    """That this turn is left out, and how it gets in; nothing for 0."""
    go_on = "greenroom session resume goes on with it; then export with --replace"
    return [f"turn {turn} is not over, so it is left out: {go_on}"] if turn else []


def tried(workspace: Workspace, done: Exported) -> Tried:
    """The fixture replayed as pytest would: nothing outside is reached, under what the workspace's files say now."""
    from greenroom.assembly import replay_builder
    from greenroom.core.clock import SystemClock
    from greenroom.core.errors import GreenroomError
    from greenroom.regression.replay.outcome import broken
    from greenroom.regression.replay.replay import load_fixture, replay_fixture

    clock = SystemClock()
    expect: Expect = "good"
    began = clock.monotonic()
    try:
        fixture = load_fixture(done.tape)
        expect = fixture.case.expect
        build = replay_builder(workspace, trusted=True)  # there is a contract, so it was trusted when that was made
        began = clock.monotonic()
        found = asyncio.run(replay_fixture(fixture, build))
    except GreenroomError as error:
        found = broken(error, done.tape.name)
    return Tried(found, round((clock.monotonic() - began) * 1000), expect)


def _told(workspace: Workspace, done: Exported, tried: Tried, notes: Sequence[str]) -> Answer[Exported]:
    lines = [from_here(workspace, done.tape), from_here(workspace, done.case), *_expects(done)]
    lines.append(f"replays: {tried.line}")
    if not tried.as_it_should:
        lines += [f"  {row}" for row in tried.outcome.detail.splitlines() if row != tried.outcome.line]
    data = {
        "tape": str(done.tape),
        "case": str(done.case),
        "redactions": len(done.redactions),
        "replaced": _replaced(done),
        "held": done.held,
        "replays": {
            "outcome": tried.outcome.kind,
            "line": tried.outcome.line,
            "milliseconds": tried.milliseconds,
            "as_it_should": tried.as_it_should,
        },
        "command": done.command,
        "case_kept": done.case_kept,
        "own": done.own,
        "new_files": [str(path) for path in done.parts],
    }
    lines += [*told_new(workspace, done.parts), f"replay it with: {done.command}"]
    return answer(done, lines, data, notes=notes, exit_code=0 if tried.as_it_should else 1)


def _expects(done: Exported) -> list[str]:
    """How much the case expects, so that nobody takes a fixture for a test that expects nothing."""
    from greenroom.regression.case import load_case, stated

    try:
        case = load_case(done.case)
    except FileInvalid:  # somebody's own that was there before: the replay says what is wrong with it
        return []
    number = 0 if case.expect == "observe" else stated(case)
    if number:
        return [f"expects: {counted(number, 'thing')}"]
    if case.expect == "bad":
        return ["expects: that the last reply does not come back word for word"]
    return ["expects: nothing, it is only replayed; write what must hold into the case, or name it with --expect"]


def _notes(workspace: Workspace, done: Exported, wanted: Wanted) -> list[str]:
    notes = [f"it brings along {done.own}; all else is as on disk when it is replayed"] if done.own else []
    if done.redactions:
        values = list(dict.fromkeys(one.placeholder or one.kind for one in done.redactions))
        shown = ", ".join(values[:6]) + (", ..." if len(values) > 6 else "")
        notes.append(f"replaced by placeholders: {counted(len(values), 'value')} ({shown})")
    if done.held:
        notes.append(in_held(done.held))
    if done.case_kept:
        ignored = f", whatever was said of {' and '.join(wanted.said)}" if wanted.said else ""
        notes.append(f"{from_here(workspace, done.case)} was there already and is left as it is{ignored}")
    return notes


def in_held(count: int) -> str:
    """What a fixture keeps of decisions about values that became placeholders, and what that is good for."""
    about = "1 decision reads a value" if count == 1 else f"{count} decisions read values"
    return (
        f"{about} that became a placeholder: whether each clause held is kept, so that today's rules decide again; what a new "
        "clause says about it cannot be decided, and a replay says so"
    )


def _replaced(done: Exported) -> list[Json]:
    return [
        {"turn": one.turn, "where": one.where, "kind": one.kind, "placeholder": one.placeholder, "count": one.count}
        for one in done.redactions
    ]
