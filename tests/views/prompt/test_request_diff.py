"""Two requests set beside one another, and what a prompt leaves out: nothing is lost and nothing made up."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.messages import Message, ModelRequest
from greenroom.core.values import Memory, Passage, ToolSpec
from greenroom.views.prompt.left_out import left_out
from greenroom.views.prompt.request_diff import request_diff, text_of
from greenroom.views.prompt.transcript import HISTORY_TURNS, TranscriptTurn
from greenroom.views.turns.memory import MemoryTurn, Remembered
from greenroom.views.turns.retrieval import Hit, RetrievalTurn

SOURCES = st.sampled_from(["system", "voice", "memory", "passages", "history", "input", "tool"])
MESSAGES = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant"]),
        text=st.text(alphabet="ab \n[", max_size=12),
        source=SOURCES,
    ),
    max_size=6,
)


def request(*messages: Message, model: str = "m", tools: tuple[ToolSpec, ...] = (), **params: float) -> ModelRequest:
    return ModelRequest(model=model, messages=messages, tools=tools, params=dict(params))


@given(MESSAGES, MESSAGES)
def test_what_stayed_and_went_is_the_one_and_what_stayed_and_came_the_other(
    one: list[Message], other: list[Message]
) -> None:
    diff = request_diff(request(*one), request(*other))
    before, after = [], []
    for part in diff.messages:
        if part.became == "changed":
            before.append("".join(text for change, text in part.words if change != "came"))
            after.append("".join(text for change, text in part.words if change != "gone"))
        else:
            before += [text_of(part.message)] if part.became != "came" else []
            after += [text_of(part.message)] if part.became != "gone" else []
    assert after == [text_of(message) for message in other]
    assert sorted(before) == sorted(text_of(message) for message in one)
    assert request_diff(request(*one), request(*one)).same


def test_what_was_said_before_has_stayed_and_other_passages_are_told_by_paragraph() -> None:
    said = Message(role="user", text="Where is it?", source="input")
    found = Message(role="system", text="Passages.\n\n[1] a\nOne thing.\n\n[2] b\nAnother.", source="passages")
    other = found.model_copy(update={"text": "Passages.\n\n[1] c\nQuite something else here.\n\n[2] b\nAnother."})
    now = Message(role="user", text="And now?", source="input")
    history = said.model_copy(update={"source": "history"})
    diff = request_diff(request(found, said), request(other, history, now))
    assert [(one.became, one.message.source) for one in diff.messages] == [
        ("changed", "passages"),
        ("same", "history"),
        ("came", "input"),
    ]
    words = diff.messages[0].words
    assert words[0].change == "same"
    assert words[-1].text.endswith("Another.")


def test_model_parameters_and_tools_are_told_too() -> None:
    tool = ToolSpec(name="a.b", description="d", parameters={})
    before = request(model="m", tools=(tool,), temperature=0.2, seed=1)
    changed = tool.model_copy(update={"description": "e"})
    after = request(model="n", tools=(changed, tool.model_copy(update={"name": "c.d"})), temperature=0.7)
    assert request_diff(before, after).others == (
        "model m -> n",
        "temperature 0.2 -> 0.7",
        "seed 1 -> none",
        "tool a.b changed",
        "tool c.d added",
    )


def test_what_had_no_room_comes_first_and_each_says_why() -> None:
    told = TranscriptTurn("hi", released="Hello.", taken_in=True)
    earlier = [
        told,
        TranscriptTurn("no", released="", taken_in=False),
        TranscriptTurn("x", taken_in=True, abandoned=True),
        *[told] * HISTORY_TURNS,
    ]
    passage = Passage(id="p", source="a.md", heading="b", text="t", start=0, end=1, collection="c", score=0.5)
    hits = (
        Hit(1, passage, cited=1),
        Hit(2, passage, reason="score: 0.1 is under 0.2"),
        Hit(3, passage, reason="budget: 900 characters, 20 left of 6000"),
    )
    memory = Memory(id="m1", segment="s", subject="v", text="size: 42", record="r", created="2026-11-20T10:00:00Z")
    remembered = MemoryTurn(
        1, recalled=(Remembered(memory, "left out", "policy: memory.rule"), Remembered(memory, "recalled"))
    )
    found = left_out(earlier, RetrievalTurn(1, hits=hits), remembered)
    assert [(one.kind, one.why.partition(":")[0], one.fits) for one in found] == [
        ("turn", "budget", False),
        ("passage", "budget", False),
        ("turn", "its words were not let in", True),
        ("turn", "it was given up", True),
        ("memory", "policy", True),
        ("passage", "score", True),
    ]
    assert left_out([told], None, None) == ()
