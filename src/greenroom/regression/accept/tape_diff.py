"""Two tapes of one fixture, event by event: what each change is about, and what it is in one line.

Invariant: no changes exactly where both tapes hold the same lines; taking over all of them gives the new tape's lines.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, get_args

from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.replay.difference import LEFT_OUT, shown, title, words_in_short
from greenroom.regression.replay.left_out import DROPPED, left_out, left_out_otherwise
from greenroom.regression.tape.tape import Line

Aspect = Literal["persona", "tools", "text", "args", "policy", "memory", "retrieval"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
"""What a change on a tape can be about."""

_OF_LINE: dict[str, Aspect] = {
    "turn": "policy",
    "gate": "text",
    "memory": "memory",
    "recall": "memory",
    "propose": "memory",
    "write": "memory",
    "retrieve": "retrieval",
    "select": "retrieval",
    "verdict": "policy",
    "ask": "policy",
    "answer": "policy",
    "autonomy": "policy",
    "day": "policy",
    "reply": "text",
    "result": "tools",
    "release": "text",
    "finish": "policy",
}
_OF_KEY: dict[tuple[str, str], Aspect] = {("reply", "calls"): "args", ("select", "memories"): "memory"}
_OF_TAG: dict[str, Aspect] = {"passages": "retrieval", "memory": "memory", "calls": "args"}
_LONGEST, _KEYS = 200, 3
RANKED = ("retrieve", "recall")
"""Lines that list what was found, the best first, each with its score."""


@dataclass(frozen=True, slots=True)
class Change:
    """One event that is another: `recorded` or `new` is None where only the other tape has it."""

    turn: int
    recorded: Line | None
    new: Line | None

    @property
    def aspects(self) -> tuple[Aspect, ...]:
        """What it is about; a reply can differ in its words and in its calls."""
        line = self.new or self.recorded or {}
        kind = next(iter(line))
        if self.recorded is None or self.new is None:
            return (_aspect(kind, self.recorded, self.new),)
        keys = [key for key in (self.recorded | self.new) if self.recorded.get(key) != self.new.get(key)]
        found = {_of_key(kind, key, self.recorded, self.new) for key in keys if key != "added"}
        if "added" in keys:
            found |= {_of_tag(tag) for tag in _other_tags(self.recorded, self.new)}
        return tuple(aspect for aspect in ASPECTS if aspect in found)

    @property
    def told(self) -> str:
        """`verdict tool.call of c2: effect require_approval -> deny`, in one harmless line."""
        if self.new is None:
            return f"- {_brief(self.recorded or {})}"
        if self.recorded is None:
            return f"+ {_brief(self.new)}"
        what = _changed(self.recorded, self.new) or _other_prompt(self.recorded, self.new)
        return inert_line(f"~ {title(self.new)}: {what}", _LONGEST)


def changes_between(recorded: Sequence[Line], new: Sequence[Line]) -> tuple[Change, ...]:
    """Every event that differs, in the order of the tape."""
    return tuple(pair for pair in _aligned(recorded, new) if pair.recorded != pair.new)


def taken_over(recorded: Sequence[Line], new: Sequence[Line], only: Collection[Aspect]) -> list[Line]:
    """The recorded lines with the changes that are about `only` taken over, key by key where a line is about several."""
    out: list[Line] = []
    for pair in _aligned(recorded, new):
        if pair.recorded is not None and pair.new is not None:
            out.append(_merged(pair.recorded, pair.new, only))
            continue
        taken = pair.aspects[0] in only
        line = pair.new if taken else pair.recorded
        if line is not None:
            out.append(line)
    return out


def _aligned(recorded: Sequence[Line], new: Sequence[Line]) -> Iterator[Change]:
    """The lines of both tapes side by side: alike by what they are about, within their turn."""
    old_keys, new_keys = _keys(recorded), _keys(new)
    for kind, a, b, c, d in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        if kind == "equal":
            for old, fresh, key in zip(recorded[a:b], new[c:d], old_keys[a:b], strict=True):
                yield Change(key[0], old, fresh)
            continue
        for old, key in zip(recorded[a:b], old_keys[a:b], strict=True):
            yield Change(key[0], old, None)
        for fresh, key in zip(new[c:d], new_keys[c:d], strict=True):
            yield Change(key[0], None, fresh)


def _keys(lines: Sequence[Line]) -> list[tuple[int, str]]:
    """What each line is about, without what it says: its turn, kind and name."""
    out, turn = [], 0
    for line in lines:
        kind = next(iter(line))
        turn = int(line["turn"]) if kind == "turn" else turn
        value = (
            ""
            if kind in ("turn", "recall", "retrieve", "select", "release", "finish", "propose", "autonomy")
            else line[kind]
        )
        out.append((turn, f"{kind} {value} {line.get('of', '')}"))
    return out


def _merged(recorded: Line, new: Line, only: Collection[Aspect]) -> Line:
    """The line with the keys that are about `only` taken over, in the new line's order."""
    if recorded == new:
        return recorded
    kind = next(iter(new))
    out: Line = {}
    for key in dict.fromkeys((*new, *recorded)):
        if key == "added" and key in new and key in recorded:
            out[key] = _merged_tags(recorded[key], new[key], only)
            continue
        source = new if _of_key(kind, key, recorded, new) in only else recorded
        if key in source:
            out[key] = source[key]
    return recorded if out == recorded else out


def _merged_tags(recorded: Sequence[str], new: Sequence[str], only: Collection[Aspect]) -> list[str]:
    before = {tag.partition("#")[0]: tag for tag in recorded}
    out = []
    for tag in new:
        label = tag.partition("#")[0]
        if tag in recorded or _of_tag(tag) in only:
            out.append(tag)
        elif label in before:
            out.append(before[label])
    labels = {tag.partition("#")[0] for tag in new}
    return out + [tag for tag in recorded if tag.partition("#")[0] not in labels and _of_tag(tag) not in only]


def _of_key(kind: str, key: str, recorded: Line, new: Line) -> Aspect:
    return _OF_KEY.get((kind, key)) or _aspect(kind, recorded, new)


def _aspect(kind: str, recorded: Line | None, new: Line | None) -> Aspect:
    """What a change of a line is about. A result or reply that policy put in another's place is about policy."""
    lines = [line for line in (recorded, new) if line is not None]
    if kind == "finish" and any(line["finish"] == "limited" for line in lines):
        return "persona"
    if kind == "result" and any(line.get("status") == "denied" or "simulated" in line for line in lines):
        return "policy"
    if kind == "release" and (len(lines) == 1 or lines[0].get("effect") != lines[1].get("effect")):
        return "policy"
    return _OF_LINE.get(kind, "policy")


def _of_tag(tag: str) -> Aspect:
    label = tag.partition("#")[0]
    return _OF_TAG.get(label) or ("tools" if label[:1] == "c" and label[1:].isdigit() else "text")


def _other_tags(recorded: Line, new: Line) -> list[str]:
    old, fresh = recorded.get("added") or [], new.get("added") or []
    return [tag for tag in fresh if tag not in old] + [tag for tag in old if tag not in fresh]


def _changed(recorded: Line, new: Line) -> str:
    """`effect require_approval -> deny; rule refund.large -> refund.max`, for the first keys that differ."""
    keys = [key for key in (recorded | new) if recorded.get(key) != new.get(key) and key not in LEFT_OUT]
    told = [_key_changed(key, recorded.get(key), new.get(key)) for key in keys[:_KEYS]]
    return "; ".join([*told, *([f"and {len(keys) - _KEYS} more"] if len(keys) > _KEYS else [])])


def _key_changed(key: str, old: Json, new: Json) -> str:
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(one, int) for one in (*old, *new)):
        return f"{key} {' -> '.join(' + '.join(map(str, one)) for one in (old, new))}"
    if key in RANKED and isinstance(old, list) and isinstance(new, list):
        return _ranked_otherwise(old, new)
    if isinstance(old, list) and isinstance(new, list):
        went, came = ([item for item in one if item not in other] for one, other in ((old, new), (new, old)))
        names = [] if key in _OF_LINE else [key]
        return " ".join([*names, *(f"-{_item(item)}" for item in went), *(f"+{_item(item)}" for item in came)])
    if key == DROPPED:
        return left_out_otherwise(old, new)
    if key == "ran":
        return "it runs now" if new else "it does not run any more"
    if old is None or new is None:
        return f"{key} {shown(new, 80)} is new" if old is None else f"no {key} any more"
    if isinstance(old, str) and isinstance(new, str) and " " in old + new:
        return f"{key} {words_in_short(old, new, 120, 2)}"
    return f"{key} {shown(old, 80)} -> {shown(new, 80)}"


def ranked(found: Sequence[Json]) -> list[Json]:
    """What was found without its scores: passages by name and label, memories by name."""
    return [item[:-1] if isinstance(item, list) and _scored(item) else item for item in found]


def _scored(item: list[Json]) -> bool:
    return len(item) > 1 and isinstance(item[-1], int | float)


def _ranked_otherwise(old: Sequence[Json], new: Sequence[Json]) -> str:
    """What is found no longer or only now; else that the order is another, or the scores alone."""
    before, after = ([_unscored(name) for name in ranked(one)] for one in (old, new))
    parts = [f"-{_item(item)}" for item, name in zip(old, before, strict=True) if name not in after]
    parts += [f"+{_item(item)}" for item, name in zip(new, after, strict=True) if name not in before]
    if parts:
        return " ".join(parts)
    if before == after:
        return "the same in the same order, scored or numbered otherwise"
    return f"in another order: {' -> '.join(', '.join(one) for one in (before, after))}"


def _unscored(name: Json) -> str:
    """A passage by its label, whatever its number on the tape; a memory by its name."""
    return shown(name[-1] if isinstance(name, list) and name else name, 60)


def _item(item: Json) -> str:
    """An entry of a list: a passage by its label, a memory by its name and score, a call by its tool."""
    if isinstance(item, list) and len(item) == 2:
        return f"{shown(item[0], 60)} ({shown(item[1], 20)})"
    if isinstance(item, list) and len(item) > 1:
        return shown(item[1], 60)
    if isinstance(item, dict) and "tool" in item:
        return shown(f"{item['tool']} {json.dumps(item.get('args'), ensure_ascii=False)}", 80)
    return shown(item, 60)


def _other_prompt(recorded: Line, new: Line) -> str:
    """What of a prompt is another where the reply is the same: that is what the reply was not given for."""
    if "retrieve" in new:
        return "other candidates behind the same passages"
    labels = dict.fromkeys(tag.partition("#")[0] for tag in _other_tags(recorded, new))
    said = [_PROMPT.get(one, f"another result of {one}") for one in labels]
    return f"the same, though its prompt held {' and '.join(said) or 'the same in another order'}"


_PROMPT = {
    "passages": "other passages",
    "memory": "other memories",
    "user": "other words of the person",
    "assistant": "other words of its own",
    "calls": "other calls",
}


def _brief(line: Line) -> str:
    """An event that came or went, in a line: its title and what it says."""
    kind = next(iter(line))
    rest = {key: value for key, value in line.items() if key not in (kind, "of", "tool", *LEFT_OUT)}
    if kind == "retrieve":
        rest = {"passages": [label for _, label, _ in line["retrieve"]]}
    words = ", ".join(_said(key, value) for key, value in rest.items())
    return inert_line(f"{title(line)}{f': {words}' if words else ''}", _LONGEST)


def _said(key: str, value: Json) -> str:
    if key == DROPPED:
        return f"left out: {left_out(value)}"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return f"{key} {shown(', '.join(map(str, value)), 60)}"
    return f"{key} {shown(value, 60)}"
