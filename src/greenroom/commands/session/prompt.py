"""`session prompt`: what a model call of a session was given, as lines, as it goes over the wire, or as a command.

Invariant: nothing is sent; the request is the one the log commits to, or it is said that it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.assembly.past.sent import Sent
    from greenroom.core.events import Record
    from greenroom.core.messages import ModelRequest
    from greenroom.models.litellm_raw import Wire
    from greenroom.views.prompt.left_out import LeftOut
    from greenroom.workspace.layout import Workspace


def prompt(asked: Invocation) -> Answer[Sent]:
    """What a call was given; the last one of the session where none is named.

    Raises:
        UsageError: there is no such session, turn or call, or no address for a curl command.
        FileInvalid: with `--diff disk`, what is on disk is broken.
        ServiceUnavailable: the model of `--model` is not known, or would refuse the request.
        LogDamaged: the log does not verify.
    """
    from greenroom.assembly import read_session, session_id

    workspace = asked.workspace()
    records = read_session(workspace, session_id(workspace, asked.text("session")))
    calls = _calls(records)
    chosen = _chosen(calls, asked.number("turn"), asked.number("call"))
    how = asked.text("format")
    if against := asked.text("diff"):
        return _against(workspace, calls, chosen, against)
    if how == "text":
        return _shown(records, chosen)
    return _on_the_wire(workspace, chosen, how, asked.text("model"))


def _calls(records: Sequence[Record]) -> tuple[tuple[Sent, ...], ...]:
    from greenroom.assembly.past.sent import all_sent

    return tuple(all_sent(records))


def _chosen(calls: Sequence[Sequence[Sent]], turn: int | None, call: int | None) -> Sent:
    if turn is None:
        turn = next((number for number in range(len(calls), 0, -1) if calls[number - 1]), 0)
    if not 0 < turn <= len(calls):
        raise UsageError(f"there is no turn {turn}", hint=f"this session has {len(calls)}", code="prompt.turn")
    of_turn = calls[turn - 1]
    if not of_turn:
        raise UsageError(f"no model was asked in turn {turn}", code="prompt.call")
    found = of_turn[-1] if call is None else next((one for one in of_turn if one.number == call), None)
    if found is None:
        raise UsageError(
            f"turn {turn} has no model call {call}", hint=f"it has 1 to {of_turn[-1].number}", code="prompt.call"
        )
    return found


def _shown(records: Sequence[Record], one: Sent) -> Answer[Sent]:
    from greenroom.views.prompt.request_diff import size, text_of

    missing = _left_out(records, one)
    lines = [_head(one)]
    for message in one.request.messages:
        lines += [f"-- {message.source} · {message.role} · about {size(text_of(message))} tokens"]
        lines += text_of(message).splitlines()
    names = ", ".join(spec.name for spec in one.request.tools) or "none"
    params = " ".join(f"{name}={value}" for name, value in one.request.params.items())
    lines += [f"-- model {one.request.model} {params}".rstrip(), f"-- tools {names}"]
    if missing:
        lines += ["-- not sent", *(f"{left.kind:<8} {inert_line(left.name)}: {left.why}" for left in missing)]
    notes = ["the log commits to other words than these"] if one.exact is False else []
    return answer(one, lines, {**_data(one), "left_out": [_left(left) for left in missing]}, notes=notes)


def _head(one: Sent) -> str:
    from greenroom.views.prompt.request_diff import request_size

    counted = one.reply.usage.input_tokens if one.reply is not None else 0
    parts = [
        f"turn {one.turn}, call {one.number}: {len(one.request.messages)} messages",
        f"about {request_size(one.request)} tokens",
        *([f"{counted} counted by {one.reply.model}"] if one.reply is not None and counted else []),
        *(["due"] if one.reply is None else ["as sent"] if one.exact else []),
    ]
    return " · ".join(parts)


def _data(one: Sent) -> dict[str, Json]:
    from greenroom.views.prompt.request_diff import request_size, sizes_of

    request = one.request
    sizes: list[Json] = list(sizes_of(request)[0])
    usage = one.reply.usage if one.reply is not None else None
    return {
        "turn": one.turn,
        "call": one.number,
        "exact": one.exact,
        "tokens": {
            "estimated": request_size(request),
            "messages": sizes,
            "counted": usage.input_tokens if usage else None,
        },
        "request": request.model_dump(mode="json"),
    }


def _left_out(records: Sequence[Record], one: Sent) -> tuple[LeftOut, ...]:
    from greenroom.views.fold import fold_all
    from greenroom.views.prompt.left_out import left_out
    from greenroom.views.turns import memory, retrieval

    found = fold_all(retrieval.fold, retrieval.EMPTY, records).number(one.turn)
    remembered = fold_all(memory.fold, memory.EMPTY, records).number(one.turn)
    return left_out(one.state.all()[: one.turn - 1], found, remembered)


def _left(left: LeftOut) -> dict[str, Json]:
    return {"kind": left.kind, "name": left.name, "why": left.why, "fits": left.fits}


def _against(workspace: Workspace, calls: Sequence[Sequence[Sent]], one: Sent, against: str) -> Answer[Sent]:
    """What it has otherwise than the call before, or what the disk would have otherwise; exit 1 where anything."""
    from greenroom.commands.session.request_lines import data_of, lines_of
    from greenroom.views.prompt.request_diff import request_diff

    if against == "disk":
        before, after, label = one.request, _by_disk(workspace, one), "on disk"
    else:
        earlier = [call for turn in calls for call in turn if (call.turn, call.number) < (one.turn, one.number)]
        if not earlier:
            raise UsageError("there is no model call before this one", code="prompt.first")
        last = earlier[-1]
        before, after, label = last.request, one.request, f"since turn {last.turn}, call {last.number}"
    diff = request_diff(before, after)
    lines = [f"turn {one.turn}, call {one.number}: {label}", *(lines_of(diff) if not diff.same else ["the same"])]
    data = {"turn": one.turn, "call": one.number, **data_of(diff)}
    return answer(one, lines, data, exit_code=0 if diff.same else 1)


def _by_disk(workspace: Workspace, one: Sent) -> ModelRequest:
    from greenroom.assembly import load_contract
    from greenroom.assembly.past.sent import Parts

    return one.under(Parts.of(load_contract(workspace, one.persona)))


def _on_the_wire(workspace: Workspace, one: Sent, how: str, model: str) -> Answer[Sent]:
    from greenroom.assembly.past.wire import must_lead_somewhere, wire
    from greenroom.models.curl import curl, pretty_json

    found = wire(workspace, one.request, model, one.table)
    text = pretty_json(found.body) if how == "json" else curl(must_lead_somewhere(found))
    return answer(one, text.splitlines(), _wire_data(found), notes=[found.note] if found.note else [])


def _wire_data(found: Wire) -> dict[str, Json]:
    from greenroom.models.litellm_raw import Secret

    headers: dict[str, Json] = {
        name: f"{value.before}${value.name}" if isinstance(value, Secret) else value
        for name, value in found.headers.items()
    }
    return {"url": found.url, "headers": headers, "body": dict(found.body)}
