"""Events to log lines and back: content goes behind salted commitments, everything else stands in the open.

Invariant: decode(encode(event)) == event, as long as no content was erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from greenroom.core.canonical import clean_json
from greenroom.core.chain import GENESIS, SALT, VERSION, commit, link, salt_mark
from greenroom.core.errors import LogDamaged
from greenroom.core.events import CONTENT, AnyEvent, Event, Record
from greenroom.core.ids import Ids
from greenroom.core.values import Frozen, forget_which_were_set, trusted

ERASED = "‹erased›"
_STAND_INS: dict[str, dict[str, Any]] = {
    "verdict": {"effect": "deny", "rule": ERASED, "why": ERASED},
    "memory": {"id": ERASED, "segment": ERASED, "subject": ERASED, "text": ERASED},
    "card": {
        "call": {"id": ERASED, "tool": ERASED},
        "spec": {"name": ERASED, "description": ERASED, "parameters": {}},
        "verdict": {"effect": "deny", "rule": ERASED, "why": ERASED},
    },
}


@cache
def _validated() -> Callable[[dict[str, Any]], AnyEvent]:
    """The validator itself: what stands around it in an adapter is for other inputs."""
    return TypeAdapter[AnyEvent](AnyEvent).validator.validate_python


@cache
def content_fields(kind: type[Event]) -> frozenset[str]:
    """The fields of an event that can hold a person's words."""
    return frozenset(name for name, field in kind.model_fields.items() if CONTENT in field.metadata)


def encode(event: Event, seq: int, at: str, prev: str, ids: Ids, derived: dict[str, Any]) -> tuple[bytes, Record]:
    """One log line with its newline, and the record it stands for.

    `derived` values are committed to by field name with their salt kept and the value left out: it follows from
    the log, and storing it again would make the log quadratic.
    """
    public = event.model_dump(mode="json", exclude_defaults=True)
    public["kind"] = event.kind  # type: ignore[attr-defined]  # every member of the union has one
    content: dict[str, list[Any]] = {}
    commitments: dict[str, str] = {}
    for name in content_fields(type(event)) & public.keys():
        value = clean_json(public[name])
        commitments[name] = _put(content, ids.salt(), value, keep=True)
        public[name] = {"$": commitments[name]}
    for name, value in derived.items():
        salt = ids.salt()
        commitments[name] = _put(content, salt, value, keep=False)
        public[name] = {"$": commitments[name], SALT: salt_mark(salt)}
    digest = link(seq, at, "event", public, prev)
    line = {"v": VERSION, "seq": seq, "at": at, "event": public, "prev": prev, "hash": digest}
    if content:
        line["content"] = content
    if derived:
        event = event.model_copy(update={name: commitments[name] for name in derived})
    salts = {key: entry[0] for key, entry in content.items()}
    record = trusted(Record, seq=seq, at=at, event=event, prev=prev, hash=digest, commitments=commitments, salts=salts)
    return orjson.dumps(line) + b"\n", record


def decode(line: dict[str, Any]) -> Record:
    """The record of a line whose hash was already checked. Erased content is replaced by a visible stand-in.

    Raises:
        LogDamaged: an event this version does not know, or of another shape.
    """
    content = line.get("content", {})
    public = dict(line["event"])
    commitments: dict[str, str] = {}
    for name, value in line["event"].items():
        if type(value) is dict and "$" in value and value.keys() <= {"$", SALT}:
            commitments[name] = value["$"]
            _restore(public, name, value["$"], content)
    try:
        event = _validated()(public)
    except ValidationError as error:
        problem = error.errors()[0]
        raise LogDamaged(
            f"record {line['seq']} cannot be read: {problem['msg']}", hint="a newer Greenroom may have written it"
        ) from None
    _lightened(event)
    return trusted(
        Record,
        seq=line["seq"],
        at=line["at"],
        event=event,
        prev=line["prev"],
        hash=line["hash"],
        commitments=commitments,
        salts={key: entry[0] for key, entry in content.items()},
    )


def _lightened(event: Event) -> None:
    """Let go of which fields the line had, which nobody asks of an event: it is a third of a session's memory."""
    forget_which_were_set(event)
    for name in _own(type(event)):
        value = getattr(event, name)
        for one in value if type(value) is tuple else (value,):
            if isinstance(one, Frozen):
                forget_which_were_set(one)


@cache
def _own(kind: type[Event]) -> tuple[str, ...]:
    """The fields of an event that hold values with fields of their own."""
    return tuple(name for name, field in kind.model_fields.items() if any(map(_is_own, _parts(field.annotation))))


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _is_own(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Frozen)


def _put(content: dict[str, list[Any]], salt: str, value: Any, *, keep: bool) -> str:
    commitment = commit(salt, value)
    content[commitment] = [salt, value] if keep else [salt]
    return commitment


def _restore(public: dict[str, Any], name: str, commitment: str, content: dict[str, list[Any]]) -> None:
    entry = content.get(commitment)
    if entry is not None and len(entry) > 1:
        public[name] = entry[1]
    elif name == "inputs":
        public[name] = commitment
    elif name in _STAND_INS:
        public[name] = _STAND_INS[name]
    elif name in ("words", "text"):
        public[name] = ERASED
    else:
        del public[name]


__all__ = ["ERASED", "GENESIS", "content_fields", "decode", "encode"]
