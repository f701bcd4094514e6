"""What a new export proposes to expect, read off the recording, in TOML a person goes on editing.

Invariant: what is proposed holds for the recording it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from pydantic import ValidationError

from greenroom.core.inert import inert_line
from greenroom.core.values import Json
from greenroom.regression.case import Case
from greenroom.regression.expect import failures
from greenroom.regression.expect.matcher import literal
from greenroom.regression.expect.said import counted
from greenroom.regression.inline_toml import holds_nothing, toml
from greenroom.regression.record.proposal import USUAL, Form, Item, Proposal, case_of
from greenroom.regression.record.telling_phrases import telling_phrases
from greenroom.regression.tape.facts import CallFacts, TurnFacts, turns_of
from greenroom.regression.tape.tape import Line

__all__ = ["case_text", "proposals", "toml"]

_CITED = re.compile(r"\[(\d{1,2})\]")
_DOES = {"deny": "denies it", "require_approval": "asks a person", "escalate": "escalates it", "redact": "masks it"}
_DECIDES = {
    "allow": "allows it",
    "deny": "declines it",
    "edit": "edits it",
    "simulate": "simulates it",
    "stop": "stops",
}
_WHOLE = 400
"""Characters up to which a whole reply is offered as an expectation."""

_NUMBER_NAMES = re.compile(r"(?:^|_)(?:id|ids|no|nr|number|code|ref|year|page|port)$")


def case_text(
    name: str, why: str, expect: str, tags: Sequence[str], lines: Sequence[Line], kinds: Collection[str] = USUAL
) -> str:
    """The text of `<name>.case.toml` with what is proposed of these kinds."""
    return case_of(name, why, expect, tags, proposals(lines, kinds))


def proposals(lines: Sequence[Line], kinds: Collection[str] = USUAL, never: Sequence[str] = ()) -> tuple[Proposal, ...]:
    """What can be expected of the turns that these lines tell; what is not of `kinds` is switched off, and what is of kinds
    that somebody named on, even where it is usually left to them.

    `never` are the words that the persona's voice rules out.
    """
    turns = turns_of(lines)
    outputs = _outputs(lines)
    found = [proposal for turn in turns for proposal in _of_turn(turn, outputs.get(turn.turn, []))]
    found += [*_never(turns, never), *_limits(turns)]
    held = [proposal for one in found if (proposal := _holding(one, lines)).items]
    return tuple(_switched(proposal, kinds) for proposal in held)


def _of_turn(turn: TurnFacts, outputs: list[Json]) -> Iterator[Proposal]:
    single = len(turn.calls) == 1
    for call in turn.calls.values():
        yield Proposal(turn.turn, tuple(_of_call(turn, call, single=single)))
    verdicts = [
        (hook, effect, rule) for hook, effect, rule in turn.verdicts if hook != "tool.call" and effect != "allow"
    ]
    for hook, effect, rule in dict.fromkeys(verdicts):
        yield Proposal(turn.turn, (_verdict(effect, rule, hook),))
    if rest := [*_passages(turn), *_memories(turn)]:
        yield Proposal(turn.turn, tuple(rest))
    if text := _text(turn, outputs):
        yield Proposal(turn.turn, (text,))


def _of_call(turn: TurnFacts, call: CallFacts, *, single: bool) -> Iterator[Item]:
    yield Item("trajectory", "call", *_call_forms(call))
    if call.asked:
        decision = call.decisions[-1] if call.decisions else ""
        full = {**({"decision": decision} if decision else {}), "asked": True}
        said = f"a person is asked{' and ' + _DECIDES.get(decision, decision) if decision else ''}"
        yield Item(
            "trajectory",
            "approval",
            (Form(full, said), Form({"asked": True}, "a person is asked"))[: 1 + bool(decision)],
        )
    reached = [(effect, rule) for hook, effect, rule in turn.verdicts if hook == "tool.call"]
    strict = [pair for pair in reached if pair[0] not in ("allow", "redact")]
    # One verdict an assertion; with several calls in a turn the strict ones are told apart by their rule.
    if strict and (single or call.asked):
        yield _verdict(*strict[0])


def _call_forms(call: CallFacts) -> tuple[tuple[Form, ...], int]:
    """Exactly these arguments, at least these, these with amounts near by, the tool alone; and which is proposed."""
    status: dict[str, Json] = {"status": call.status} if call.status not in ("", "done") else {}
    ended = f", and ends as {call.status}" if status else ""
    args = {name: literal(value) for name, value in call.args.items() if not holds_nothing(value)}
    alone = Form({"tool": call.tool, **status}, f"{call.tool} is called{ended}")
    if not args:
        return (alone,), 0
    readable = sorted(args, key=lambda name: len(toml(args[name])))
    shown = ", ".join(f"{name} = {_short(call.args[name])}" for name in readable)
    subset = Form({"tool": call.tool, "args": args, **status}, f"{call.tool} is called with {shown}{ended}")
    forms = [subset]
    if len(args) == len(call.args):
        exact = {"tool": call.tool, "args": args, "match": "exact", **status}
        forms.insert(0, Form(exact, f"{call.tool} is called with {shown}, and nothing else{ended}"))
    near = {name: _near(name, value) for name, value in args.items()}
    if near != args:
        about = ", ".join(
            f"{one} {'=' if near[one] == args[one] else 'about'} {_short(call.args[one])}" for one in readable
        )
        forms.append(Form({"tool": call.tool, "args": near, **status}, f"{call.tool} is called with {about}{ended}"))
    return (*forms, alone), forms.index(subset)


_EXACT = 2**53
"""Up to here a float holds every whole number exactly, and TOML, which has 64 bits for one, does too."""


def _near(name: str, value: Json) -> Json:
    """An amount as near to what it was; a number that names something stays."""
    if isinstance(value, bool) or not isinstance(value, int | float) or _NUMBER_NAMES.search(name):
        return value
    within = round(abs(value) / 10, 2) or 1
    whole = isinstance(within, float) and within.is_integer() and within < _EXACT
    return {"approx": value, "within": int(within) if whole else within}


def _verdict(effect: str, rule: str, hook: str = "") -> Item:
    does = _DOES.get(effect, effect)
    at = f" at {hook}" if hook else ""
    full = {**({"hook": hook} if hook else {}), "rule": rule, "effect": effect}
    forms = (
        Form(full, f"the rule {rule} {does}{at}"),
        Form({"rule": rule}, f"the rule {rule} decides"),
        Form({"effect": effect}, f"some rule {does}"),
    )
    return Item("verdicts", "verdict", forms)


def _passages(turn: TurnFacts) -> Iterator[Item]:
    cited = sorted({int(number) for number in _CITED.findall(turn.text)})
    labels = [turn.passages[number - 1] for number in cited if 0 < number <= len(turn.passages)]
    if labels:
        rank, shown = cited[-1], ", ".join(labels)
        place = "first" if rank == 1 else f"among the first {rank}"
        ranked = Form({"includes": labels, "at_most_rank": rank}, f"{shown} is {place} of the prompt's passages")
        yield Item("passages", "passages", (ranked, Form({"includes": labels}, f"{shown} is in the prompt")))


def _memories(turn: TurnFacts) -> Iterator[Item]:
    if turn.memories:
        texts = {memory.name: memory.text for memory in turn.memories}
        shown = ", ".join(f"{name}: {_short(text)}" for name, text in texts.items())
        kept = Form({"write": texts}, f"it keeps {shown}")
        about = Form({"write": dict.fromkeys(texts, "")}, f"it keeps something under {', '.join(texts)}")
        yield Item("memory", "memory", (kept, about))


def _text(turn: TurnFacts, outputs: list[Json]) -> Item | None:
    if not turn.text.strip():
        return None
    whole = Form({"contains": turn.text}, f"the reply says {_short(turn.text)}")
    phrases = telling_phrases(turn.text, outputs)
    if not phrases:
        return Item("contains", "text", (whole,), on=False) if len(turn.text) <= _WHOLE else None
    forms = [whole] if len(turn.text) <= _WHOLE else []
    for count in (len(phrases), 1)[: min(2, len(phrases))]:
        some = phrases[:count]
        forms.append(
            Form({"contains": some if count > 1 else some[0]}, f"the reply says {' and '.join(map(_short, some))}")
        )
    return Item("contains", "text", tuple(forms), at=1 if len(turn.text) <= _WHOLE else 0)


def _never(turns: Sequence[TurnFacts], never: Sequence[str]) -> Iterator[Proposal]:
    words = [
        re.escape(word.removesuffix("*")).replace(r"\ ", r"\s+") + (r"\w*" if word.endswith("*") else "")
        for word in never
    ]
    if words and turns:
        pattern = rf"(?i)\b(?:{'|'.join(words)})\b"
        item = Item("never", "never", (Form({"text": {"regex": pattern}}, f"no reply says {', '.join(never)}"),))
        yield Proposal("any", (item,))


def _limits(turns: Sequence[TurnFacts]) -> Iterator[Proposal]:
    models, tools = sum(turn.model_calls for turn in turns), sum(len(turn.calls) for turn in turns)
    if models:
        used, more = (models, tools), (models + (models + 1) // 2, tools + (tools + 1) // 2)
        forms = tuple(
            Form(
                {"model_calls": most, "tool_calls": calls},
                f"at most {counted(most, 'model call')} and {counted(calls, 'tool call')} in all",
            )
            for most, calls in dict.fromkeys((used, more))
        )
        yield Proposal("any", (Item("limits", "limits", forms),))


def _outputs(lines: Sequence[Line]) -> dict[int, list[Json]]:
    """By turn, what its tools returned."""
    found: dict[int, list[Json]] = {}
    turn = 0
    for line in lines:
        if "turn" in line:
            turn = int(line["turn"])
        elif "result" in line and line.get("status") == "done" and "output" in line:
            found.setdefault(turn, []).append(line["output"])
    return found


def _holding(proposal: Proposal, lines: Sequence[Line]) -> Proposal:
    """The proposal without what does not hold, or cannot be said, of the recording itself."""
    if _holds(proposal, lines):
        return proposal
    alone = tuple(item for item in proposal.items if _holds(Proposal(proposal.turn, (item,)), lines))
    together = Proposal(proposal.turn, alone)
    return together if _holds(together, lines) else Proposal(proposal.turn, alone[:1])


def _holds(proposal: Proposal, lines: Sequence[Line]) -> bool:
    sure = Proposal(proposal.turn, tuple(item if item.on else item.toggled() for item in proposal.items))
    try:
        case = Case.model_validate({"schema": "case/1", "assert": [sure.values()]})
    except ValidationError:
        return False
    return not failures(case, lines)


def _switched(proposal: Proposal, kinds: Collection[str]) -> Proposal:
    named = kinds is not USUAL
    for place, item in enumerate(proposal.items):
        if item.on != (item.kind in kinds) and (item.on or named):
            proposal = proposal.changed(place, item.toggled())
    return proposal


def _short(value: Json) -> str:
    return inert_line(toml(value), 60)
