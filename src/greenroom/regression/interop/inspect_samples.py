"""Inspect samples: JSON, JSON Lines and CSV as its `json_dataset` and `csv_dataset` read them.

Looked at: inspect-ai 0.3.285 (`Sample`: input, target, id, description, metadata, choices, files, setup, sandbox).
A sample holds a question and an ideal answer, no reply; what was recorded travels in `metadata.recorded`, as messages.
Invariant: a fixture that was written is read back with the same turns, calls, arguments and results.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Conversation, Loss, Losses
from greenroom.regression.interop.expected import from_target, keep, listed, pattern_kind
from greenroom.regression.interop.messages import messages_of, turns_of
from greenroom.regression.interop.source import text_in
from greenroom.regression.interop.taped import Taped, by_turn

_TAKEN = {"input", "target", "id", "description", "metadata"}
_WHY = {
    "choices": "a draft has no multiple choice",
    "files": "a draft has no sandbox",
    "setup": "a draft has no sandbox",
}
_OURS = ("fixture", "recorded")


def read(entries: Iterable[tuple[str, Json]], losses: Losses) -> list[Conversation]:
    """One conversation a sample; a sample that nobody answered yet has to be recorded."""
    return [one for where, entry in entries for one in _sample(where, entry, losses)]


def write(tapes: Iterable[Taped]) -> tuple[str, list[Loss]]:
    """One sample a line: everything before the last reply as input, what the reply must hold as target."""
    losses = Losses()
    lines = []
    for taped in tapes:
        taped.note_losses(losses, "a sample holds no")
        turns = taped.conversation.turns
        messages = messages_of(turns, as_objects=True)
        last = max(place for place, message in enumerate(messages) if message["role"] == "user")
        sample: dict[str, Json] = {
            "id": taped.name,
            "input": turns[0].user if len(turns) == 1 else messages[: last + 1],
            "target": _target(taped, len(turns), losses),
            "metadata": {"fixture": taped.name, "persona": taped.persona, "recorded": messages[last + 1 :]},
        }
        if taped.conversation.why:
            sample["description"] = taped.conversation.why
        lines.append(json.dumps(sample, ensure_ascii=False) + "\n")
    return "".join(lines), losses


def _sample(where: str, entry: Json, losses: Losses) -> list[Conversation]:
    if not isinstance(entry, dict):
        losses.note(where, "an entry", "it is not a sample")
        return []
    for key, value in entry.items():
        if key not in _TAKEN and value not in (None, "", [], {}):
            losses.note(where, f"'{key[:40]}'", _WHY.get(key, "a draft has no place for it"))
    given, metadata = _messages(entry.get("input")), _metadata(entry.get("metadata"))
    if given is None:
        losses.note(where, "an entry", "it has no input")
        return []
    recorded = metadata.get("recorded")
    ours = isinstance(recorded, list)
    if more := sorted(str(key) for key in metadata if not (ours and key in (*_OURS, "persona"))):
        losses.note(where, f"metadata ({', '.join(more)[:60]})", "a draft has no place for it")
    turns = turns_of([*given, *(recorded if isinstance(recorded, list) else [])], where, losses)
    if not turns:
        losses.note(where, "an entry", "the person says nothing in it")
        return []
    wanted = from_target(entry.get("target"), f"{where} target", losses)
    identity = entry.get("id")
    return [
        Conversation(
            turns,
            name=str(identity) if isinstance(identity, str | int) else "",
            where=where,
            why=text_in(entry, "description"),
            expectations=tuple(keep(wanted, len(turns), where, "a target", losses)),
        )
    ]


def _messages(given: Json) -> list[Json] | None:
    """The input as messages: a text, a list, or a list as the text of a CSV cell."""
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            found = json.loads(given)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and found and all(isinstance(one, dict) and "role" in one for one in found):
            return found
    if isinstance(given, str) and given.strip():
        return [{"role": "user", "content": given}]
    return given if isinstance(given, list) and given else None


def _metadata(found: Any) -> dict[str, Json]:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def _target(taped: Taped, last: int, losses: Losses) -> Json:
    """What the last reply must hold; the reply itself, as an ideal for a grader, where a case says nothing of it."""
    targets: list[Json] = []
    for turn, item in by_turn(taped.conversation.expectations, last):
        text = item.get("text") if turn == last else None
        found = _held(text) if isinstance(text, dict) else []
        targets += found[:1] if not targets else []
        rest = item.keys() - ({"text"} if found else set())
        for key in sorted(rest):
            losses.note(taped.name, f"the expectation on {key}", "a target is what the last reply should hold")
        if found and (len(found) > 1 or targets[:1] != found[:1]):
            losses.note(taped.name, "more than one expectation on text", "several targets mean any of them, not all")
    return targets[0] if targets else taped.conversation.turns[-1].text


def _held(text: dict[str, Json]) -> list[Json]:
    found: list[Json] = list(listed(text.get("contains", [])))
    if text.get("regex"):
        kind, value = pattern_kind(str(text["regex"]))
        found += [value] if kind in ("icontains", "equals", "icontains-any", "contains-any") else []
    return found
