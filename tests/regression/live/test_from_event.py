"""`--from EVENT`: the tape up to there, then the model; and parallel calls, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from greenroom.assembly import load_contract
from greenroom.core.errors import UsageError
from greenroom.core.values import ApprovalReply, Json
from greenroom.engine.session import Session
from greenroom.regression.live.start import start_at
from greenroom.regression.tape.tape import Line, read
from tests.models.loopback import calls, loopback, text
from tests.regression.live.counter import counter, live, persona, recorded, script, served, traces

ALLOW = ApprovalReply(decision="allow", approver="kim")
LOOK = """when = { user = "order" }
text = "Let me see."
calls = [{ tool = "till.look", args = { order_id = 1001 } }]"""
LOOKED = """when = { tool = "till.look" }
text = "There is {result.left} left." """
PAY = """when = { user = "back" }
calls = [{ tool = "till.pay", args = { order_id = 1001, amount = 120.0 } }]"""
PAID = """when = { tool = "till.pay" }
text = "Done, see {result.reference}." """
HELLO = 'text = "Hello."'
WORDS = ("Hi", "What about my order?", "I want it back")


@pytest.mark.parametrize(
    ("start", "asked"),
    [("", 5), ("t1", 5), ("t2", 4), ("t2/reply:2", 3), ("t2/c1", 3), ("t3", 2), ("t3/c2", 1)],
)
def test_up_to_the_event_no_model_is_asked(tmp_path: Path, start: str, asked: int) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    replies = [
        text("Hello."),
        calls(("till__look", '{"order_id": 1001}')),
        text("There is 120 left."),
        calls(("till__pay", '{"order_id": 1001, "amount": 120}')),
        text("Done, see R-1."),
    ]
    with loopback(replies[5 - asked :]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served", start=start)
        assert len(address.requests) == asked
        said = [message["content"] for message in address.requests[-1][1]["messages"] if message["role"] == "user"]
    assert came.outcome.kind == "passed" and said == list(WORDS)
    assert sum("turn" in line for line in came.runs[0].lines) == 3
    assert not traces(workspace)


def test_a_line_of_the_tape_in_the_middle_of_a_turn(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    rows = tape.read_text().splitlines()
    line = next(number for number, row in enumerate(rows, 1) if row.startswith('{"result":"c1"'))
    script(workspace, "late", PAY, PAID, 'when = { tool = "till.look" }\ntext = "Later."', 'text = "Never said."')
    came = live(tape, workspace, model="scripted/late", start=str(line))
    assert came.outcome.kind == "passed"
    assert [row["text"] for row in came.runs[0].lines if "text" in row and "reply" in row] == [
        "Hello.",
        "Let me see.",
        "Later.",
        "Done, see R-1.",
    ]


def test_what_comes_before_must_come_as_recorded(tmp_path: Path) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)
    tape = recorded(workspace, WORDS, [ALLOW])
    persona(workspace, "Be long.")
    assert live(tape, workspace, start="t3").outcome.kind == "passed"
    (workspace.policies / "counter.toml").write_text(
        'schema = "policy/1"\nid = "counter"\nversion = "1.0.1"\n[[rule]]\nid = "no.look"\nwhy = "No."\n'
        'hook = "tool.call"\ntools = ["till.look"]\nwhen = ["true"]\nthen = "deny"\n'
    )
    came = live(tape, workspace, start="t3")
    assert came.outcome.kind == "diverged" and "turn 2" in came.outcome.line


def test_a_start_that_is_not_there_is_an_error_with_what_there_is(tmp_path: Path) -> None:
    workspace = counter(tmp_path, HELLO)
    tape = recorded(workspace, WORDS[:1])
    came = live(tape, workspace, start="t7/c\x1b[31m")
    assert came.outcome.kind == "error" and not came.runs
    assert came.outcome.line.endswith("(there are: t1, t1/reply:1, or a line number from 1 to 6)")


TWO = """when = { user = "order" }
calls = [{ tool = "till.look", args = { order_id = 1001 } }, { tool = "till.look", args = { order_id = 1002 } }]"""


def test_parallel_calls_may_come_in_another_order(tmp_path: Path) -> None:
    workspace = counter(tmp_path, TWO, 'when = { tool = "till.look" }\ntext = "Two."', HELLO)
    tape = recorded(workspace, WORDS[:2])
    parts = TWO.splitlines()[1].removeprefix("calls = [").removesuffix("]").split("}, ")
    turned = f"{TWO.splitlines()[0]}\ncalls = [{parts[1]}, {parts[0]}}}]"
    script(workspace, "turned", turned, 'when = { tool = "till.look" }\ntext = "{result.order_id}"', HELLO)
    came = live(tape, workspace, model="scripted/turned")
    assert came.outcome.kind == "passed"
    results = [line["output"]["order_id"] for line in came.runs[0].lines if "result" in line]
    assert results == [1002, 1001]


def test_ids_of_equal_calls_are_followed(tmp_path: Path) -> None:
    """Two equal tickets; the live model writes to the second what was written to the first, and the other way round."""
    tickets = """when = { user = "order" }
calls = [{ tool = "till.ticket", args = { subject = "shoes" } }, { tool = "till.ticket", args = { subject = "shoes" } }]"""
    note = 'when = {{ user = "{word}" }}\ncalls = [{{ tool = "till.note", args = {{ ticket = "{id}", text = "{text}" }} }}]'
    noted = 'when = { tool = "till.note" }\ntext = "Noted in {result.noted}."'
    opened = 'when = { tool = "till.ticket" }\ntext = "Opened."'
    first, second = note.format(word="back", id="T-1", text="a"), note.format(word="other", id="T-2", text="b")
    workspace = counter(tmp_path, second, first, noted, opened, tickets, HELLO)
    tape = recorded(workspace, (*WORDS[1:], "And the other ticket?"))
    changed = first.replace("T-1", "T-2"), second.replace("T-2", "T-1")
    script(workspace, "turned", changed[1], changed[0], noted, opened, tickets, HELLO)
    came = live(tape, workspace, model="scripted/turned")
    assert came.outcome.kind == "passed", came.outcome
    before = noted_in(read(tape.read_bytes(), "x").events)
    assert len(before) == 2 and noted_in(came.runs[0].lines) == before
    script(workspace, "mixed", changed[1], first, noted, opened, tickets, HELLO)
    assert live(tape, workspace, model="scripted/mixed").outcome.kind == "diverged"
    assert not traces(workspace)


def noted_in(lines: Sequence[Line]) -> list[Json]:
    """What was written to which ticket, as the results say."""
    return [line["output"] for line in lines if line.get("tool") == "till.note" and "result" in line]


@pytest.mark.parametrize("changed", [False, True])
def test_a_range_is_live_and_its_context_comes_from_the_tape(tmp_path: Path, changed: bool) -> None:
    workspace = counter(tmp_path, PAY, PAID, LOOK, LOOKED, HELLO)

    def edit(session: Session) -> None:
        persona(workspace, prompt="Be very brief.")
        session.reload(load_contract(workspace, trusted=True))

    tape = recorded(workspace, (*WORDS[:2], *([edit] if changed else []), WORDS[2]), [ALLOW], turns=(3, 3))
    with loopback([calls(("till__pay", '{"order_id": 1001, "amount": 120}')), text("Done, see R-1.")]) as address:
        served(workspace, address)
        came = live(tape, workspace, model="served")
        asked = [request["messages"] for _, request in address.requests]
    assert (came.outcome.kind, len(asked)) == ("passed", 2), came
    told = [message["content"] for message in asked[0] if message["role"] in ("user", "assistant")]
    assert (told[0], told[1], told[-2], told[-1]) == ("Hi", "Hello.", "There is 120 left.", "I want it back")
    taken_over = read(tape.read_bytes(), tape.name).takes_over
    assert taken_over is changed
    if taken_over:
        with pytest.raises(UsageError, match="lies in the context"):
            start_at(read(tape.read_bytes(), tape.name), "t2")
