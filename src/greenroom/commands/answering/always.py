"""`approve always`: what a person would rather not be asked again, as exceptions to review; nothing is remembered.

Invariant: a proposal changes no decision until a person moves it into a policy file that a persona names; it answers no
question either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from greenroom.commands.answer import Answer, answer
from greenroom.commands.answering.always_kept import Kept, kept, speaks_of, testable
from greenroom.commands.answering.approve import asked_question
from greenroom.commands.answering.card import approver
from greenroom.commands.answering.grants import about, clauses_for, lasting
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.inert import inert_line
from greenroom.core.values import Card, Json
from greenroom.policy.files.rules import AUTONOMY
from greenroom.policy.verdict.autonomy import decide
from greenroom.policy.verdict.leave import covers
from greenroom.views.people.approvals import Asked
from greenroom.views.people.grants import asking
from greenroom.workspace.layout import Workspace

_MOST = 1_000
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where it was written (from the root), which rules it would set aside, and until which day."""

    path: str
    rules: tuple[str, ...]
    expires: str


def always(asked: Invocation) -> Answer[Proposal]:
    """Write exceptions for the open question's rules into `policies/proposals/`; the question stays open.

    Raises:
        UsageError: nothing waits, or this question is put every time.
        DiskFailed: the file could not be written.
    """
    workspace, name, one = asked_question(asked)
    found = kept(one.card, clauses_for(one.card, asked.words("when")))
    _must_be_rules(one.card)
    until = (SystemClock().now() + timedelta(seconds=lasting(asked.text("expires") or "30d"))).date().isoformat()
    rules = asking_rules(one.card)
    path = _written(workspace, one.card.call.tool, proposal_text(name, one, found, approver(), until))
    proposal = Proposal(workspace.shown(path), rules, until)
    notes = [
        "nothing changes by it, and the question is still open",
        f"to have it count, a person moves its entries into the file of {one.card.verdict.policy or 'the policy'}, then:",
        "  greenroom policy check && greenroom policy test",
        *found.remarks.values(),
    ]
    data = {"path": proposal.path, "rules": list(rules), "expires": until, "when": list(found.when)}
    return answer(proposal, [proposal.path], data, notes=notes)


def _must_be_rules(card: Card) -> None:
    """Only what a policy file says can be set aside by one; what is built in asks for ever."""
    written = {one.rule for one in card.verdict.fired if not one.policy.startswith("builtin@")} | {AUTONOMY}
    if built_in := sorted(asking(card.verdict) - written):
        raise UsageError(
            f"no exception can set {', '.join(built_in)} aside", hint="answer it once", code="always.bound"
        )


def asking_rules(card: Card) -> tuple[str, ...]:
    """The rules that would have to be set aside, autonomy among them where it asks as well."""
    verdict = card.verdict
    effect, _ = decide(verdict.autonomy, card.spec, verdict.risk)
    return tuple(sorted(asking(verdict) | ({AUTONOMY} if effect == "require_approval" else set())))


def proposal_text(session: str, one: Asked, found: Kept, owner: str, expires: str) -> str:
    """The proposal as TOML: an exception for each rule that asks, with its reason, its day and tests of its own."""
    head = f"Proposed by {owner} from record {one.seq} of session {session}, a question of {one.card.verdict.policy}."
    lines = [
        f"# {inert_line(head)}",
        "# Nothing reads this file. Review it, then move its entries into the policy file that has the rule.",
        *(f"# {inert_line(remark)}" for remark in found.remarks.values()),
    ]
    for rule in asking_rules(one.card):
        lines += ["", *_exception(session, one, rule, found, owner, expires)]
    return "\n".join(lines) + "\n"


def _exception(session: str, one: Asked, rule: str, found: Kept, owner: str, expires: str) -> Iterator[str]:
    tool = one.card.call.tool
    yield "[[exception]]"
    yield f"rule    = {_toml(rule)}"
    yield f"owner   = {_toml(owner)}"
    yield f"expires = {expires}"
    yield f"why     = {_toml(f'Proposed by {owner} for calls of {tool} like the one of session {session}, record {one.seq}.')}"
    if rule == AUTONOMY:
        yield f"tools   = {_toml([tool])}"
    yield f"when    = {_toml(list(found.when))}"
    if not testable(one.card, rule, found):
        yield "# No test: the rule or the clauses look at what is not repeated here. Write one for each side."
        return
    yield from _test("the call it was proposed for", one.card, found.arguments, "set_aside")
    yield from _test("another call", one.card, _another(one.card, rule, found), "in_force")


def _test(name: str, card: Card, arguments: dict[str, Json], expect: str) -> Iterator[str]:
    yield ""
    yield "  [[exception.test]]"
    yield f"  name = {_toml(name)}"
    yield f"  with = {_toml({'tool': card.call.tool, 'args': arguments})}"
    yield f"  expect = {_toml(expect)}"


def _another(card: Card, rule: str, found: Kept) -> dict[str, Json]:
    """Arguments for which the rule still asks and the clauses do not hold: changed where the rule does not look, if that
    is possible.
    """
    arguments = found.arguments
    looked = [one.source for fired in card.verdict.fired if fired.rule == rule for one in fired.clauses]
    names = sorted(arguments, key=lambda name: (any(speaks_of(one, name) for one in looked), name))
    for name in names:
        changed = {**arguments, name: _other(arguments[name])}
        if not covers(card.spec, about(card, changed), found.when):
            return changed
    return {}


def _other(value: Json) -> Json:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}, another" if isinstance(value, str) else value


def _toml(value: Json) -> str:
    """A JSON value on one line of TOML; what is null is left out, as TOML has no such thing."""
    if isinstance(value, dict):
        pairs = [f"{_key(name)} = {_toml(item)}" for name, item in value.items() if item is not None]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _written(workspace: Workspace, tool: str, text: str) -> Path:
    folder, named = workspace.policies / "proposals", re.sub(r"[^\w.-]", "_", tool)
    try:
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"  # drafts of one person; what is agreed on goes into a policy file
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        for number in range(1, _MOST):
            path = folder / f"{named}-{number}.toml"
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise DiskFailed(f"could not write the proposal: {error.strerror or error}") from None
    raise UsageError(f"there are {_MOST} proposals for {tool} already", hint=f"tidy {workspace.shown(folder)}")
