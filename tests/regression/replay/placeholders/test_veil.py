"""What a veil takes to be there in full is read by nothing that could see a placeholder; everything else is looked at."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from greenroom.core.values import Hook, Json, ToolSpec
from greenroom.detectors.own import MASK
from greenroom.detectors.walk import walk
from greenroom.policy.language import vocabulary
from greenroom.policy.language.arguments import flatten
from greenroom.policy.port import Question, SessionFacts
from greenroom.regression.replay.placeholders.veil import Veil
from greenroom.regression.tape.replaced import masks_in

HIDDEN, SAID = "‹email#1›", "‹email#2›"
"""A placeholder that stands for something, and one that was there as words."""
VEIL = Veil(frozenset({HIDDEN}), {})
TEXTS = st.sampled_from(("", "shoes", HIDDEN, f"to {HIDDEN}", SAID, "‹email#1", "‹"))
KEYS = st.sampled_from(("text", "source", "collection", "heading", "key", "args", HIDDEN))
VALUES: st.SearchStrategy[Json] = st.recursive(
    TEXTS | st.integers() | st.floats() | st.none(),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(TEXTS, below, max_size=2),
    max_leaves=4,
)
HOOKS: tuple[Hook, ...] = ("input", "memory.read", "retrieval", "prompt", "tool.call", "tool.result", "memory.write")


@st.composite
def questions(draw: st.DrawFn) -> Question:
    tool = draw(st.none() | st.builds(lambda name: ToolSpec(name=f"a{name}", description="", parameters={}), TEXTS))
    return Question(
        hook=draw(st.sampled_from(HOOKS)),
        subject=draw(TEXTS),
        payload=draw(st.dictionaries(KEYS, VALUES, max_size=3)),
        tool=tool,
        segment=draw(TEXTS),
        session=SessionFacts(
            counts=draw(st.dictionaries(TEXTS, st.integers(0, 3), max_size=1)),
            sums=draw(st.dictionaries(TEXTS, st.floats(0, 9), max_size=1)),
        ),
    )


def read_of(question: Question) -> dict[str, Any]:
    """The value of every name that a clause may use about it."""
    args = question.payload.get("args")
    types = dict.fromkeys((f"args.{key}" for key in args), "dyn") if isinstance(args, dict) else {}
    return vocabulary.values(question, ()) | flatten(args if isinstance(args, dict) else {}, types)


@given(questions())
@example(Question(hook="memory.read", segment=HIDDEN))
@example(Question(hook="input", session=SessionFacts(counts={HIDDEN: 1})))
def test_where_it_is_lifted_nothing_that_is_read_has_a_placeholder(question: Question) -> None:
    if not VEIL.lifted(question):
        return
    assert question.hook != "tool.call"
    assert HIDDEN not in str(read_of(question))
    assert HIDDEN not in str([question.subject, question.payload])
    assert not VEIL.over(question)


def test_it_is_lifted_from_words_without_placeholders_and_from_those_that_were_said() -> None:
    said = Question(hook="input", payload={"text": f"My address is {SAID}"})
    assert VEIL.lifted(said)
    assert not VEIL.lifted(Question(hook="input", payload={"text": f"My address is {HIDDEN}"}))


@given(VALUES)
@example("\ud800" + HIDDEN)
@example({1: HIDDEN})
@example([10**30, HIDDEN])
def test_no_placeholder_in_a_value_is_overlooked(value: Json) -> None:
    assert masks_in(value) == {mask for _, text in walk(value).strings for mask in MASK.findall(text)}
