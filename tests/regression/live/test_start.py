"""Events a live run can start from: by the names people see, and every other word refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import UsageError
from greenroom.core.inert import hidden_spans
from greenroom.regression.live.start import EVERYTHING, Start, start_at
from greenroom.regression.tape.tape import read, sealed, write

_CALL = {"id": "c1", "tool": "till.look", "args": {}}
TAPE = read(
    write(
        sealed(
            {"persona": "ada@1.0.0"},
            (
                {"turn": 1, "user": "Hi"},
                {
                    "reply": 1,
                    "text": "One sentence is here. Another one follows it in a line of its own.",
                    "tokens": [1, 1],
                },
                {"finish": "answered"},
                {"turn": 2, "user": "And now?"},
                {"recall": []},
                {"reply": 1, "calls": [_CALL], "tokens": [1, 1]},
                {"result": "c1", "tool": "till.look", "status": "done", "ran": True},
                {"reply": 2, "text": "There.", "tokens": [1, 1]},
                {"finish": "answered"},
            ),
        )
    ),
    "x.tape.jsonl",
)


@pytest.mark.parametrize(
    ("event", "start"),
    [
        ("", EVERYTHING),
        ("t1", Start(1, 1)),
        ("t2", Start(2, 1)),
        ("t2/reply:1", Start(2, 1)),
        ("t2/reply:2", Start(2, 2)),
        ("t2/c1", Start(2, 2)),
        ("1", EVERYTHING),
        ("2", Start(1, 1)),
    ],
)
def test_events_by_name(event: str, start: Start) -> None:
    assert start_at(TAPE, event) == start


def test_every_line_of_the_file_is_an_event_and_text_belongs_to_the_one_above() -> None:
    found = {number: start_at(TAPE, str(number)) for number in range(2, TAPE.line_numbers[-2] + 1)}
    by_event = dict(zip(TAPE.line_numbers, TAPE.events, strict=True))
    at = {next(iter(line)) + str(next(iter(line.values()))): number for number, line in by_event.items()}
    assert found[at["turn2"]] == found[at["recall[]"]] == Start(2, 1)
    assert found[at["resultc1"]] == found[at["reply2"]] == Start(2, 2)
    first = at["reply1"] if at["reply1"] < at["turn2"] else TAPE.line_numbers[1]
    assert {found[number] for number in range(first, TAPE.line_numbers[2])} == {Start(1, 1)}
    assert found[TAPE.line_numbers[2]] == Start(2, 1)


def test_what_there_is_stands_in_the_hint() -> None:
    with pytest.raises(UsageError) as told:
        start_at(TAPE, "t9")
    assert told.value.line() == (
        "'t9' is no event of this tape (there are: t1, t1/reply:1, t2, t2/reply:1, t2/c1, t2/reply:2, or a line number "
        f"from 1 to {TAPE.line_numbers[-1]})"
    )
    assert f"its lines with events are 1 to {TAPE.line_numbers[-1]}" in refused("4000")
    assert "nothing would be live" in refused(str(TAPE.line_numbers[-1]))


def refused(event: str) -> str:
    """What is said of an event that there is not; '' for one there is."""
    try:
        start_at(TAPE, event)
    except UsageError as error:
        return error.line()
    return ""


@given(st.text(max_size=300))
def test_hostile_words_are_one_inert_line(event: str) -> None:
    said = refused(event)
    assert len(said) < 400 and not list(hidden_spans(said))


@pytest.mark.parametrize("event", ["t1\x1b[2J", "../../etc", "9" * 5_000, "٣", "t2/reply:²", "-1", "0", "t2/reply:1\n"])
def test_words_that_were_tried(event: str) -> None:
    assert refused(event).startswith("'")
