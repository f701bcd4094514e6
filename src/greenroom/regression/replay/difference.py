"""The first event a replay did otherwise, and the recorded one nearest to it, in lines a newcomer can read.

Invariant: '' exactly when the two tellings are the same; of turns that were given up only what both came to counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.replay.broken_off import given_up
from greenroom.regression.replay.left_out import DROPPED, left_out, left_out_otherwise
from greenroom.regression.replay.outcome import DETAIL_WIDTH
from greenroom.regression.tape.tape import Line

_SHOWN = 600
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*|[^\w\s]")
_TIGHT = re.compile(r" ([.,;:!?)\]])|([(\[]) ")
_MOST_WORDS = 2_000
TIME = ("at_once", "in")
"""What an answer says of when it was given, a memory of when it was kept."""
LEFT_OUT = ("added", "candidates", "later", "on", *TIME)
"""What a replay takes from the tape unchanged, or has checked already."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`line` says what and where in one line, `detail` shows the event as recorded and as replayed.

    `index` is its place among the recorded events, -1 if all of them happened; `ended` says that the replay stopped
    before it. `turn` is where.
    """

    line: str = ""
    detail: str = ""
    index: int = -1
    ended: bool = False
    turn: int = 0


def first_difference(recorded: Sequence[Line], replayed: Sequence[Line]) -> Difference:
    """The first event that differs between two tellings of a session."""
    old, new = _counted(recorded), _counted(replayed)
    for place in range(max(len(old), len(new))):
        before = old[place] if place < len(old) else None
        after = new[place] if place < len(new) else None
        if before is None or after is None or not _same(before[2], after[2]):
            found = _explained(before, after, old[place:], new[place:])
            return replace(found, turn=(before or after or (0, 0))[1])
    return _given_up_otherwise(recorded, replayed)


def _given_up_otherwise(recorded: Sequence[Line], replayed: Sequence[Line]) -> Difference:
    """The first difference within a turn that was given up."""
    for index, turn, line, now in given_up(recorded, replayed):
        if now is None or not _same(line, now):
            after = None if now is None else (0, turn, now)
            found = _explained((index, turn, line), after, [(index, turn, line)], [] if after is None else [after])
            return replace(found, turn=turn)
    return Difference()


def title(line: Line) -> str:
    """What a line is about, e.g. `verdict tool.call of c1` or `result of c2 (orders.refund)`."""
    kind = next(iter(line))
    value = line[kind]
    if kind in ("ask", "answer", "result"):
        tool = f" ({line['tool']})" if "tool" in line else ""
        return f"{kind} of {value}{tool}"
    if kind == "verdict" or kind in _IN_WORDS:
        return _IN_WORDS.get(kind, f"verdict {value}") + (f" of {line['of']}" if "of" in line else "")
    return f"{kind} {value}" if isinstance(value, str | int) else kind


_IN_WORDS = {"day": "sums of the day", "release": "released reply"}
"""Events whose name on a tape says little, and whose value is not what they are about."""


Counted = tuple[int, int, Line]
"""Index in the whole telling, turn, line."""


def _counted(lines: Sequence[Line]) -> list[Counted]:
    out: list[Counted] = []
    here: list[Counted] = []
    turn = 0
    for index, line in enumerate(lines):
        if "turn" in line:
            turn = int(line["turn"])
        if "held" not in line:  # it tells a replay what to go by, and is no event
            here.append((index, turn, line))
        if "finish" in line:
            if line["finish"] != "abandoned":
                out += _side_by_side(here)
            here = []
    return out + _side_by_side(here)


def _side_by_side(told: list[Counted]) -> list[Counted]:
    """Lines of a turn with what each of its lives was asked or answered at a step beside what the first of them was, and
    with what was said at its end: how far a life went on before it was cut off is a matter of milliseconds.
    """
    if not any("life" in line for _, _, line in told):
        return told
    first: dict[tuple[str, object], int] = {}
    places: list[float] = []
    for at, (_, _, line) in enumerate(told):
        kind = next(iter(line))
        place = first.setdefault((kind, line[kind]), at) if kind in ("ask", "answer") else at
        places.append(len(told) - 1.5 if kind == "release" else place)
    return [told[at] for at in sorted(range(len(told)), key=places.__getitem__)]


def _same(old: Line, new: Line) -> bool:
    if old == new:
        return True
    apart = LEFT_OUT if "ask" not in old or "args" in new else (*LEFT_OUT, *_of_a_prompt(old))
    return all(old.get(key) == new.get(key) for key in old.keys() | new.keys() if key not in apart)


def _of_a_prompt(asked: Line) -> tuple[str, ...]:
    """What tapes of before say of a question about a prompt: all of it, though it is made of what is on the tape."""
    return ("args",) if str(asked["ask"]).partition(":")[0] == "prompt" else ()


def _explained(before: Counted | None, after: Counted | None, old: list[Counted], new: list[Counted]) -> Difference:
    if before is None:
        assert after is not None
        return Difference(f"turn {after[1]}: {title(after[2])} happened and is not on the tape", _rows("+", after[2]))
    if after is None or _comes_later(after, old[1:]):
        nearest = f"\nreplayed next: {title(after[2])}" if after else "\nthe replay ended before it"
        line = f"turn {before[1]}: {title(before[2])} did not happen"
        return Difference(line, _rows("-", before[2]) + nearest, before[0], ended=after is None)
    if _comes_later(before, new[1:]) and title(before[2]) != title(after[2]):
        nearest = f"\nrecorded next: {title(before[2])}"
        line = f"turn {after[1]}: {title(after[2])} happened and is not on the tape"
        return Difference(line, _rows("+", after[2]) + nearest, before[0])
    if next(iter(before[2])) != next(iter(after[2])):
        line = f"turn {after[1]}: {title(after[2])} happened in the place of {title(before[2])}"
    else:
        line = f"turn {before[1]}: {title(before[2])}: {changed_keys(before[2], after[2])}"
    return Difference(line, _pair(before[2], after[2]), before[0])


def _comes_later(item: Counted, others: list[Counted]) -> bool:
    return any(item[1] == other[1] and _same(item[2], other[2]) for other in others)


def changed_keys(old: Line, new: Line) -> str:
    """`rule refund.large -> refund.huge`, for the first keys that differ."""
    keys = [
        key for key in (*old, *(k for k in new if k not in old)) if old.get(key) != new.get(key) and key not in LEFT_OUT
    ]
    return "; ".join(_changed(key, old, new) for key in keys[:3])


def _changed(key: str, old: Line, new: Line) -> str:
    if key == DROPPED:
        return left_out_otherwise(old.get(key), new.get(key))
    if key not in new:
        return f"no {key} any more"
    if key not in old:
        return f"{key} {shown(new[key], 80)} is new"
    before, after = old[key], new[key]
    if isinstance(before, str) and isinstance(after, str) and (" " in before or " " in after):
        return f"{key} {words_in_short(before, after, 120)}"
    if isinstance(before, list) and isinstance(after, list):
        what = _entries(before, after)
        return what if key == next(iter(new)) else f"{key} {what}"
    return f"{key} {' -> '.join(_shown_apart(_text(before), _text(after), 80))}"


def _entries(before: list[Json], after: list[Json]) -> str:
    """What went from a list and what came; a passage is told by its label."""
    gone = [f"-{_entry(one)}" for one in before if one not in after]
    came = [f"+{_entry(one)}" for one in after if one not in before]
    return inert_line(" ".join([*gone, *came]), 120) if gone or came else "in another order"


def _entry(value: Json) -> str:
    return shown(value[1] if isinstance(value, list) and _is_passage(value) else value, 60)


@lru_cache(maxsize=64)
def words_in_short(old: str, new: str, limit: int = 160, context: int = 0) -> str:
    """What words went and came: `-brief +short and warm`, each change after `context` words that stayed.

    Remembered, because one changed text concerns every fixture of a suite.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    # Most changes are small: what is the same at both ends need not go through the matcher, which is quadratic.
    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    gone = before[start : len(before) - end][:_MOST_WORDS]
    came = after[start : len(after) - end][:_MOST_WORDS]
    parts = []
    for kind, a, b, c, d in SequenceMatcher(None, gone, came, autojunk=False).get_opcodes():
        if kind != "equal":
            stayed = before[max(start + a - context, 0) : start + a] if context else []
            parts += ["…", _phrase(stayed)] if stayed else []
            parts += ["-" + _phrase(gone[a:b])] if b > a else []
            parts += ["+" + _phrase(came[c:d])] if d > c else []
    return inert_line(" ".join(parts) or "only spaces and line ends", limit)


def _phrase(words: Sequence[str]) -> str:
    """Words as they are read: a full stop stands at the word before it, a bracket at the one behind it."""
    return _TIGHT.sub(r"\1\2", " ".join(words))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words, or characters, two texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _rows(sign: str, line: Line) -> str:
    return f"{sign} {shown(line, _SHOWN)}"


def _pair(old: Line, new: Line) -> str:
    keys = [key for key in (*old, *(k for k in new if k not in old)) if key not in LEFT_OUT]
    rows = []
    for key in keys:
        before, after = old.get(key), new.get(key)
        if before == after:
            rows.append(f"  {key}: {_in_words(key, before, 100)}")
        else:
            room = DETAIL_WIDTH - len(f"- {key}: ")
            both = _shown_apart(_in_words(key, before, 0), _in_words(key, after, 0), room)
            rows += [f"- {key}: {both[0]}"] if key in old else []
            rows += [f"+ {key}: {both[1]}"] if key in new else []
    return "\n".join(rows)


def _in_words(key: str, value: Json, limit: int) -> str:
    """A value as people read it: what was left out counted, passages by label and score, names without their quotes."""
    if key == DROPPED:
        return left_out(value)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return shown(", ".join(map(str, value)), limit)
    if key == "retrieve" and isinstance(value, list):
        return shown(", ".join(_entry(one) + f" {one[2]}" if _is_passage(one) else _entry(one) for one in value), limit)
    return shown(value, limit)


def _is_passage(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[1], str)


def shown(value: Json, limit: int) -> str:
    return inert_line(_text(value), limit)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown_apart(old: str, new: str, limit: int) -> tuple[str, str]:
    """Two texts, each in at most `limit` code points; from shortly before they part, where that comes too late to be seen."""
    alike = _shared(old, new)
    start = alike - limit // 4 if alike > limit * 3 // 4 and max(len(old), len(new)) > limit else 0
    before = "…" if start else ""
    return inert_line(before + old[start:], limit), inert_line(before + new[start:], limit)
