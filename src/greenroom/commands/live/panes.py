"""What each pane of the workbench shows, as lines and as data: for the REPL's slash words and for `session show --pane`.

Invariant: a pane is a fold of the records it is given and nothing else; given the records until an event, it is the pane
as it was at that event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args

from pydantic_core import to_jsonable_python

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.live.narrate import as_json
from greenroom.core.errors import UsageError
from greenroom.core.events import Record
from greenroom.core.values import Json
from greenroom.engine.contract import Contract
from greenroom.engine.model_call.generating import request_for
from greenroom.policy.explain import explain, value_text
from greenroom.views.fold import Turns, fold_all
from greenroom.views.prompt import transcript as transcript_view
from greenroom.views.turns import memory as memory_view
from greenroom.views.turns import retrieval as retrieval_view
from greenroom.views.turns import tools as tools_view
from greenroom.views.turns import usage as usage_view
from greenroom.views.turns import verdicts as verdicts_view

T = TypeVar("T")
Name = Literal["memory", "retrieval", "policy", "tools", "prompt", "usage"]
NAMES: tuple[Name, ...] = get_args(Name)
_UNDECIDED = {"found": "found, not chosen yet", "left": "found, and the turn ended"}
"""What there is to say of a passage before anything is chosen."""


def pane(name: str, records: Sequence[Record], turn: int | None, contract: Callable[[], Contract]) -> Answer[Any]:
    """The pane of this name for turn `turn`, None for the last; `contract` gives what governed the session then.

    Raises:
        UsageError: there is no such turn, or what `contract` raises.
    """
    match name:
        case "memory":
            return memory(records, turn)
        case "retrieval":
            return retrieval(records, turn)
        case "policy":
            return policy(records, turn)
        case "tools":
            return tools(records, turn)
        case "prompt":
            return prompt(records, turn, contract())
        case _:
            return usage(records, turn)


def policy(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    """The verdicts in which a rule had a say; data has all of them."""
    now = _turn(fold_all(verdicts_view.fold, verdicts_view.EMPTY, records), turn)
    lines: list[str] = []
    for one in now.worth_showing() if now else ():
        lines += [f"{one.hook} {one.subject}".rstrip(), *(f"  {line}" for line in explain(one.verdict))]
    return answer(now, lines or ["nothing but plain allows"], _data(now))


def memory(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    """What was recalled, proposed, kept and refused."""
    now = _turn(fold_all(memory_view.fold, memory_view.EMPTY, records), turn)
    items = (*now.recalled, *now.proposed) if now else ()
    rows = [(one.fate, one.memory.id, one.memory.segment, one.memory.text, one.why) for one in items]
    lines = table(("fate", "memory", "segment", "text", "why"), rows) or ["no memories in this turn"]
    return answer(now, lines, _data(now))


def retrieval(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    """The legs that answered, and every candidate with its scores and its fate."""
    now = _turn(fold_all(retrieval_view.fold, retrieval_view.EMPTY, records), turn)
    rows = [
        (
            hit.cited or "-",
            f"{hit.passage.score:.2f}",
            "-" if hit.passage.vector is None else f"{hit.passage.vector:.2f}",
            "-" if hit.passage.lexical is None else f"{hit.passage.lexical:.2f}",
            hit.passage.label,
            hit.reason or ("kept" if hit.cited else _UNDECIDED.get(now.stage, "not chosen") if now else ""),
        )
        for hit in (now.hits if now else ())
    ]
    heads = ("cited", "score", "vector", "lexical", "source", "fate")
    legs = [f"legs: {' + '.join(now.legs) or 'none'}"] if now else []
    return answer(now, [*legs, *table(heads, rows)] or ["nothing was looked up"], _data(now))


def tools(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    """The calls: with what, decided how, and what came of them."""
    now = _turn(fold_all(tools_view.fold, tools_view.EMPTY, records), turn)
    lines: list[str] = []
    for view in now.calls if now else ():
        ran = view.ran_with if view.ran_with is not None else view.call.arguments
        lines.append(f"{view.call.id} {view.call.tool} {as_json(ran)}")
        lines.append(f"  {view.verdict or '-'} by {view.rule or '-'} · {view.answer or 'not asked'} · {view.status}")
        lines.append(f"  {view.error or value_text(view.output)}")
    return answer(now, lines or ["no tool was called"], _data(now))


def prompt(records: Sequence[Record], turn: int | None, contract: Contract) -> Answer[Any]:
    """The messages of the turn's next model call as the log stands, its model and its tools."""
    state = fold_all(transcript_view.fold, transcript_view.EMPTY, records)
    _turn(state, turn)
    if turn is not None:
        turns = state.all()
        state = Turns(turns[: turn - 1], turns[turn - 1])
    request = request_for(contract, state)
    lines: list[str] = []
    for message in request.messages:
        lines += [f"[{message.role} · {message.source}]", *message.text.splitlines(), ""]
    names = ", ".join(spec.name for spec in request.tools)
    lines.append(f"model {request.model} · tools {names or 'none'}")
    return answer(request, lines, request.model_dump(mode="json"))


def usage(records: Sequence[Record], turn: int | None) -> Answer[Any]:
    """Tokens, money and time of every turn, or of one."""
    state = fold_all(usage_view.fold, usage_view.EMPTY, records)
    one = _turn(state, turn)
    turns = state.all() if turn is None or one is None else (one,)
    rows = [
        (
            now.turn,
            now.model,
            now.usage.input_tokens,
            now.usage.output_tokens,
            f"{now.usage.usd:.4f}",
            now.model_milliseconds,
            now.tool_milliseconds,
        )
        for now in turns
    ]
    total = usage_view.total(state)
    lines = table(("turn", "model", "tokens in", "out", "usd", "model ms", "tool ms"), rows)
    data = {**total.model_dump(mode="json"), "turns": to_jsonable_python(turns)}
    return answer(total, [*lines, f"in all {total.tokens} tokens, {total.usd:.4f} USD"], data)


def turn_number(words: str) -> int | None:
    """The turn that the words behind a slash word name; None where there are none.

    Raises:
        UsageError: they are not a number.
    """
    if not words:
        return None
    if not words.isdecimal():
        raise UsageError(f"'{words}' is not the number of a turn")
    return int(words)


def _turn(state: Turns[T], turn: int | None) -> T | None:
    found = state.last() if turn is None else state.number(turn)
    if turn is not None and found is None:
        raise UsageError(f"there is no turn {turn}", hint=f"there are {len(state.all())}")
    return found


def _data(now: object) -> Json:
    return to_jsonable_python(now) if now is not None else {}
