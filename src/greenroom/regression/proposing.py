"""The case file a new export begins with: expectations read off the recording, in TOML a person goes on editing.

Invariant: what is proposed holds for the recording it was read from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from greenroom.core.inert import hidden_spans
from greenroom.core.values import Json
from greenroom.regression.expect.matcher import literal
from greenroom.regression.facts import CallFacts, TurnFacts, turns_of
from greenroom.regression.tape import Line

_CITED = re.compile(r"\[(\d{1,2})\]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def case_text(name: str, why: str, expect: str, tags: Sequence[str], lines: Sequence[Line]) -> str:
    """The text of `<name>.case.toml`."""
    head = [
        f"# What is expected of {name}.tape.jsonl. This file is yours: Greenroom never writes over it.",
        'schema = "case/1"',
        f"why    = {toml(why)}   # shown when it fails"
        if why
        else 'why    = ""   # say why this must hold; it is shown when it fails',
        f"expect = {toml(expect)}   # good | bad (this must not come back) | observe (replay only)",
        f"tags   = {toml(list(tags))}   # pytest -m TAG",
    ]
    blocks = [block for turn in turns_of(lines) for block in _blocks(turn)]
    if blocks:
        head += ["", "# Read off the recording. Delete what does not matter; loosen with { approx = 90, within = 1 }."]
    return "\n".join([*head, *blocks]) + "\n"


def toml(value: Json) -> str:
    """A JSON value as inline TOML; None, which TOML lacks, is left out of tables and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(str(k))} = {toml(item)}" for k, item in value.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value if item is not None) + "]"
    return repr(value)


def _blocks(turn: TurnFacts) -> list[str]:
    out = [_call_block(turn, call) for call in turn.calls.values()]
    texts = [
        f"verdict = {toml({'hook': hook, 'effect': effect, 'rule': rule})}"
        for hook, effect, rule in turn.verdicts
        if hook != "tool.call" and effect != "allow"
    ]
    out += [_block(turn, [row]) for row in dict.fromkeys(texts)]
    rest = []
    cited = sorted({int(number) for number in _CITED.findall(turn.text)})
    if labels := [turn.passages[number - 1] for number in cited if 0 < number <= len(turn.passages)]:
        rest.append(f"passages = {{ includes = {toml(labels)}, at_most_rank = {cited[-1]} }}")
    if turn.memories:
        rest.append(f"memory = {{ write = {toml(turn.memories)} }}")
    return [*out, _block(turn, rest)] if rest else out


def _call_block(turn: TurnFacts, call: CallFacts) -> str:
    expected: dict[str, Json] = {"tool": call.tool}
    if call.args and not _holds_nothing(call.args):
        expected["args"] = {key: literal(value) for key, value in call.args.items()}
    if call.status not in ("", "done"):
        expected["status"] = call.status
    rows = [f"call = {toml(expected)}"]
    if call.asked:
        decision = {"decision": call.decisions[-1]} if call.decisions else {}
        rows.append(f"approval = {toml({**decision, 'asked': True})}")
    asked = [
        (effect, rule)
        for hook, effect, rule in turn.verdicts
        if hook == "tool.call" and effect not in ("allow", "redact")
    ]
    # One verdict an assertion; with several calls in a turn the strict ones are told apart by their rule.
    if len(turn.calls) == 1 and asked:
        effect, rule = asked[0]
        rows.append(f"verdict = {toml({'rule': rule, 'effect': effect})}")
    elif call.asked and asked:
        rows.append(f"verdict = {toml({'rule': asked[0][1], 'effect': asked[0][0]})}")
    return _block(turn, rows)


def _holds_nothing(value: Json) -> bool:
    """Whether a value holds a None somewhere, which TOML cannot say."""
    if isinstance(value, dict):
        return any(map(_holds_nothing, value.values()))
    return any(map(_holds_nothing, value)) if isinstance(value, list) else value is None


def _block(turn: TurnFacts, rows: list[str]) -> str:
    return "\n".join(["", "[[assert]]", f"turn = {turn.turn}", *rows])


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for start, end in reversed(list(hidden_spans(quoted))):
        quoted = quoted[:start] + "".join(f"\\U{ord(c):08x}" for c in quoted[start:end]) + quoted[end:]
    return quoted
