"""Google ADK eval sets: cases with a conversation of invocations, in either spelling of their keys.

Looked at: google-adk 2.13.0 (`EvalSet`, `EvalCase`, `Invocation`, `IntermediateData`, `InvocationEvents`), whose JSON is
`eval_set_id` or `evalSetId` alike. Written are `invocation_events`, because they keep which calls belong to one reply.
Invariant: a fixture that was written is read back with the same turns, calls, arguments and results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Call, Conversation, Loss, Losses, Reply, Result, Turn
from greenroom.regression.interop.expected import call, keep
from greenroom.regression.interop.source import fit, text_in
from greenroom.regression.interop.taped import Taped, by_turn

_CASE = {"eval_id", "conversation", "creation_timestamp", "final_session_state", "session_input"}
_INVOCATION = {"invocation_id", "user_content", "final_response", "intermediate_data", "creation_timestamp"}
_TIMES = {"duration", "model_duration", "tool_duration"}
_CAMEL = re.compile(r"(?<=[a-z])([A-Z])")


def read(entries: Iterable[tuple[str, Json]], losses: Losses) -> list[Conversation]:
    """One conversation an eval case."""
    out: list[Conversation] = []
    for where, entry in entries:
        found = _snake(entry)
        if text_in(found, "description"):
            losses.note(where, "the description of the set", "a draft has no place for it")
        cases = found.get("eval_cases")
        for number, case in enumerate(cases if isinstance(cases, list) else []):
            out += _case(_snake(case), f"{where} eval_cases[{number}]", losses)
    return out


def write(tapes: Iterable[Taped]) -> tuple[str, list[Loss]]:
    """One eval set with a case a fixture."""
    losses = Losses()
    cases: list[Json] = []
    for taped in tapes:
        taped.note_losses(losses, "an eval case holds no")
        app = taped.persona.partition("@")[0] or "greenroom"
        invocations = [
            _invocation(number, turn, app, taped.name, losses)
            for number, turn in enumerate(taped.conversation.turns, 1)
        ]
        session: dict[str, Json] = {"app_name": app, "user_id": "user", "state": {}}
        cases.append({"eval_id": taped.name, "conversation": invocations, "session_input": session})
        for _, item in by_turn(taped.conversation.expectations, len(invocations)):
            for key in item.keys() - {"call", "tools"}:
                losses.note(
                    taped.name, f"the expectation on {key}", "an eval case expects its recorded calls and replies"
                )
    found = {"eval_set_id": "greenroom", "name": "Fixtures exported from Greenroom", "eval_cases": cases}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n", losses


def _case(case: dict[str, Json], where: str, losses: Losses) -> list[Conversation]:
    invocations = case.get("conversation")
    if not isinstance(invocations, list):
        why = "it is a scenario for a simulated user" if "conversation_scenario" in case else "it has no conversation"
        losses.note(where, "an eval case", why)
        return []
    for key in case.keys() - _CASE:
        if case[key] not in (None, [], {}):
            losses.note(where, f"'{str(key)[:40]}' of a case", "a draft has no place for it")
    if isinstance(state := _snake(case.get("session_input")).get("state"), dict) and state:
        losses.note(where, "the state a session begins with", "a persona has memory and tools in its place")
    if case.get("final_session_state"):
        losses.note(where, "the state a session ends with", "a persona has memory and tools in its place")
    turns: list[Turn] = []
    wanted: list[dict[str, Json]] = []
    for number, invocation in enumerate(invocations):
        place = f"{where} conversation[{number}]"
        if (turn := _turn(_snake(invocation), place, losses)) is not None:
            turns.append(turn)
            wanted += keep(_expected(turn), len(turns), place, "the expected use of a tool", losses)
    if any(turn.answered for turn in turns):
        losses.note(where, "how near a reply must come", "ADK has it in another file, with the criteria")
    if not turns:
        losses.note(where, "an eval case", "the person says nothing in it")
        return []
    return [Conversation(tuple(turns), name=text_in(case, "eval_id"), where=where, expectations=tuple(wanted))]


def _expected(turn: Turn) -> list[dict[str, Json]]:
    """An eval case expects the calls that it has recorded, no others, in their order and with their very arguments."""
    calls: list[Json] = [call(one.tool, one.args, exact=True) for reply in turn.replies for one in reply.calls]
    return [{"tools": {"calls": calls, "order": "strict"}}] if calls else []


def _turn(invocation: dict[str, Json], where: str, losses: Losses) -> Turn | None:
    words, _ = _parts(invocation.get("user_content"), where, losses)
    if not words.strip():
        losses.note(where, "an invocation", "the person says nothing in it")
        return None
    for key in invocation.keys() - _INVOCATION - _TIMES:
        if invocation[key] not in (None, [], {}):
            losses.note(where, f"'{str(key)[:40]}' of an invocation", "a draft has no place for it")
    replies = list(_steps(_snake(invocation.get("intermediate_data")), where, losses))
    said, _ = _parts(invocation.get("final_response"), where, losses)
    if invocation.get("final_response") is not None and not (
        replies and not replies[-1].calls and replies[-1].text == said
    ):
        replies.append(Reply(said))
    return Turn(words, tuple(replies))


def _steps(data: dict[str, Json], where: str, losses: Losses) -> Iterator[Reply]:
    """The replies before the last one."""
    events = data.get("invocation_events")
    if isinstance(events, list):
        yield from _from_events(events, where, losses)
        return
    if data.get("intermediate_responses"):
        losses.note(where, "what other agents said in between", "a draft has one persona")
    results = [_snake(one) for one in _list(data, "tool_responses")]
    for number, use in enumerate(_list(data, "tool_uses")):
        found = _snake(use)
        name, tool = text_in(found, "id"), text_in(found, "name")
        match = next(
            (r for r in results if (name and text_in(r, "id") == name) or (not name and text_in(r, "name") == tool)),
            None,
        )
        if match is not None:
            results.remove(match)
        yield Reply("", (_call(found, f"{where} tool_uses[{number}]", losses, match),))


def _from_events(events: list[Json], where: str, losses: Losses) -> Iterator[Reply]:
    told = [_told(_snake(event), where, losses) for event in events]
    results = [result for _, _, found in told for result in found]
    for text, uses, _ in told:
        calls = []
        for use in uses:
            match = next((r for r in results if text_in(r, "id") == text_in(use, "id")), None)
            if match is not None:
                results.remove(match)
            calls.append(_call(use, where, losses, match))
        if text or calls:
            yield Reply(text, tuple(calls))


def _told(
    event: dict[str, Json], where: str, losses: Losses
) -> tuple[str, list[dict[str, Json]], list[dict[str, Json]]]:
    """What one event says: words, calls, results."""
    text, parts = _parts(event.get("content"), where, losses)
    uses = [_snake(part["function_call"]) for part in parts if isinstance(part.get("function_call"), dict)]
    found = [_snake(part["function_response"]) for part in parts if isinstance(part.get("function_response"), dict)]
    return text, uses, found


def _call(use: dict[str, Json], where: str, losses: Losses, response: dict[str, Json] | None) -> Call:
    args = fit(use.get("args") or {}, where, losses)
    result = None
    if response is not None:
        output = fit(response.get("response"), where, losses)
        # A tool that does not return a table has its value under `result`, and what went wrong under `error`.
        if isinstance(output, dict) and output.keys() == {"result"}:
            output = output["result"]
        failed = isinstance(output, dict) and output.keys() == {"error"}
        result = Result(error=str(output["error"]), status="failed") if failed else Result(output)
    return Call(text_in(use, "name") or "unnamed", args if isinstance(args, dict) else {}, result)


def _parts(content: Any, where: str, losses: Losses) -> tuple[str, list[dict[str, Json]]]:
    """The words of a content, and its parts."""
    parts = [_snake(part) for part in _list(_snake(content), "parts")]
    texts = []
    for part in parts:
        if isinstance(part.get("text"), str) and not part.get("thought"):
            texts.append(part["text"])
        elif not any(isinstance(part.get(key), dict) for key in ("function_call", "function_response")):
            kind = (
                "a thought"
                if part.get("thought")
                else next((k for k, item in part.items() if item is not None), "empty")
            )
            losses.note(where, f"a part of a content that is {kind[:40]}", "a draft holds words only")
    return str(fit("\n".join(texts), where, losses)), parts


def _invocation(number: int, turn: Turn, app: str, name: str, losses: Losses) -> dict[str, Json]:
    out: dict[str, Json] = {"invocation_id": f"turn-{number}", "user_content": _content("user", [{"text": turn.user}])}
    events: list[Json] = []
    for place, reply in enumerate(turn.replies[:-1] if turn.answered else turn.replies):
        ids = [f"call-{number}-{place}-{index}" for index, _ in enumerate(reply.calls)]
        uses = [
            {"function_call": {"id": key, "name": call.tool, "args": call.args}}
            for key, call in zip(ids, reply.calls, strict=True)
        ]
        events.append(
            {"author": app, "content": _content("model", [*([{"text": reply.text}] if reply.text else []), *uses])}
        )
        results = [_response(key, call, name, losses) for key, call in zip(ids, reply.calls, strict=True)]
        events.append({"author": app, "content": _content("user", results)})
    if turn.answered:
        out["final_response"] = _content("model", [{"text": turn.text}])
    return out | {"intermediate_data": {"invocation_events": events}}


def _response(key: str, call: Call, name: str, losses: Losses) -> Json:
    result = call.result or Result()
    if result.status == "done":
        output = result.output
        plain = isinstance(output, dict) and output.keys() not in ({"result"}, {"error"})
        response: Json = output if plain else {"result": output}
    else:
        response = {"error": result.error}
        if result.status != "failed":
            losses.note(name, f"that a call ended as {result.status}", "a response has an error or none")
    return {"function_response": {"id": key, "name": call.tool, "response": response}}


def _content(role: str, parts: list[Json]) -> Json:
    return {"role": role, "parts": parts}


def _snake(value: Any) -> dict[str, Json]:
    """A table with its keys in the one spelling; {} for anything else."""
    if not isinstance(value, dict):
        return {}
    return {_CAMEL.sub(lambda found: "_" + found[1].lower(), str(key)): item for key, item in value.items()}


def _list(table: dict[str, Json], key: str) -> list[Any]:
    found = table.get(key)
    return found if isinstance(found, list) else []
