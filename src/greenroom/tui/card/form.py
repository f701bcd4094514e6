"""What a person writes on a card: a reason, other arguments, a made-up result; checked while it is written.

Invariant: a form gives a reply only when it has no problem; JSON that repeats a key is a problem, for one of the two
values would be lost without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from greenroom.core.errors import UsageError
from greenroom.core.inert import inert, inert_line
from greenroom.tui.card.shown import shown_first

if TYPE_CHECKING:
    from greenroom.core.values import ApprovalReply, Card, Json, ToolSpec

Option = Literal["allow", "deny", "edit", "simulate", "grant", "stop"]
Scope = Literal["turn", "session", "always"]
Check = Callable[["ToolSpec", dict[str, Any]], Sequence[str]]
"""Says what is wrong with arguments, in lines a person can read; none if they fit the tool's schema."""
VALID: dict[Scope, str] = {"turn": "30m", "session": "30m", "always": "30d"}
"""How long leave is good for unless a person says otherwise."""

REASONS = (
    "Not as it stands. Please say what you need and ask again.",
    "Please check the facts with the customer first.",
    "This needs a colleague. Offer a ticket instead.",
    "Please find another way that changes nothing.",
)
"""Reasons in mild words: a bare refusal makes models thrash."""


class Start(NamedTuple):
    """The text of a form, and the stretch of it that is marked: (row, column) from 0, the end exclusive."""

    text: str
    begin: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)


def made_up(spec: ToolSpec) -> Start:
    """An example of the tool's result: all of it is marked, so that what is typed takes its place."""
    from greenroom.tools.result_example import example_of

    text = inert(json.dumps(example_of(spec), ensure_ascii=False, indent=2))
    rows = text.split("\n")
    return Start(text, (0, 0), (len(rows) - 1, len(rows[-1])))


def as_lines(value: dict[str, Json], chosen: str = "") -> Start:
    """An object as indented JSON, one of its values marked: what is typed replaces it. The first one unless `chosen`."""
    return _as_lines(value, chosen or next(iter(sorted(value)), ""))


def shape_problems(spec: ToolSpec, arguments: dict[str, Json]) -> list[str]:
    """What can be said from the schema's first level: names that are missing, unknown, or of another type."""
    known = spec.parameters.get("properties", {})
    problems = [f"{name} is missing" for name in spec.parameters.get("required", []) if name not in arguments]
    if spec.parameters.get("additionalProperties") is False:
        problems += [f"{inert_line(name)} is not an argument of {spec.name}" for name in arguments if name not in known]
    for name, value in arguments.items():
        wanted = known.get(name, {}).get("type")
        if isinstance(wanted, str) and not _is(value, wanted):
            problems.append(f"{inert_line(name)} must be {wanted}")
    return problems


def starting(option: Option, card: Card, scope: Scope = "turn") -> Start:
    """What a form holds when it is opened; other arguments begin at the value that the rule looks at."""
    match option:
        case "simulate":
            return made_up(card.spec)
        case "grant":
            return _leave(card, scope)
        case "edit" if card.hook == "tool.call":
            return as_lines(card.call.arguments, shown_first(card.verdict, card.call.arguments))
        case "edit":
            return Start(inert(text_of(card)))
        case _:
            return Start("")


def text_of(card: Card) -> str:
    """The text a card of a text hook is about."""
    text = card.call.arguments.get("text", "")
    return text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)


def _leave(card: Card, scope: Scope) -> Start:
    """The narrowest clauses that cover this very call, one a line, and for how long."""
    from greenroom.policy.verdict.narrow_leave import narrow

    try:
        clauses = narrow(card.spec, card.call.arguments)
    except UsageError:  # an argument that no clause can speak of: the person says which calls are meant, or gives none
        clauses = ()
    # What a terminal would obey is written as an escape, which a clause reads as the same character.
    return Start("\n".join([*map(inert, clauses), f"for {VALID[scope]}"]))


def leave(text: str) -> tuple[tuple[str, ...], str]:
    """The clauses of a grant's form, and for how long it counts ('' where no line says)."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    last = [line.removeprefix("for ").strip() for line in lines if line.startswith("for ")]
    return tuple(line for line in lines if not line.startswith("for ")), last[-1] if last else ""


def _as_lines(arguments: dict[str, Json], chosen: str) -> Start:
    """Arguments as indented JSON, the value of one of them marked: what is typed replaces it."""
    if not arguments:
        return Start("{}")
    rows = ["{"]
    begin = end = (0, 0)
    for place, (name, value) in enumerate(sorted(arguments.items())):
        head = f"  {json.dumps(name, ensure_ascii=False)}: "
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        first, *more = json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=True).split("\n")
        if name == chosen:
            quote = isinstance(value, str)  # the marks stay, only the words inside are replaced
            begin = (len(rows), len(head) + quote)
            last = f"  {more[-1]}" if more else head + first
            end = (len(rows) + len(more), len(last) - quote)
        rows += [head + first, *(f"  {row}" for row in more)]
        rows[-1] += "," if place < len(arguments) - 1 else ""
    return Start("\n".join([*rows, "}"]), begin, end)


def problems(option: Option, text: str, card: Card, check: Check) -> list[str]:
    """Why the form cannot be sent; none if it can."""
    if option == "grant":
        return _leave_problems(text, card)
    if option == "edit" and card.hook != "tool.call":
        return _text_problems(text, card)
    if option not in ("edit", "simulate"):
        return []
    try:
        value = _read(text)
    except ValueError as error:
        return [inert_line(str(error), 200)]
    if option == "simulate":
        return []
    if not isinstance(value, dict):
        return ["arguments are a JSON object: { ... }"]
    if value == card.call.arguments:
        return ["nothing is changed yet"]
    return [inert_line(problem, 200) for problem in check(card.spec, value)]


def _text_problems(text: str, card: Card) -> list[str]:
    if not text.strip():
        return ["there is nothing left of it: deny it instead"]
    return ["nothing is changed yet"] if text == inert(text_of(card)) else []


def _leave_problems(text: str, card: Card) -> list[str]:
    from greenroom.policy.files.rules import seconds
    from greenroom.policy.port import Question
    from greenroom.policy.verdict.leave import clause_problem, covers

    when, valid = leave(text)
    if not seconds(valid):
        return ["the last line says for how long: for 90s, for 30m, for 2h, for 1d"]
    if problem := clause_problem(card.spec, when):
        return [inert_line(problem, 200)]
    asked = Question(hook="tool.call", subject=card.call.tool, payload={"args": card.call.arguments}, tool=card.spec)
    about_session = any("session." in clause for clause in when)  # what the card does not know
    return [] if about_session or covers(card.spec, asked, when) else ["these clauses do not hold for this very call"]


def reply(option: Option, text: str, card: Card, scope: Scope = "turn") -> ApprovalReply:
    """The answer a form without problems stands for. `always` gives leave once: the rule it proposes is only proposed."""
    from greenroom.core.values import ApprovalReply

    match option:
        case "grant":
            from greenroom.policy.files.rules import seconds

            when, valid = leave(text)
            if scope == "always":
                return ApprovalReply(decision="allow")
            return ApprovalReply(decision="allow", scope=scope, when=when, valid_seconds=seconds(valid))
        case "edit" if card.hook != "tool.call":
            return ApprovalReply(decision="edit", arguments={**card.call.arguments, "text": text})
        case "deny":
            return ApprovalReply(decision="deny", reason=" ".join(text.split()) or REASONS[0])
        case "stop":
            return ApprovalReply(decision="stop", reason=" ".join(text.split()))
        case "edit":
            return ApprovalReply(decision="edit", arguments=_read(text))
        case "simulate":
            return ApprovalReply(decision="simulate", result=_read(text))
        case "allow":
            return ApprovalReply(decision="allow")


def _read(text: str) -> Json:
    """The JSON of a form.

    Raises:
        ValueError: not JSON, a repeated key, a number JSON cannot keep, or nested too deeply.
    """
    from greenroom.core.canonical import clean_json

    try:
        return clean_json(json.loads(text, object_pairs_hook=_unique))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(name for name in names if names.count(name) > 1)}' is given twice")
    return found


def _is(value: Json, wanted: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "integer": number and float(value).is_integer(),
        "number": number,
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        "null": value is None,
    }.get(wanted, True)
