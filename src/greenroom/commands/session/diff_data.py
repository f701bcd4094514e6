"""Sessions beside one another as JSON: everything that the lines say, and what they leave out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from greenroom.core.values import Json
from greenroom.views.comparison.comparison import ComparedTurn, Comparison, Row, Words
from greenroom.views.comparison.facts import Call, Decision, Hit, Kept, Question, TurnFacts

T = TypeVar("T", Call, Decision, Hit, Kept, Question)


def data_of(compared: Comparison) -> dict[str, Json]:
    """`{"same", "shared_turns", "sides", "parts", "turns"}`; lists of one item a side, None where a side has no such thing."""
    return {
        "same": compared.same,
        "shared_turns": compared.shared,
        "shared_records": compared.shared_records,
        "sides": [_side(compared, place) for place in range(len(compared.sides))],
        "parts": [{"name": part.name, "digests": list(part.digests)} for part in compared.parts],
        "turns": [_turn(turn) for turn in compared.turns],
    }


def _side(compared: Comparison, place: int) -> dict[str, Json]:
    side, governed, used = compared.sides[place], compared.governed[place], compared.usage(place)
    return {
        "label": side.label,
        "session": side.session,
        "persona": governed.persona,
        "version": governed.version,
        "model": governed.model,
        "autonomy": governed.autonomy,
        "digests": dict(governed.digests),
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "usd": used.usd,
        "milliseconds": compared.milliseconds(place),
    }


def _turn(turn: ComparedTurn) -> dict[str, Json]:
    return {
        "differs": turn.differs,
        "turns": [None if one is None else one.turn for one in turn.turns],
        "records": [None if one is None else one.seq for one in turn.turns],
        "said": _words(turn.said),
        "asides": _words(turn.asides),
        "reply": _words(turn.reply),
        "outcome": [None if one is None else one.outcome for one in turn.turns],
        "edits": [None if one is None else list(one.edits) for one in turn.turns],
        "calls": _rows(turn.calls, _call),
        "asked": _rows(turn.asked, _question),
        "verdicts": _verdicts(turn),
        "passages": _rows(turn.hits, _hit),
        "memories": _rows(turn.memories, _kept),
        "figures": [None if one is None else _figures(one) for one in turn.turns],
        "governed": [
            None
            if one is None
            else {"persona": one.persona, "version": one.version, "model": one.model, "autonomy": one.autonomy}
            for one in turn.governed
        ],
    }


def _words(words: Words) -> dict[str, Json]:
    """The texts, and for each but the first that is there what became of its words: `[["same", "I can "], ...]`."""
    base = next((place for place, text in enumerate(words.texts) if text is not None), 0)
    diffs = [
        [[piece.change, piece.text] for piece in words.between(place, base)]
        if place != base and text is not None and words.differs
        else None
        for place, text in enumerate(words.texts)
    ]
    return {"differs": words.differs, "texts": list(words.texts), "diff": diffs}


def _rows(rows: Sequence[Row[T]], tell: Callable[[T], dict[str, Json]]) -> list[Json]:
    return [
        {"differs": row.differs, "sides": [None if cell is None else tell(cell) for cell in row.cells]} for row in rows
    ]


def _verdicts(turn: ComparedTurn) -> list[Json]:
    flipped = turn.flipped
    found = _rows(turn.decisions, _decision)
    return [{**one, "flipped": row in flipped} for one, row in zip(found, turn.decisions, strict=True)]


def _call(one: Call) -> dict[str, Json]:
    return {
        "tool": one.tool,
        "arguments": one.arguments,
        "edited": one.edited,
        "status": one.status,
        "output": one.output,
        "error": one.error,
        "milliseconds": one.milliseconds,
        "asked": [_question(question) for question in one.asked],
    }


def _question(one: Question) -> dict[str, Json]:
    return dict(one._asdict())


def _decision(one: Decision) -> dict[str, Json]:
    return {
        "hook": one.hook,
        "subject": one.subject,
        "effect": one.effect,
        "rule": one.rule,
        "why": one.why,
        "risk": one.risk,
    }


def _hit(one: Hit) -> dict[str, Json]:
    return {
        "id": one.id,
        "label": one.label,
        "rank": one.rank,
        "score": one.score,
        "cited": one.cited,
        "reason": one.reason,
    }


def _kept(one: Kept) -> dict[str, Json]:
    return {"place": one.place, "segment": one.segment, "key": one.name, "text": one.text, "fate": one.fate}


def _figures(one: TurnFacts) -> dict[str, Json]:
    cost = one.cost
    return {
        "input_tokens": cost.usage.input_tokens,
        "output_tokens": cost.usage.output_tokens,
        "usd": cost.usage.usd,
        "milliseconds": cost.total_milliseconds,
        "model_milliseconds": cost.model_milliseconds,
        "tool_milliseconds": cost.tool_milliseconds,
        "first_token_milliseconds": cost.first_token_milliseconds,
        "model_calls": cost.model_calls,
        "failed_attempts": cost.failed_attempts,
    }
