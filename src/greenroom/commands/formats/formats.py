"""The event table, and of every file format its JSON Schema and one sample: all made from the code, so it cannot lie.

Invariant: each sample was written or read by the code that owns the format.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from greenroom.approval.answers import AnswerFile
from greenroom.approval.kill_switch import StopFile
from greenroom.commands.answer import table
from greenroom.commands.formats import samples
from greenroom.commands.formats.suite_sample import suite, suite_schema
from greenroom.core.events import AnyEvent, Event
from greenroom.core.values import Json
from greenroom.detectors.corpus import CorpusFile
from greenroom.log.codec import content_fields
from greenroom.models.script_file import ScriptFile
from greenroom.persona.contract import Persona
from greenroom.policy.files.rules import PolicyFile
from greenroom.regression.case import Case
from greenroom.regression.live.history import Entry
from greenroom.regression.tape.schema import tape_schema
from greenroom.regression.tape.versions import VERSION
from greenroom.workspace.settings import Settings


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: its name with version, where it lies, its schema (None where it is described in words)."""

    name: str
    file: str
    about: str
    schema: Callable[[], Json] | None
    sample: Callable[[], str]


def _of(model: type[BaseModel]) -> Callable[[], Json]:
    return lambda: model.model_json_schema(by_alias=True)


FORMATS: tuple[Format, ...] = (
    Format("workspace/1", "greenroom.toml", "what a workspace is set to", _of(Settings), samples.workspace),
    Format("persona/1", "personas/<id>/persona.toml", "the contract", _of(Persona), samples.persona),
    Format("policy/1", "policies/<name>.toml", "rules with their tests", _of(PolicyFile), samples.policy),
    Format("corpus/1", "<folder>/<name>.toml", "labelled texts for detectors", _of(CorpusFile), samples.corpus),
    Format("script/1", "scripts/<name>.toml", "a scripted model", _of(ScriptFile), samples.script),
    Format(
        f"tape {VERSION}",
        "fixtures/<name>.tape.jsonl",
        "a recorded session; machine-owned; its schema is that of one row",
        tape_schema,
        samples.tape,
    ),
    Format("case/1", "fixtures/<name>.case.toml", "what is expected of it; yours", _of(Case), samples.case),
    Format("log 1", ".greenroom/sessions/<id>.jsonl", "one record a line", samples.log_schema, samples.log),
    Format("live 1", ".greenroom/live.jsonl", "what live runs came to, one line each", _of(Entry), samples.live),
    Format(
        "suite 1",
        ".greenroom/suites/<name>.jsonl",
        "what a suite was asked, then what each run came to",
        suite_schema,
        suite,
    ),
    Format(
        "ledger 1",
        ".greenroom/ledger.jsonl",
        "session heads, policy changes, stops and signatures, one a line",
        samples.ledger_schema,
        samples.ledger,
    ),
    Format(
        "stop/1",
        ".greenroom/stop.json",
        "the kill switch; empty or broken, it stops everything",
        _of(StopFile),
        samples.stop,
    ),
    Format(
        "answer/1",
        ".greenroom/answers/<question>.json",
        "an answer left by another terminal",
        _of(AnswerFile),
        samples.left,
    ),
)


def event_rows() -> list[tuple[str, str, str]]:
    """Every event: its kind, its fields (those kept as detachable content in brackets) and its meaning."""
    rows = []
    for kind in _kinds():
        kept = content_fields(kind)
        own = [name for name in kind.model_fields if name not in ("kind", "step", "turn", "inputs")]
        fields = ", ".join(f"[{name}]" if name in kept else name for name in own)
        rows.append((str(kind.model_fields["kind"].default), fields, " ".join((kind.__doc__ or "").split())))
    return rows


EVENTS = "events"
"""What the table of events is asked for by; `all` is everything."""


def names() -> list[str]:
    """What each format is asked for by: its name without the version."""
    return [EVENTS, *(_bare(one) for one in FORMATS), "all"]


def _bare(one: Format) -> str:
    return one.name.replace("/", " ").split()[0]


def in_short() -> list[str]:
    """Every format in one line."""
    rows = [
        (EVENTS, "a session log", "every kind of event with its fields"),
        *((_bare(one), one.file, one.about) for one in FORMATS),
    ]
    return [
        *table(("format", "file", "what it is"), rows),
        "",
        "greenroom help formats NAME shows one with a sample and its JSON Schema, greenroom help formats all everything",
    ]


def one_as_lines(name: str) -> list[str]:
    """One format with its sample and its schema, the events, or `all`; empty where there is none of that name."""
    if name == "all":
        return as_lines()
    if name == EVENTS:
        return _event_lines()
    return next((_lines(one) for one in FORMATS if name in (_bare(one), one.name)), [])


def one_as_data(name: str) -> Json:
    """The same for a program; None where there is none of that name."""
    if name == "all":
        return as_data()
    if name == EVENTS:
        return _event_data()
    return next((_data(one) for one in FORMATS if name in (_bare(one), one.name)), None)


def _event_lines() -> list[str]:
    lines = ["EVENTS of a session log. Each has kind, step, turn and inputs; fields in [] are detachable content.", ""]
    for kind, fields, about in event_rows():
        lines += [f"{kind}", f"    {about}", *([f"    {fields}"] if fields else [])]
    return lines


def _lines(one: Format) -> list[str]:
    lines = [f"FORMAT {one.name}: {one.file} ({one.about})", "", "sample:", *one.sample().splitlines()]
    return [*lines, "", "JSON Schema:", *json.dumps(one.schema(), indent=1).splitlines()] if one.schema else lines


def as_lines() -> list[str]:
    """All of it as text."""
    return [*_event_lines(), *(line for one in FORMATS for line in ("", *_lines(one)))]


def _event_data() -> list[Json]:
    return [{"kind": kind, "fields": fields, "meaning": about} for kind, fields, about in event_rows()]


def _data(one: Format) -> dict[str, Json]:
    return {
        "name": one.name,
        "file": one.file,
        "about": one.about,
        "schema": one.schema() if one.schema else None,
        "sample": one.sample(),
    }


def as_data() -> dict[str, Json]:
    """All of it for a program."""
    return {"events": _event_data(), "formats": [_data(one) for one in FORMATS]}


def _kinds() -> list[type[Event]]:
    union: Any = get_args(AnyEvent)[0]
    return list(get_args(union))
