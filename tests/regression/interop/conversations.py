"""Conversations to generate, and a file as the command reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from greenroom.core.values import Json
from greenroom.detectors import find
from greenroom.regression.interop.conversation import Call, Conversation, Reply, Result, Source, Turn
from greenroom.regression.interop.detect import read_source
from greenroom.regression.interop.taped import Taped

TOOLS = ("orders.get", "orders.refund", "tickets.create")
_ALPHABET = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])
_ROUGH = st.sampled_from(
    ["{}", "null", "1e3", "no", "~", "12:30", "0x1f", "- a", "a: b", "{{ x }}", '"', " x", "#", "\n", "'", "…"]
)
TEXTS = st.one_of(st.text(_ALPHABET, max_size=20), st.builds("".join, st.lists(_ROUGH, min_size=1, max_size=3)))
WORDS = TEXTS.filter(lambda text: bool(text.strip()))
_NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
_CALLS = st.builds(
    Call,
    tool=st.sampled_from(TOOLS),
    args=st.dictionaries(TEXTS, VALUES, max_size=3),
    result=st.builds(Result, output=VALUES),
)
_STEPS = st.builds(Reply, text=TEXTS, calls=st.lists(_CALLS, min_size=1, max_size=2).map(tuple))
TURNS = st.builds(
    lambda user, steps, last: Turn(user, (*steps, Reply(last))), WORDS, st.lists(_STEPS, max_size=2), TEXTS
)


def conversations() -> st.SearchStrategy[tuple[Turn, ...]]:
    """Turns that all came to an answer, with every call done, and nothing in them that is masked: Hypothesis also draws
    constants of the code under test, card numbers among them.
    """
    return st.lists(TURNS, min_size=1, max_size=3).map(tuple).filter(_plain)


def _plain(turns: tuple[Turn, ...]) -> bool:
    said: list[Json] = [text for turn in turns for text in (turn.user, *(reply.text for reply in turn.replies))]
    calls = [call for turn in turns for reply in turn.replies for call in reply.calls]
    return not find(
        [*said, *(value for call in calls for value in (call.args, call.result.output if call.result else None))]
    )


def taped(turns: tuple[Turn, ...], name: str = "one", **more: Any) -> Taped:
    return Taped(name, "aria@1.3.0", Conversation(turns, name=name, **more))


def source(folder: Path, name: str, text: str, format: str = "auto") -> Source:
    """What `text` in a file of this name is read as."""
    path = folder / name
    path.write_bytes(text.encode())
    return read_source(path, format, ("aria", "Aria"))


def plain(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The turns with tools named as providers have them."""
    named = {tool: tool.replace(".", "__") for tool in TOOLS}
    return Conversation(turns).with_tools(named).turns
