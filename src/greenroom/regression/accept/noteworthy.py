"""What a person cares for in what two tapes of one fixture do not share: without memories that are only called otherwise,
with all that was counted in tokens as one phrase, and scores that changed neither order nor choice as another.

Invariant: only what is shown is shorter; `changes_between` says all, and what is taken over is all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from greenroom.core.values import Json
from greenroom.regression.accept.tape_diff import RANKED, Change, changes_between, ranked
from greenroom.regression.tape.tape import Line

_TOKENS = "tokens"
_CANDIDATES = "candidates"
"""All that was weighed with its scores, by the name of a text that lies beside the tape."""


@dataclass(frozen=True, slots=True)
class Noteworthy:
    """The changes to be shown, and what became of the tokens (`tokens 4411 -> 4413 in 6 replies`, '' where it is the same in all)
    and of scores (`other scores behind the same choice in 2 searches`).
    """

    changes: tuple[Change, ...]
    tokens: str = ""
    scores: str = ""

    @property
    def aside(self) -> str:
        """What is said where nothing else differs: tokens, scores, or both; '' where there is neither."""
        return " and ".join(filter(None, (self.tokens, self.scores)))


def noteworthy(recorded: Sequence[Line], new: Sequence[Line]) -> Noteworthy:
    """What of two tapes' events is worth a line."""
    changes, counted, weighed = [], 0, 0
    for change in changes_between(recorded, list(_called_alike(recorded, new))):
        old, fresh = change.recorded, change.new
        if old is not None and fresh is not None and old.get(_TOKENS) != fresh.get(_TOKENS):
            counted += 1
            change = replace(change, recorded=_with_tokens_of(old, fresh))  # noqa: PLW2901  the same but for its tokens
        old = change.recorded
        if old is not None and fresh is not None and (alike := _with_scores_of(old, fresh)) != old:
            weighed += 1
            change = replace(change, recorded=alike)  # noqa: PLW2901  the same but for its scores
        if change.recorded != change.new:
            changes.append(change)
    searches = f"{weighed} {'search' if weighed == 1 else 'searches'}"
    scores = f"other scores behind the same choice in {searches}" if weighed else ""
    before, after = _spent(recorded), _spent(new)
    if before == after:
        return Noteworthy(tuple(changes), "", scores)
    replies = f" in {counted} {'reply' if counted == 1 else 'replies'}" if counted else ""
    return Noteworthy(tuple(changes), f"{_TOKENS} {before} -> {after}{replies}", scores)


def _with_scores_of(line: Line, other: Line) -> Line:
    """The line as it would be with the other's scores, where both found the same in the same order."""
    kind = next((one for one in RANKED if isinstance(line.get(one), list) and isinstance(other.get(one), list)), "")
    if not kind or ranked(line[kind]) != ranked(other[kind]):
        return line
    kept = {key: value for key, value in line.items() if key != _CANDIDATES}
    return {**kept, kind: other[kind], **({_CANDIDATES: other[_CANDIDATES]} if _CANDIDATES in other else {})}


def _with_tokens_of(line: Line, other: Line) -> Line:
    """The line as it would be if as many tokens had been counted as in the other."""
    return {
        **{key: value for key, value in line.items() if key != _TOKENS or key in other},
        **({_TOKENS: other[_TOKENS]} if _TOKENS in other else {}),
    }


def _spent(lines: Sequence[Line]) -> int:
    return sum(number for line in lines for number in line.get(_TOKENS, ()) if isinstance(number, int))


def _called_alike(recorded: Sequence[Line], new: Sequence[Line]) -> Iterator[Line]:
    """The new lines with the names that the recording has for the same memories; one that it knows by then is told once."""
    names = _names(recorded, new)
    told: set[Json] = set()
    for line in new:
        if "memory" in line:
            name = names.get(str(line["memory"]), line["memory"])
            if name not in told:
                yield {**line, "memory": name}
            told.add(name)
        else:
            yield _renamed(line, names)


def _names(recorded: Sequence[Line], new: Sequence[Line]) -> dict[str, str]:
    """What the recording calls each memory of the new tape that says the same."""
    before, after = (
        {str(one["memory"]): _content(one) for one in lines if "memory" in one} for lines in (recorded, new)
    )
    called = {content: name for name, content in reversed(before.items())}
    found = {}
    for name, content in after.items():
        alike = name if before.get(name) == content else called.get(content, name)
        if after.get(alike, content) == content:  # else that name stands for another one there
            found[name] = alike
    return found


def _content(line: Line) -> str:
    return repr(sorted((key, repr(value)) for key, value in line.items() if key != "memory"))


def _renamed(line: Line, names: Mapping[str, str]) -> Line:
    def called(name: Json) -> Json:
        return names.get(name, name) if isinstance(name, str) else name

    out = dict(line)
    if "recall" in line:
        out["recall"] = [[called(one[0]), *one[1:]] if isinstance(one, list) and one else one for one in line["recall"]]
    for key in ("memories", "propose"):
        if isinstance(line.get(key), list):
            out[key] = [called(one) for one in line[key]]
    if "write" in line:
        out["write"] = called(line["write"])
    return out
