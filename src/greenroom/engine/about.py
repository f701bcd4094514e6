"""What policy is asked about words: those of a person, of a model, of a memory, of a passage, and a prompt as a whole.

Invariant: each hook's question is made here and nowhere else, so that who reads a log can put it once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from greenroom.core.messages import Message
from greenroom.core.values import Json, Memory, Origin, Passage, trusted
from greenroom.policy.port import Question, SessionFacts


def about_text(hook: Literal["input", "output"], text: str, facts: SessionFacts) -> Question:
    """Whether these words may be taken in, or shown."""
    origin: Origin = "user" if hook == "input" else "model"
    return trusted(Question, hook=hook, payload={"text": text}, origin=origin, session=facts)


def about_prompt(model: str, messages: Iterable[Message], facts: SessionFacts) -> Question:
    """Whether these messages may be sent to a model."""
    rows: list[Json] = [{"role": one.role, "source": one.source, "text": one.text} for one in messages]
    return Question(hook="prompt", subject=model, payload={"messages": rows}, origin="persona", session=facts)


def about_memory(memory: Memory, facts: SessionFacts) -> Question:
    """Whether a model may read this memory."""
    return trusted(
        Question,
        hook="memory.read",
        subject=memory.segment,
        payload=_remembered(memory),
        origin="memory",
        segment=memory.segment,
        session=facts,
    )


def about_keeping(memory: Memory, facts: SessionFacts) -> Question:
    """Whether this may be remembered."""
    return Question(
        hook="memory.write",
        subject=memory.id,
        payload=_remembered(memory),
        segment=memory.segment,
        session=facts,
    )


def about_passage(passage: Passage, facts: SessionFacts) -> Question:
    """Whether a model may read this passage."""
    payload = {
        "text": passage.text,
        "source": passage.source,
        "heading": passage.heading,
        "collection": passage.collection,
        "score": passage.score,
    }
    return trusted(
        Question, hook="retrieval", subject=passage.label, payload=payload, origin=passage.origin, session=facts
    )


def _remembered(memory: Memory) -> dict[str, Json]:
    return {"text": memory.text, "key": memory.key, "segment": memory.segment}
