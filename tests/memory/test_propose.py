from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import Memory
from greenroom.memory.propose import propose


def proposed(words: str, **fields: object) -> dict[str, str]:
    found = propose(words, segment="customer", subject="v", record="s1:4", **fields)  # type: ignore[arg-type]  # given by name
    return {memory.key: memory.text for memory in found}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "Hi, my name is Maria Lopez and I wear size 42 in shoes",
            {"name": "Name: Maria Lopez", "shoe_size": "Shoe size: 42"},
        ),
        ("my name's jonas", {"name": "Name: jonas"}),
        ("please call me Bo.", {"name": "Name: Bo"}),
        ("I'm Tom, my email is tom@x.example.", {"name": "Name: Tom", "email": "E-mail: tom@x.example"}),
        ("My name is Ana, I'm a size 38.5", {"name": "Name: Ana", "size": "Size: 38.5"}),
        ("I wear a size m", {"size": "Size: M"}),
        ("my shoe size is 43", {"shoe_size": "Shoe size: 43"}),
        ("Please reply in German", {"language": "Language: German"}),
        ("I live in New York and I'm allergic to wool", {"city": "Lives in: New York", "allergy": "Allergic to: wool"}),
        ("my phone number is +49 170 1234567", {"phone": "Phone: +49 170 1234567"}),
        ("Remember that I have two dogs. Thanks", {"preference": "I have two dogs"}),
    ],
)
def test_what_people_say_of_themselves(words: str, expected: dict[str, str]) -> None:
    assert proposed(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "I'm looking for boots",
        "I am not happy",
        "call me back later",
        "Call me when it ships",
        "my name isn't Bob",
        "what if my name is Bob",
        "I don't wear size 42",
        "do you have size 42?",
        "the customer said his size was 42",
        "I'm Sorry about that",
        "i'm fine",
        "refund order 1001 please",
        "is German spoken?",
        "",
    ],
)
def test_what_is_left_alone(words: str) -> None:
    assert proposed(words) == {}


def test_the_last_said_wins() -> None:
    assert proposed("I wear size 41. No wait, I wear size 42") == {"size": "Size: 42"}


def test_what_is_known_is_not_proposed_again() -> None:
    known = (Memory(id="m", segment="customer", subject="v", key="size", text="Size: 42"),)
    assert proposed("I wear size 42", known=known) == {}
    assert proposed("I wear size 43", known=known) == {"size": "Size: 43"}


def test_nothing_is_taken_from_the_reply() -> None:
    assert propose("thanks", "My name is Aria", segment="customer", subject="v") == ()


def test_where_a_proposal_comes_from() -> None:
    (memory,) = propose("My name is Ana", segment="customer", subject="v", record="s1:4", created="now", expires="then")
    assert (memory.id, memory.record, memory.created, memory.expires, memory.confidence) == (
        "s1:4.name",
        "s1:4",
        "now",
        "then",
        0.95,
    )


@given(st.text(max_size=300))
def test_any_text_gives_few_short_proposals(words: str) -> None:
    found = propose(words, segment="s", subject="v")
    assert len(found) <= 8
    assert all(len(memory.text) < 250 and 0 < memory.confidence <= 1 for memory in found)
    assert found == propose(words, segment="s", subject="v")


@pytest.mark.parametrize(
    "piece", ["my name is ", "I'm A", "i wear size ", "my email is a@b.", "A ", "remember that ", "not "]
)
def test_hostile_repetition_ends(piece: str) -> None:
    assert len(propose(piece * 200_000, segment="s", subject="v")) <= 8
