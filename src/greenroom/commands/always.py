"""`approve always`: what a person would rather not be asked again, as exceptions to review; nothing is remembered.

Invariant: a proposal changes no decision until a person moves it into a policy file that a persona names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import tomli_w

from greenroom.commands.answer import Answer, answer
from greenroom.commands.approve import asked_question
from greenroom.commands.card import approver
from greenroom.commands.grants import clauses_for, lasting
from greenroom.commands.invocation import Invocation
from greenroom.core.clock import SystemClock
from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.values import Card, Json
from greenroom.views.approvals import Asked
from greenroom.views.grants import asking
from greenroom.workspace.layout import Workspace

AUTONOMY = "autonomy"
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where it was written, and the file it would have to go into."""

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
    when = clauses_for(one.card, asked.words("when"))
    until = (SystemClock().now() + timedelta(seconds=lasting(asked.text("expires") or "30d"))).date()
    rules = tuple(sorted(asking(one.card.verdict)))
    text = proposal_text(name, one, rules, when, approver(), until.isoformat())
    path = _written(workspace, one.card.call.tool, text)
    found = Proposal(workspace.shown(path), rules, until.isoformat())
    notes = [
        "nothing changes by it, and the question is still open",
        f"to have it count, a person moves its entries into the policy file that has {', '.join(rules)}, then:",
        "  greenroom policy check && greenroom policy test",
    ]
    data = {"path": found.path, "rules": list(rules), "expires": found.expires, "when": list(when)}
    return answer(found, [found.path], data, notes=notes)


def proposal_text(session: str, one: Asked, rules: Sequence[str], when: Sequence[str], owner: str, expires: str) -> str:
    """The proposal as TOML: one exception for each rule that asks, with why and a test of its own."""
    head = [
        f"# Proposed by {owner} from session {session}, record {one.seq}: a question of {one.card.verdict.policy}.",
        "# This file is read by nobody. Review it, then move its entries into the policy file that has the rule.",
        "# They end by themselves on their day.",
        "",
    ]
    entries = [_entry(session, one, rule, when, owner, expires) for rule in rules]
    safe = [line.replace("\n", " ").replace("\r", " ") for line in head]
    return "\n".join(safe) + tomli_w.dumps({"exception": entries})


def _entry(session: str, one: Asked, rule: str, when: Sequence[str], owner: str, expires: str) -> dict[str, Json]:
    tool = one.card.call.tool
    return {
        "rule": rule,
        "owner": owner,
        "expires": date.fromisoformat(expires),
        "why": f"{owner} allowed {tool} like this in session {session}, record {one.seq}.",
        "tools": [tool],
        "when": list(when),
        "test": [*_tests(one.card, rule)],
    }


def _tests(card: Card, rule: str) -> Iterator[Mapping[str, Json]]:
    """The approved call is covered; a call without arguments is not."""
    effect = card.verdict.effect
    yield {"name": "the approved call", "with": {"args": dict(card.call.arguments)}, "expect": "set_aside"}
    yield {"name": "a call without arguments", "with": {"args": {}}, "expect": effect}


def _written(workspace: Workspace, tool: str, text: str) -> Path:
    folder, named = workspace.policies / "proposals", re.sub(r"[^\w.-]", "_", tool)
    try:
        folder.mkdir(exist_ok=True)
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
